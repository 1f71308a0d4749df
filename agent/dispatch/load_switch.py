"""Whether a switched load is on now, and why: by the plan, and in any case in time. Pure.

A relay has no timer, so a load is only held off while its window is open and it has not run for as long as it must.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from agent.domain.advisory import FlexibleLoad
from agent.domain.load_run import LoadRun, LoadTask
from agent.domain.sentences import loads as say
from agent.domain.switched_load import SwitchedLoad

OVER_LIMIT_SHARE = 1.02  # of the connection's limit: what a meter's own error does not explain


@dataclass(frozen=True, slots=True)
class Window:
    """The load may run from ``opens`` until ``closes`` (UTC)."""

    opens: datetime
    closes: datetime


@dataclass(frozen=True, slots=True)
class Progress:
    """How long the load has run in the window that closes at ``closes``, s."""

    closes: datetime
    done_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Wish:
    """The relay shall be ``on`` (None: as it rests), and why in one sentence."""

    on: bool | None
    reason: str


def windows(load: FlexibleLoad, since: datetime, until: datetime, zone: ZoneInfo) -> list[Window]:
    """The windows of ``load`` that are not over at ``since`` and close by ``until``, oldest first."""
    day = since.astimezone(zone).date() - timedelta(days=1)
    found = []
    while datetime.combine(day, load.earliest, zone) < until:
        last = day if load.latest > load.earliest else day + timedelta(days=1)
        opens, closes = (
            datetime.combine(on, at, zone).astimezone(UTC) for on, at in ((day, load.earliest), (last, load.latest))
        )
        if since < closes <= until:
            found.append(Window(opens, closes))
        day += timedelta(days=1)
    return found


def open_window(load: FlexibleLoad, now: datetime, zone: ZoneInfo) -> Window | None:
    """The window that is open at ``now``."""
    return next((one for one in windows(load, now, now + timedelta(days=2), zone) if one.opens <= now), None)


def tasks(
    one: SwitchedLoad, progress: Progress | None, now: datetime, until: datetime, zone: ZoneInfo
) -> list[LoadTask]:
    """What the load still has to run in each window until ``until``. The open one counts what it has run already."""
    load, found = one.load, []
    for window in windows(load, now, until, zone):
        done_s = _done_s(progress, window)
        left_s = load.duration_s - done_s
        if left_s > 0.0:
            begun = done_s > 0.0
            first = max(now, window.opens)
            found.append(LoadTask(load.name, load.power_w, left_s, first, window.closes, one.interruptible, begun))
    return found


def wish(
    one: SwitchedLoad,
    progress: Progress | None,
    runs: tuple[LoadRun, ...] | None,
    now: datetime,
    zone: ZoneInfo,
) -> Wish:
    """What the relay shall do at ``now``. ``runs`` are those of the plan in force; None without one.

    Nothing is put off so long that it could not run whole before its window closes.
    """
    load, window = one.load, open_window(one.load, now, zone)
    if window is None:
        opens = windows(load, now, now + timedelta(days=3), zone)[0].opens
        return Wish(None, say.load_until(load=load.name, opens_at=opens.astimezone(zone)))
    done_s = _done_s(progress, window)
    left_s = load.duration_s - done_s
    if left_s <= 0.0:
        return Wish(None, say.load_done(load=load.name))
    if not one.interruptible and done_s > 0.0:
        return Wish(True, say.load_begun(load=load.name))
    if window.closes - now <= timedelta(seconds=left_s):
        return Wish(True, say.load_must_run(load=load.name, done_at=window.closes.astimezone(zone)))
    if runs is None:
        return _without_a_plan(one, window, now, zone)
    mine = [run for run in runs if run.name == load.name and run.end > now]
    if any(run.covers(now) for run in mine):
        return Wish(True, say.load_in_plan(load=load.name))
    if not mine:
        return Wish(True, say.load_not_in_plan(load=load.name))
    following = min(run.start for run in mine).astimezone(zone)
    return Wish(False, say.load_waits(load=load.name, best_at=following))


def _without_a_plan(one: SwitchedLoad, window: Window, now: datetime, zone: ZoneInfo) -> Wish:
    """At its usual time."""
    load = one.load
    usual = window.opens if load.usual is None else _at(load, window, zone)
    if now >= usual:
        return Wish(True, say.load_as_usual(load=load.name))
    return Wish(False, say.load_waits_as_usual(load=load.name, usual_at=usual.astimezone(zone)))


def _at(load: FlexibleLoad, window: Window, zone: ZoneInfo) -> datetime:
    assert load.usual is not None
    opened = window.opens.astimezone(zone).date()
    usual = datetime.combine(opened, load.usual, zone).astimezone(UTC)
    return usual if usual >= window.opens else usual + timedelta(days=1)


def counted(progress: Progress | None, window: Window, ran_s: float) -> Progress:
    """``progress`` with ``ran_s`` more; of another window, it begins anew."""
    return Progress(window.closes, _done_s(progress, window) + ran_s)


def _done_s(progress: Progress | None, window: Window) -> float:
    """How long it has run in this window."""
    return progress.done_s if progress is not None and progress.closes == window.closes else 0.0


def is_over_limit(grid_w: float | None, import_limit_w: float | None) -> bool:
    """True while the connection carries more than it may: then no load is switched on."""
    return grid_w is not None and import_limit_w is not None and grid_w > OVER_LIMIT_SHARE * import_limit_w
