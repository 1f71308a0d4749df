"""The alarms that stand, for people: what, which device, since when, what to check."""

from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape

from agent.domain.alarms import StandingAlarm
from agent.domain.documents import ALARMS
from agent.domain.wire import WireError

Standing = tuple[StandingAlarm | str, ...]


def standing_alarms(document: str | None) -> Standing | str:
    """What the kept ``document`` says, or in a sentence why it cannot be read."""
    try:
        return ALARMS.read(document or "[]")
    except WireError as error:
        return f"alarms: what is stored cannot be read: {error}"


def show_alarms(console: Console, standing: Standing | str, now: datetime, zone: ZoneInfo) -> None:
    """Print them; times in ``zone``. Nothing where no alarm stands."""
    if isinstance(standing, str):
        console.print(escape(standing))
        return
    for alarm in standing:
        console.print(f"[red]! {escape(alarm if isinstance(alarm, str) else alarm.text)}[/]")
        if isinstance(alarm, StandingAlarm):
            console.print(f"  {escape(_since(alarm, now, zone))}")
            console.print(f"  check: {escape(alarm.check)}")


def _since(alarm: StandingAlarm, now: datetime, zone: ZoneInfo) -> str:
    device = f"device {alarm.device}, " if alarm.device else ""
    since = f"since {alarm.since.astimezone(zone):%a %d %b %H:%M}"
    return f"{device}{since}, for {span((now - alarm.since).total_seconds())} ({alarm.key})"


def span(seconds: float) -> str:
    """A length of time for people: ``90 s``, ``15 min``, ``3.2 h``, ``12 days``."""
    if seconds < 120:
        return f"{seconds:z.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:z.0f} min"
    return f"{seconds / 3600:z.1f} h" if seconds < 172_800 else f"{seconds / 86_400:z.0f} days"
