"""The book of recommendations: filtered, sorted, in pages."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from agent.adapters.store.store_reader import read_kept
from agent.console.reading.happened import BadCursor, opened, sealed
from agent.console.reading.shapes import Document, local, rounded
from agent.domain.advisory import AdviceBook, Advisory, AdvisoryState
from agent.domain.documents import ADVICE
from agent.domain.sentence import named
from agent.explanation.words import to_dict

Sorting = Callable[[Advisory], tuple[float, str]]

# What a list may be sorted by; the key of the recommendation decides between equal ones.
SORTINGS: dict[str, Sorting] = {
    "-created": lambda one: (-one.created.timestamp(), one.key),
    "created": lambda one: (one.created.timestamp(), one.key),
    "start": lambda one: (one.start.timestamp(), one.key),
    "-saving": lambda one: (-(one.cost_saving or 0.0), one.key),
    "-confidence": lambda one: (-one.confidence, one.key),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which recommendations; None is any. ``start`` to before ``end`` is what their own time must touch."""

    limit: int
    cursor: str | None = None
    kind: str | None = None
    state: str | None = None
    text: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    least_confidence: float | None = None
    sorting: str = "-created"

    def takes(self, one: Advisory, now: datetime) -> bool:
        words = self.text.casefold().split() if self.text else ()
        said = f"{one.headline} {one.description} {one.key}".casefold()
        return (
            (self.kind is None or one.kind.value == self.kind)
            and (self.state is None or self.state == (_word(one, now)))
            and all(word in said for word in words)
            and (self.start is None or one.end > self.start)
            and (self.end is None or one.start < self.end)
            and (self.least_confidence is None or one.confidence >= self.least_confidence)
        )


STATES = (*(state.value for state in AdvisoryState), "expired")


def read_book(store: Path) -> AdviceBook:
    """An empty one where there is none yet. Raises StoreFailure, and WireError for one that cannot be read."""
    return read_kept(store, ADVICE) or AdviceBook()


def advisories(store: Path, wanted: Wanted, now: datetime, zone: ZoneInfo) -> Document:
    """One page, and how many there are in all. Raises StoreFailure, WireError and BadCursor."""
    book, sorting = read_book(store), SORTINGS[wanted.sorting]
    found = sorted((one for one in book.advisories if wanted.takes(one, now)), key=sorting)
    after = None if wanted.cursor is None else _place(wanted.cursor)
    rest = [one for one in found if after is None or sorting(one) > after]
    shown = rest[: wanted.limit]
    counts = dict.fromkeys(STATES, 0)
    for one in book.advisories:
        counts[_word(one, now)] += 1
    return {
        "items": [advisory(one, now, zone) for one in shown],
        "next": sealed(sorting(shown[-1])) if len(rest) > len(shown) else None,
        "total": len(found),
        "counts": counts,
    }


def advisory(one: Advisory, now: datetime, zone: ZoneInfo) -> Document:
    """As the platform gets it, with times by the site's clock."""
    told: Document = to_dict(one)
    outcome = one.outcome
    times = {name: local(getattr(one, name), zone) for name in ("created", "start", "end", "expires", "scheduled_for")}
    return {
        **told,
        **named("headline", one.headline),
        **named("description", one.description),
        **times,
        "state": _word(one, now),
        "is_open": _is_open(one, now),
        "chance": rounded(one.chance, 3),
        "energy_value_per_kwh": rounded(one.energy_value_per_kwh, 5),
        "outcome": None
        if outcome is None
        else {
            **told["outcome"],
            **named("text", outcome.text),
            "at": local(outcome.at, zone),
        },
    }


def _word(one: Advisory, now: datetime) -> str:
    """Its state; one that nobody answered in time is ``expired``."""
    is_late = one.expires <= now and one.state is AdvisoryState.OPEN
    return "expired" if is_late else one.state.value


def _is_open(one: Advisory, now: datetime) -> bool:
    return one.expires > now and one.state not in (AdvisoryState.DISMISSED, AdvisoryState.DONE)


def _place(cursor: str) -> tuple[float, str]:
    found = opened(cursor)
    match found:
        case [int() | float() as rank, str() as key]:
            return float(rank), key
        case _:
            raise BadCursor(cursor)
