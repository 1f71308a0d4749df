"""Which measurements are doubted: one event for each stretch, and new flags for the store when they change."""

from collections.abc import Sequence
from datetime import timedelta

from agent.domain.alarms import EventKind, Severity
from agent.domain.plan import Plan
from agent.domain.records import Flags
from agent.domain.sentences.events import doubted, older_not_believed, older_unusual
from agent.domain.suspect import DATA_FAULT, Suspect

NEWS = timedelta(days=2)

Event = tuple[EventKind, Severity, str]  # the kind, how it is told, one sentence


class DataFaultEvents:
    """Suspects of one site. The same stretch comes again with every plan, a little longer while it lasts."""

    def __init__(self) -> None:
        self._told: tuple[Suspect, ...] = ()
        self._flagged: tuple[Suspect, ...] | None = None

    def recall(self, flagged: Sequence[Suspect]) -> None:
        """What the store has from before the start: told already."""
        self._told = tuple(flagged)

    def news(self, plan: Plan) -> list[Event]:
        """Events for stretches that had none. Those that are long over are told as one number."""
        if plan.examined_from is None:
            return []
        new = [suspect for suspect in plan.suspects if not any(_same(suspect, told) for told in self._told)]
        kept = (told for told in self._told if told.end >= plan.examined_from)
        self._told = (*kept, *new)
        recent = [suspect for suspect in new if suspect.end > plan.issued_at - NEWS]
        events = [_event(suspect) for suspect in recent]
        return events + _of_old([suspect for suspect in new if suspect not in recent])

    def flags(self, plan: Plan) -> Flags | None:
        """What the store is to hold, or None while it does."""
        if plan.examined_from is None or plan.suspects == self._flagged:
            return None
        self._flagged = plan.suspects
        return Flags(plan.examined_from, plan.suspects)


def _same(one: Suspect, other: Suspect) -> bool:
    alike = (one.quantity, one.kind) == (other.quantity, other.kind)
    return alike and one.start <= other.end and one.end >= other.start


def _event(suspect: Suspect) -> Event:
    kind = EventKind.DATA_FAULT if suspect.kind == DATA_FAULT else EventKind.UNUSUAL_LOAD
    return kind, kind.severity, doubted(from_at=suspect.start, to_at=suspect.end, cause=suspect.reason)


def _of_old(suspects: Sequence[Suspect]) -> list[Event]:
    faults = sum(suspect.kind == DATA_FAULT for suspect in suspects)
    counts = (
        (faults, EventKind.DATA_FAULT, older_not_believed),
        (len(suspects) - faults, EventKind.UNUSUAL_LOAD, older_unusual),
    )
    return [(kind, Severity.INFO, said(stretches=many)) for many, kind, said in counts if many]
