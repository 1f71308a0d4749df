"""Which target is told of what. Pure."""

from collections.abc import Sequence

from agent.console.alerts.alert import ORDER, THRESHOLD, Event
from agent.console.alerts.settings import Target
from agent.domain.alarms import Severity


def wants_event(target: Target, event: Event, notify: Sequence[str]) -> bool:
    """``notify`` are the notification kinds of the preferences, for a target that names none of its own."""
    kinds = target.kinds or notify
    named = event.kind in kinds or event.word in kinds or event.group in kinds
    return target.enabled and named and ORDER[event.rank] >= ORDER[target.severity]


def wants_threshold(target: Target, word: str, severity: Severity) -> bool:
    named = not target.kinds or THRESHOLD in target.kinds or word in target.kinds
    return target.enabled and named and ORDER[severity] >= ORDER[target.severity]
