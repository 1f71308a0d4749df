"""The plan in force beside what came of it, and its forecasts."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import dropwhile
from pathlib import Path
from zoneinfo import ZoneInfo

from agent.adapters.store.newest_rollups import minutes, spans
from agent.adapters.store.store_reader import read_kept
from agent.console.reading.buckets import in_steps
from agent.console.reading.plan_reason import reason_of
from agent.console.reading.series import as_columns, columns
from agent.console.reading.shapes import Document, head, local, rounded
from agent.domain.battery import Battery
from agent.domain.documents import PLAN
from agent.domain.forecast import Forecast
from agent.domain.plan import Plan
from agent.domain.sentence import listed
from agent.domain.sentences.control import no_plan_yet
from agent.domain.wire import WireError
from agent.recording.rollups import Rollup
from agent.settings.schema import Settings

ACTUAL = columns("load_w", "pv_w", "battery_w", "grid_w", "soc_pct", "import_price", "export_price")
LOW, HIGH = 0.1, 0.9
FULL_PCT = EMPTY_PCT = 0.5
FORECAST_COLUMNS = {"load_w": ACTUAL[0], "pv_w": ACTUAL[1]}
LEAST_COVERAGE = 0.5


class NoPlan(Exception):
    """``str()`` says in one sentence why there is none."""


def kept_plan(store: Path) -> Plan:
    """The newest plan, without its table of values. Raises NoPlan and StoreFailure."""
    try:
        found = read_kept(store, PLAN)
    except WireError as error:
        raise NoPlan(f"the stored plan cannot be read: {error}") from error
    if found is None:
        raise NoPlan(no_plan_yet())
    return found


def plan(settings: Settings, store: Path, now: datetime) -> Document:
    """All of it null where there is none, with the reason. Raises StoreFailure."""
    zone = ZoneInfo(settings.site.timezone)
    try:
        found = kept_plan(store)
    except NoPlan as missing:
        return {**head(settings), **EMPTY, "failure": str(missing)}
    index = found.horizon.index_of(now)
    return {
        **head(settings),
        "issued_at": local(found.issued_at, zone),
        "expires_at": local(found.expires_at, zone),
        "age_s": rounded((now - found.issued_at).total_seconds(), 0),
        "expired": now >= found.expires_at,
        "failure": None,
        "step_s": found.horizon.step_s,
        "cost": rounded(found.cost, 4),
        "band_pct": rounded(100.0 * (_nearest(found.load, HIGH)[0] - _nearest(found.load, LOW)[0]), 1),
        "series": plan_series(settings, found),
        "actual": _actual(store, found, now, zone),
        **turning_points(found, settings.battery_spec(), now, zone),
        "now_step": index,
        **listed("notes", found.notes),
    }


EMPTY: Document = {
    "issued_at": None, "expires_at": None, "age_s": None, "expired": None, "step_s": None, "cost": None,
    "band_pct": None, "series": None, "actual": None, "full_at": None, "empty_at": None, "lowest_pct": None,
    "lowest_at": None, "now_step": None, "notes": [], "notes_said": [],
}  # fmt: skip


def plan_series(settings: Settings, found: Plan) -> Document:
    """The steps as columns. ``hold`` are those in which the battery stands still."""
    zone, battery, reserve = ZoneInfo(settings.site.timezone), settings.battery_spec(), settings.reserve_spec()
    kept_pct = [battery.reserve_pct] * len(found.steps)
    if reserve is not None:
        kept_pct = list(reserve.over(found.horizon))
    floors = [max(battery.soc_min_pct, pct) for pct in kept_pct]
    reasons = [reason_of(step, floor, battery.soc_max_pct) for step, floor in zip(found.steps, floors, strict=True)]
    return {
        "at": [local(at, zone) for at in found.horizon.times()],
        "load_w": [rounded(step.load_w, 1) for step in found.steps],
        "pv_w": [rounded(step.pv_w, 1) for step in found.steps],
        "battery_w": [rounded(step.battery_w, 1) for step in found.steps],
        "grid_w": [rounded(step.import_w - step.export_w, 1) for step in found.steps],
        "curtail_w": [rounded(step.curtail_w, 1) for step in found.steps],
        "soc_pct": [rounded(step.soc_pct, 1) for step in found.steps],
        "reserve_pct": [rounded(pct, 1) for pct in kept_pct],
        "import_price": [rounded(step.import_price, 5) for step in found.steps],
        "export_price": [rounded(step.export_price, 5) for step in found.steps],
        "energy_value_per_kwh": [rounded(step.energy_value_per_kwh, 5) for step in found.steps],
        **_bands(found),
        "hold": [reason.code.startswith("hold") for reason in reasons],
        "reason": [reason.code for reason in reasons],
        "reason_text": [reason.text for reason in reasons],
    }


def turning_points(found: Plan, battery: Battery, now: datetime, zone: ZoneInfo) -> Document:
    """When the battery will be full and empty next, and its lowest point to come; None where it will not."""
    ends = [at + timedelta(seconds=found.horizon.step_s) for at in found.horizon.times()]
    ahead = [(end, step.soc_pct) for end, step in zip(ends, found.steps, strict=True) if end > now]
    full = next((end for end, pct in ahead if pct >= battery.soc_max_pct - FULL_PCT), None)
    empty = next((end for end, pct in ahead if pct <= battery.floor_pct + EMPTY_PCT), None)
    lowest = min(ahead, key=lambda one: one[1], default=None)
    return {
        "full_at": local(full, zone),
        "empty_at": local(empty, zone),
        "lowest_pct": None if lowest is None else rounded(lowest[1], 1),
        "lowest_at": None if lowest is None else local(lowest[0], zone),
    }


def forecasts(settings: Settings, store: Path, now: datetime) -> Document:
    """The plan's forecasts with what came so far. Raises StoreFailure."""
    zone = ZoneInfo(settings.site.timezone)
    try:
        found = kept_plan(store)
    except NoPlan as missing:
        nothing: Document = {"issued_at": None, "step_s": None, "quantities": {}}
        return {**head(settings), **nothing, **listed("notes", [missing.args[0]])}
    rows = _measured(store, found, found.horizon.start, min(now, found.horizon.end), zone)
    quantities = {"load_w": found.load} | ({"pv_w": found.pv} if settings.solar is not None else {})
    return {
        **head(settings),
        "issued_at": local(found.issued_at, zone),
        "step_s": found.horizon.step_s,
        "quantities": {name: _forecast(one, rows, now, zone) for name, one in quantities.items()},
        **listed("notes", found.notes),
    }


