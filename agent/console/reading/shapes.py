"""What the answers have in common: the head, times by the site's clock, rounded numbers, differences. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from agent.domain.ledger import MICRO
from agent.settings.schema import Settings

VERSION = 1

Document = dict[str, Any]
Numbers = Mapping[str, float | None]


def head(settings: Settings) -> Document:
    site = settings.site
    return {"version": VERSION, "site": site.id, "timezone": site.timezone, "currency": site.currency}


def local(at: datetime | None, zone: ZoneInfo) -> str | None:
    """ISO with the site's offset, to a second."""
    return None if at is None else at.astimezone(zone).isoformat(timespec="seconds")


def rounded(value: float | None, digits: int) -> float | None:
    """Without a zero that is negative."""
    return None if value is None else round(value, digits) + 0.0


def money(micro: int) -> float:
    """Millionths of the currency as money."""
    return micro / MICRO


def known_sum(values: list[float | None]) -> float | None:
    """Of what is known; None where nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def share_pct(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole else rounded(100.0 * part / whole, 1)


def change(ours: Numbers, theirs: Numbers) -> Document:
    """By name: how much more ours is, and in per cent of theirs. Names that both have, where both are known."""
    found: Document = {}
    for name, after in ours.items():
        before = theirs.get(name)
        if after is not None and before is not None:
            difference = after - before
            found[name] = {
                "difference": rounded(difference, 6),
                "change_pct": rounded(100.0 * difference / abs(before), 1) if before else None,
            }
    return found
