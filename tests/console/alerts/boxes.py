"""Alerts, targets and outboxes for the tests."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from agent.console.alerts.alert import Alert, Event, alert_id
from agent.console.alerts.outbox import Outbox, added
from agent.console.alerts.settings import AlertSettings, Quiet, Target, Webhook
from agent.domain.alarms import Severity

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")  # in June two hours before UTC
HOOK = Target("hook", webhook=Webhook("https://alerts.example.org/in/secret-path"))


def after(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def alert(
    kind: str = "no_plan", severity: Severity = Severity.ALARM, text: str = "it is so", at: datetime = NOON
) -> Alert:
    return Alert(alert_id(kind, text, at.isoformat()), at, kind, severity, text)


def event(kind: str = "no_plan", severity: Severity = Severity.ALARM, seq: int = 1, at: datetime = NOON) -> Event:
    return Event(seq, at, kind, severity, "it is so")


def settings(*targets: Target, of_kind: int = 4, in_all: int = 20, quiet: Quiet | None = None) -> AlertSettings:
    return AlertSettings(targets or (HOOK,), quiet, of_kind, in_all)


def box_of(*alerts: Alert, now: datetime = NOON, targets: Sequence[str] = ("hook",)) -> Outbox:
    box = Outbox(seq=1)
    for one in alerts:
        box = added(box, targets, one, now)
    return box
