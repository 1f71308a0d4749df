"""What `status` says of money: what the battery has saved since midnight, by the minutes that were measured."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console

from agent.adapters.store.row_reader import minutes
from agent.cli.labelled import say
from agent.domain.in_words import kwh, money
from agent.domain.plan import Plan
from agent.recording.rollups import span_start
from agent.savings.today import SavedToday, saved_today
from agent.settings.schema import Settings

LEAST_WH = 50.0  # less than this more or less in the battery is not worth a word
HOLE_S = 900.0


def show_saved(
    console: Console, path: Path, plan: Plan | str, settings: Settings, state_at: datetime, now: datetime
) -> None:
    """Of the site's day in which the newest picture was taken. Raises StoreFailure."""
    zone = ZoneInfo(settings.site.timezone)
    midnight = span_start(state_at, "day", zone)
    end = state_at + timedelta(minutes=1)
    found = saved_today(minutes(path, midnight, end), settings.battery_spec(), settings.solar is not None)
    is_today = midnight == span_start(now, "day", zone)
    until = f"{state_at.astimezone(zone):%a %d %b until %H:%M}"  # `report` has the whole day
    day = "so far today" if is_today else f"on {until}"
    if found is None:
        say(console, "saved", f"nothing is known {day}: no minute has load, sun, battery and prices")
        return
    step = plan.step_at(state_at) if isinstance(plan, Plan) else None
    delivered = settings.battery_spec().discharge_efficiency  # of a kWh that is stored
    value_per_kwh = None if step is None else step.energy_value_per_kwh / delivered
    hole_s = (state_at - midnight).total_seconds() - found.covered_s
    measured = f" ({found.covered_s / 3600.0:z.1f} h of it measured)" if hole_s > HOLE_S else ""
    say(
        console,
        "saved",
        f"{money(found.saved, settings.site.currency)} {day} against no battery{measured}"
        f"{_stored(found, value_per_kwh, settings.site.currency)}",
    )


def _stored(found: SavedToday, value_per_kwh: float | None, currency: str) -> str:
    """What the battery holds more or less than at midnight, which the saving does not count.

    ``value_per_kwh`` is that of a kWh which it can deliver, as ``found`` has them.
    """
    stored_wh = found.stored_wh
    if stored_wh is None or abs(stored_wh) < LEAST_WH:
        return ""
    more = "more" if stored_wh > 0.0 else "less"
    worth = "" if value_per_kwh is None else f", worth {money(abs(stored_wh) / 1000.0 * value_per_kwh, currency)}"
    return f"; not counted: it holds {kwh(abs(stored_wh))} {more} than at midnight{worth}"