def _forecast(found: Forecast, rows: Sequence[Rollup], now: datetime, zone: ZoneInfo) -> Document:
    step_s = found.horizon.step_s
    column, known = FORECAST_COLUMNS[found.quantity], _by_step(found, rows)
    actual = [
        column.of(part) if sum(row.covered_s for row in part) >= LEAST_COVERAGE * step_s else None
        for part in (known.get(place, []) for place in range(found.horizon.steps))
    ]
    over = [place for place, end in enumerate(found.horizon.times()) if end + timedelta(seconds=step_s) <= now]
    judged = [place for place in over if actual[place] is not None]
    low, high = found.values[0], found.values[-1]
    within = [place for place in judged if low[place] <= (actual[place] or 0.0) <= high[place]]
    return {
        "source": found.source,
        "calibrated_origins": found.calibrated_origins,
        "levels": list(found.levels),
        "at": [local(at, zone) for at in found.horizon.times()],
        "values": [[rounded(value, 1) for value in row] for row in found.values],
        "actual": [rounded(value, 1) for value in actual],
        "inside": {
            "steps": len(judged),
            "within": len(within),
            "level_pct": rounded(100.0 * (found.levels[-1] - found.levels[0]), 1),
        },
    }


def _by_step(found: Forecast, rows: Sequence[Rollup]) -> Mapping[int, list[Rollup]]:
    groups: dict[int, list[Rollup]] = {}
    for row in rows:
        index = found.horizon.index_of(row.at)
        if index is not None:
            groups.setdefault(index, []).append(row)
    return groups


def _bands(found: Plan) -> Document:
    """The levels of the forecasts that are nearest to a tenth and nine tenths."""
    named: Document = {}
    for word, forecast in (("load", found.load), ("pv", found.pv)):
        for name, wanted in ((f"{word}_low_w", LOW), (f"{word}_high_w", HIGH)):
            _, values = _nearest(forecast, wanted)
            named[name] = [rounded(value, 1) for value in values[: len(found.steps)]]
    return named


def _nearest(forecast: Forecast, wanted: float) -> tuple[float, Sequence[float]]:
    """The level that is nearest to ``wanted``, and its values."""
    return min(zip(forecast.levels, forecast.values, strict=True), key=lambda row: abs(row[0] - wanted))


def _actual(store: Path, found: Plan, now: datetime, zone: ZoneInfo) -> Document:
    """What came since midnight of the day on which the plan begins, in its steps; none before the first that came."""
    start, step = found.horizon.start, timedelta(seconds=found.horizon.step_s)
    begun = start.astimezone(zone).replace(hour=0, minute=0, second=0, fold=0).astimezone(UTC)
    start -= (start - begun) // step * step
    end = min(now, found.horizon.end)
    buckets = in_steps(start, end, found.horizon.step_s, _measured(store, found, start, end, zone))
    return as_columns(list(dropwhile(lambda bucket: not bucket.rows, buckets)), ACTUAL, zone)


def _measured(store: Path, found: Plan, start: datetime, end: datetime, zone: ZoneInfo) -> list[Rollup]:
    """Minutes where steps are shorter than a quarter of an hour, else quarters."""
    if end <= start:
        return []
    return minutes(store, start, end, zone) if found.horizon.step_s < 900 else spans(store, "quarter", start, end, zone)
