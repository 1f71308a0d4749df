"""Events and passed thresholds into the outbox. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from agent.console.alerts.alert import LONGEST_TEXT, Alert, Event, alert_id, alert_of, mark
from agent.console.alerts.choose import wants_event, wants_threshold
from agent.console.alerts.outbox import EXPIRES, Outbox, added, not_told
from agent.console.alerts.settings import AlertSettings
from agent.console.alerts.thresholds import Passed
from agent.domain.alarms import Severity


def with_events(
    box: Outbox, site: str, events: Sequence[Event], settings: AlertSettings, notify: Sequence[str], now: datetime
) -> Outbox:
    """``events``, oldest first, have been read. What nobody was told for a day is only counted."""
    for event in events:
        wanting = [target.id for target in settings.targets if wants_event(target, event, notify)]
        if now - event.at >= EXPIRES:
            for target in wanting:
                box = not_told(box, target, event.word, now)
        else:
            box = added(box, wanting, alert_of(site, event), now)
        box = replace(box, seq=event.seq, mark=mark(event.kind, event.severity, event.text))
    return box


def with_passed(box: Outbox, site: str, passed: Passed, text: str, settings: AlertSettings, now: datetime) -> Outbox:
    """``text`` says it in the language of the alerts."""
    rule = passed.rule
    severity = Severity.INFO if passed.is_over else rule.severity
    name = alert_id(site, now.isoformat(), rule.word, str(passed.is_over))
    alert = Alert(name, now, rule.word, severity, text[:LONGEST_TEXT], passed.is_over)
    wanting = [target.id for target in settings.targets if wants_threshold(target, rule.word, rule.severity)]
    return added(box, wanting, alert, now)
