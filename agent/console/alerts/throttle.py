"""How many a target is told in an hour, when it is left in peace, and how the rest is told. Pure."""

from dataclasses import replace
from datetime import datetime, timedelta, tzinfo

from agent.console.alerts.alert import MORE, ORDER, Alert, Count, alert_id
from agent.console.alerts.outbox import EXPIRES, Admitted, Outbox, SummedUp, Waiting, counted
from agent.console.alerts.settings import AlertSettings
from agent.domain.alarms import Severity

HOUR = timedelta(hours=1)
GATHERED_FOR = timedelta(minutes=10)  # what comes more is summed up once, not one after the other


def ready(box: Outbox, settings: AlertSettings, now: datetime, zone: tzinfo) -> Outbox:
    """What may be sent has been let through, what is too much or too old has been counted, and counts wait as one."""
    return _summed_up(_let_through(_tidied(box, settings, now), settings, now, zone), settings, now, zone)


def due(box: Outbox, target: str, settings: AlertSettings, now: datetime, zone: tzinfo) -> Waiting | None:
    """The next one for ``target``: of those that were refused least often the oldest."""
    found = [
        one
        for one in box.waiting
        if one.target == target
        and one.admitted
        and (one.not_before is None or one.not_before <= now)
        and not _is_quiet(settings, one.alert.severity, now, zone)
    ]
    return min(found, key=lambda one: (one.tries, -ORDER[one.alert.severity], one.queued_at), default=None)


def _is_quiet(settings: AlertSettings, severity: Severity, now: datetime, zone: tzinfo) -> bool:
    quiet = settings.quiet
    if quiet is None or (quiet.alarms_pass and severity is Severity.ALARM):
        return False
    return quiet.holds_at(now.astimezone(zone).time())


def _tidied(box: Outbox, settings: AlertSettings, now: datetime) -> Outbox:
    """Without targets that are no more, and without what has expired. A clock that was set back frees its hour."""
    targets = {target.id for target in settings.enabled}
    box = replace(
        box,
        waiting=tuple(one for one in box.waiting if one.target in targets),
        more=tuple(one for one in box.more if one.target in targets),
        admitted=tuple(one for one in box.admitted if one.target in targets and now - HOUR < one.at <= now),
        summed_up=tuple(one for one in box.summed_up if one.target in targets and one.at <= now),
    )
    for one in box.waiting:
        if one.alert.word != MORE and now - one.queued_at >= EXPIRES:
            box = counted(box, one, now)
    return box


def _let_through(box: Outbox, settings: AlertSettings, now: datetime, zone: tzinfo) -> Outbox:
    new = [one for one in box.waiting if not one.admitted]
    for one in sorted(new, key=lambda one: (-ORDER[one.alert.severity], one.queued_at)):
        if _is_quiet(settings, one.alert.severity, now, zone):
            continue
        entry = Admitted(one.target, one.alert.word, now, one.alert.severity is Severity.ALARM)
        if _is_too_much(box, entry, settings):
            box = counted(box, one, now)
        else:
            waiting = tuple(replace(other, admitted=True) if other is one else other for other in box.waiting)
            box = replace(box, waiting=waiting, admitted=(*box.admitted, entry))
    return box


def _is_too_much(box: Outbox, entry: Admitted, settings: AlertSettings) -> bool:
    """Alarms and the rest are counted apart, so that a flood of remarks silences no alarm."""
    same = [one for one in box.admitted if (one.target, one.is_alarm) == (entry.target, entry.is_alarm)]
    of_kind = sum(one.word == entry.word for one in same)
    return of_kind >= settings.most_per_hour_of_kind or len(same) >= settings.most_per_hour


def _summed_up(box: Outbox, settings: AlertSettings, now: datetime, zone: tzinfo) -> Outbox:
    last = {one.target: one.at for one in box.summed_up}
    waiting = {one.target for one in box.waiting if one.alert.word == MORE}
    if _is_quiet(settings, Severity.INFO, now, zone):
        return box
    for target in sorted({one.target for one in box.more} - waiting):
        mine = [one for one in box.more if one.target == target]
        since = min(one.since for one in mine)
        if now - since < GATHERED_FOR or now - last.get(target, now - HOUR) < HOUR:
            continue
        counts = tuple(Count(one.word, one.count) for one in sorted(mine, key=lambda one: (-one.count, one.word)))
        alert = Alert(alert_id(target, since.isoformat(), str(counts)), now, MORE, Severity.INFO, "", more=counts)
        box = replace(
            box,
            waiting=(*box.waiting, Waiting(target, alert, now, admitted=True)),
            more=tuple(one for one in box.more if one.target != target),
            summed_up=(*(one for one in box.summed_up if one.target != target), SummedUp(target, now)),
        )
    return box
