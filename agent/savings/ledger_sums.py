"""Sums of the savings ledger, to the last millionth. Without numpy."""

from collections.abc import Sequence
from dataclasses import fields
from operator import attrgetter
from zoneinfo import ZoneInfo

from agent.domain.ledger import Amounts, Entry

_VALUES = attrgetter(*(field.name for field in fields(Amounts)))


def total(parts: Sequence[Amounts]) -> Amounts:
    """The sum, to the last millionth."""
    return Amounts(*map(sum, zip(*map(_VALUES, parts), strict=True)))


def by_period(entries: Sequence[Entry], by: str, zone: ZoneInfo) -> dict[str, Amounts]:
    """Sums by ``hour``, ``day``, ``month`` or ``year`` of the site, oldest first, named as 2026-06-01."""
    forms = {"hour": "%Y-%m-%dT%H:%M%z", "day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}
    groups: dict[str, list[Amounts]] = {}
    for entry in entries:
        groups.setdefault(entry.at.astimezone(zone).strftime(forms[by]), []).append(entry.amounts)
    return {name: total(parts) for name, parts in groups.items()}
