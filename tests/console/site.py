"""A site for the console: a year in its store, as the agent would have left it at noon of a day in June."""

import json
import math
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from agent.adapters.store.sqlite_store import SqliteStore
from agent.console.source import Source
from agent.domain.advisory import AdviceBook, AdvisoryState, AdvisoryType, Outcome
from agent.domain.alarms import AlarmKind, StandingAlarm
from agent.domain.documents import (
    ADVICE,
    ALARMS,
    COMMISSIONING,
    DEMAND,
    LEDGER,
    LINK,
    PAIRED_TRIAL,
    PLAN,
    SETPOINT,
    STATE,
    SWITCHED_LOADS,
)
from agent.domain.forecast import Forecast
from agent.domain.forecast_corrections import FORECAST_CORRECTIONS, ForecastCorrections
from agent.domain.horizon import Horizon
from agent.domain.ledger import Amounts, Entry, LedgerCheckpoint, PredictedDay
from agent.domain.plan import PeakPrice, Plan, PlanStep, ValueTable
from agent.domain.records import Batch, DecisionRow, EventRow, Flags, MinuteRow
from agent.domain.sentence import Sentence, named
from agent.domain.sentences import advice, control, plans
from agent.domain.sentences import events as told
from agent.domain.sentences.alarms import alarm_text
from agent.domain.setpoint import Rung
from agent.domain.site import Measured, SiteState
from agent.domain.suspect import DATA_FAULT, Suspect
from agent.domain.wire import to_json
from agent.savings.paired_trial import schedule
from agent.settings.load import load
from agent.settings.permit import write_permit
from drivers.reading import Quality
from tests import site_files
from tests.advice.test_book import advisory
from tests.console import commissioned, machines

ZONE = ZoneInfo("Europe/London")
NOW = datetime(2026, 6, 3, 11, 7, 30, tzinfo=UTC)
FIRST = datetime(2025, 5, 1, tzinfo=UTC)
QUARTERS_FROM = datetime(2026, 4, 20, tzinfo=UTC)
MINUTES_FROM = datetime(2026, 6, 3, 9, tzinfo=UTC)
ISSUED_AT = datetime(2026, 6, 3, 11, 0, 5, tzinfo=UTC)
SETTLED_TO = datetime(2026, 5, 31, 23, tzinfo=UTC)
NAMES = (
    "meter.grid_w", "meter.voltage_l1_v", "meter.frequency_hz", "meter.power_factor", "inverter.soc_pct",
    "inverter.pv_w", "inverter.temperature_c",
)  # fmt: skip
DEMAND_CHARGE = "\n[demand_charge]\nper_kw = 15.0\ninterval_minutes = 15\nmonths = [1, 2, 6, 12]\n"


class ConsoleSite:
    """Its site file and store lie in ``folder``; ``now`` is where its clock stands."""

    def __init__(self, folder: Path, now: datetime = NOW) -> None:
        self.folder, self.now = folder, now
        self.config = site_files.write_home(folder, inverter_port=1, meter_port=2, models="")
        self.config.write_text(self.config.read_text() + DEMAND_CHARGE)
        self.settings = load(self.config)
        write_permit(self.config, commissioned.permit(self.settings))
        self.store = folder / "site.sqlite3"

    def source(self, runtime: Path | None = None) -> Source:
        return Source(self.settings, self.store, runtime, self.folder / "console", lambda: self.now, self.config)

    def forget(self, what: str, before: datetime) -> None:
        """As the store forgets what is old."""
        with closing(sqlite3.connect(self.store)) as connection:
            connection.execute(f"DELETE FROM {what}", (before.timestamp(),))  # noqa: S608 - words of the tests
            connection.commit()

    async def write(self, *batches: Batch, tidy: bool = True) -> None:
        """Give ``batches`` to the store, and roll all up but for those after the last."""
        store = SqliteStore(self.store, ZoneInfo(self.settings.site.timezone), lambda: self.now)
        await store.open()
        for place, batch in enumerate(batches):
            await store.write(batch)
            if tidy and place < max(1, len(batches) - 1):
                await store.tidy(None)
        await store.close()


async def year_of(folder: Path) -> ConsoleSite:
    """The whole site. Minutes of this morning wait for the roll-ups yet."""
    site = ConsoleSite(folder)
    await site.write(
        Batch(minutes=tuple(rows(FIRST, QUARTERS_FROM, 3600))),
        Batch(minutes=tuple(rows(QUARTERS_FROM, MINUTES_FROM, 900))),
        Batch(
            minutes=tuple(rows(MINUTES_FROM, NOW.replace(second=0), 60, points)),
            catalogue=NAMES,
            decisions=tuple(decisions()),
            events=tuple(events()),
            ledger=tuple(ledger()),
            predicted=tuple(predicted()),
            flags=Flags(NOW - timedelta(days=3), (suspect(),)),
            kept=tuple(documents().items()),
        ),
    )
    site.forget("minute WHERE at < ?", MINUTES_FROM)
    site.forget("rollup WHERE span = 'quarter' AND at < ?", QUARTERS_FROM)
    return site


def copied(site: ConsoleSite, folder: Path, now: datetime = NOW) -> ConsoleSite:
    """The same site in another folder, whose files a test may change."""
    other = ConsoleSite(folder, now)
    shutil.copy(site.store, other.store)
    return other


def powers(at: datetime) -> tuple[float, float, float]:
    """Load, sun and battery, W: two peaks a day, sun in the middle of it, a battery that moves it to the evening."""
    hour = at.hour + at.minute / 60.0
    load_w = 400.0 + 300.0 * (7 <= hour < 9) + 900.0 * (17 <= hour < 22) + 40.0 * (at.weekday() >= 5)
    season = 0.6 - 0.4 * math.cos(2 * math.pi * (at.timetuple().tm_yday - 172 + 182) / 365.0)
    pv_w = max(0.0, 4500.0 * season * math.sin(math.pi * (hour - 6.0) / 12.0)) if 6 <= hour < 18 else 0.0
    battery_w = -min(1500.0, max(0.0, pv_w - load_w)) if hour < 15 else (800.0 if 17 <= hour < 22 else 0.0)
    return load_w, pv_w, battery_w


def rows(
    start: datetime, end: datetime, span_s: int, points: Callable[[datetime], tuple[float | None, ...]] | None = None
) -> Iterator[MinuteRow]:
    at = start
    while at < end:
        load_w, pv_w, battery_w = powers(at)
        grid_w, hours = load_w - pv_w - battery_w, span_s / 3600.0
        bought, sold = max(0.0, grid_w) * hours, max(0.0, -grid_w) * hours
        price = 0.08 if at.astimezone(ZONE).hour < 6 else 0.60
        yield MinuteRow(
            at, span_s, float(span_s), grid_w, pv_w, battery_w, load_w, 30.0 + 2.5 * at.hour, bought, sold,
            max(0.0, -battery_w) * hours, max(0.0, battery_w) * hours, (bought * price - sold * 0.05) / 1000.0,
            bought * 0.0002, False, Rung.PLAN, True, () if points is None else points(at), price, 0.05,
        )  # fmt: skip
        at += timedelta(seconds=span_s)


def points(at: datetime) -> tuple[float | None, ...]:
    load_w, pv_w, battery_w = powers(at)
    return (load_w - pv_w - battery_w, 231.4, 49.98, 0.97, 30.0 + 2.5 * at.hour, pv_w, None)


def decisions() -> Iterator[DecisionRow]:
    for place in range(30):
        at = NOW - timedelta(minutes=15 * (30 - place))
        battery_w = -1500.0 + 100.0 * place
        yield DecisionRow(at, battery_w, 60.0, Rung.PLAN, reason(battery_w), "applied", "")


def reason(battery_w: float) -> Sentence:
    if battery_w < 0.0:
        return control.charging_from_sun(power_w=-battery_w, paid_per_kwh=0.05, value_per_kwh=0.31)
    return control.discharging_for_load(power_w=battery_w, paid_per_kwh=0.6, value_per_kwh=0.31)


def lost(cause: str) -> str:
    return alarm_text(AlarmKind.DEVICE_LOST, "meter", cause)


def events() -> Iterator[EventRow]:
    yield EventRow(NOW - timedelta(days=9), "started", "info", told.started())
    for place in range(60):
        text = lost("the meter does not answer") if place != 31 else "=cmd|' /C calc'!A0 is what its name says"
        at = NOW - timedelta(hours=180 - 3 * place)
        yield EventRow(at, "device_lost/meter", "alarm" if place % 2 == 0 else "info", text)


def ledger() -> Iterator[Entry]:
    at = FIRST
    while at < SETTLED_TO:
        idle, paid = 300_000 + 1000 * at.hour, 180_000 + 700 * at.hour + 900 * (at.day % 5)
        yield Entry(at, Amounts(1, idle, paid + 30_000, paid, paid - 40_000, 5_000, 7_000), 5000.0)
        at += timedelta(hours=1)


def predicted() -> Iterator[PredictedDay]:
    for back in range(40):
        day = datetime.combine(date(2026, 6, 3) - timedelta(days=back), datetime.min.time(), ZONE).astimezone(UTC)
        yield PredictedDay(day, day - timedelta(minutes=15), 7_500_000, 4_400_000)


def suspect() -> Suspect:
    start = NOW.replace(hour=7, minute=0, second=0) - timedelta(days=1)
    return Suspect("pv_w", start, start + timedelta(hours=1), DATA_FAULT, "it repeats one value")


def plan(issued_at: datetime = ISSUED_AT) -> Plan:
    horizon = Horizon(issued_at.replace(second=0), 900, 96)
    steps, soc_pct = [], 57.5
    for at in horizon.times():
        load_w, pv_w, battery_w = powers(at)
        grid_w = load_w - pv_w - battery_w
        soc_pct = min(95.0, max(12.0, soc_pct - battery_w / 400.0 / 4.0))
        price = 0.08 if at.astimezone(ZONE).hour < 6 else 0.60
        steps.append(
            PlanStep(max(0.0, -battery_w), max(0.0, battery_w), max(0.0, grid_w), max(0.0, -grid_w), 0.0, soc_pct,
                     load_w, pv_w, price, 0.05, 0.31)
        )  # fmt: skip
    peak = PeakPrice(900, (6200.0,) * 96, (15.0,) * 96, (0,) * 96)
    load, pv = (_forecast(name, horizon, steps) for name in ("load_w", "pv_w"))
    table = ValueTable((0.0, 100.0), (), peak=peak)
    notes = (plans.prices_from_like_day(price="import_price", missing=4, steps=96),)
    return Plan(issued_at, issued_at + timedelta(hours=6), horizon, tuple(steps), table, load, pv, notes, cost=2.31)


def _forecast(quantity: str, horizon: Horizon, steps: list[PlanStep]) -> Forecast:
    levels = (0.05, 0.25, 0.5, 0.75, 0.95)
    values = tuple(tuple(getattr(step, quantity) * (0.8 + 0.4 * level) for step in steps) for level in levels)
    return Forecast(quantity, horizon, levels, values, "consumption 1.2", horizon.start, 412)


def book() -> AdviceBook:
    open_one = advisory(
        "hold_battery/2026-06-03", 1.2, created=NOW - timedelta(hours=4), start=NOW + timedelta(hours=1),
        end=NOW + timedelta(hours=5), expires=NOW + timedelta(hours=5),
    )  # fmt: skip
    window = {"from_at": open_one.start.astimezone(ZONE), "to_at": open_one.end.astimezone(ZONE)}
    because = advice.hold_because(import_per_kwh=0.08, value_per_kwh=0.31, saved_money=1.2)
    open_one = replace(open_one, headline=advice.hold_from_to(**window), description=because)
    found = [open_one]
    for back in range(1, 40):
        begun = NOW - timedelta(days=back)
        came_true = back % 3 != 0
        saved = 0.9 if came_true else -0.1
        text = advice.saved_of(saved_money=saved, promised_money=1.2)
        outcome = Outcome(begun + timedelta(hours=6), came_true, saved, text)
        local = begun.astimezone(ZONE)
        headline = advice.run_instead(load="Dishwasher", best_at=local, usual_at=local + timedelta(hours=6))
        because = advice.run_because(
            load="Dishwasher", power_w=2000.0, runs_s=5400, best_at=local, best_money=0.12,
            usual_at=local + timedelta(hours=6), usual_money=0.9,
        )  # fmt: skip
        found.append(
            replace(
                open_one, key=f"shift_load/{begun:%Y-%m-%d}", kind=AdvisoryType.SHIFT_LOAD, headline=headline,
                description=because,
                created=begun - timedelta(hours=4), start=begun, end=begun + timedelta(hours=2),
                expires=begun + timedelta(hours=2), outcome=outcome, state=AdvisoryState.DONE,
                confidence=0.5 + (back % 5) / 10.0,
            )
        )  # fmt: skip
    return AdviceBook(tuple(reversed(found)))


def state() -> SiteState:
    load_w, pv_w, battery_w = powers(NOW)
    good = Quality.GOOD
    return SiteState(
        NOW, Measured(load_w - pv_w - battery_w, good, 1.2), Measured(pv_w, good, 0.8), Measured(battery_w, good, 0.8),
        Measured(load_w, Quality.ESTIMATED, 1.2), Measured(57.5, good, 0.8),
    )  # fmt: skip


def alarms() -> tuple[StandingAlarm, ...]:
    kind, since = AlarmKind.DEVICE_LOST, NOW - timedelta(hours=3)
    said = lost("the meter does not answer")
    return (StandingAlarm(kind.value, "meter", since, said, said, kind.check),)


def documents() -> dict[str, str]:
    setpoint = {
        "at": NOW.isoformat(), "battery_w": -1500.0, "hold_s": 60.0, "rung": "plan", **named("reason", reason(-1500.0)),
        "pv_limit_w": None, "shares": [], "outcome": "held",
    }  # fmt: skip
    peak = {
        "year": 2026, "month": 6, "interval_s": 900, "peak_w": 1340.0, "peak_at": "2026-06-02T18:15:00+00:00",
        "seen_to": "2026-06-03T11:00:00+00:00",
    }  # fmt: skip
    learnt = (ForecastCorrections("load_w", NOW - timedelta(hours=2), 412),)
    return {
        STATE.name: to_json(state()),
        SETPOINT.name: json.dumps(setpoint),
        PLAN.name: to_json(plan()),
        LINK.name: json.dumps({"connected": False, "trouble": None}),
        ALARMS.name: to_json(alarms()),
        ADVICE.name: to_json(book()),
        DEMAND.name: json.dumps(peak),
        PAIRED_TRIAL.name: to_json(schedule(7, datetime(2026, 4, 1, tzinfo=UTC), 28)),
        LEDGER.name: to_json(LedgerCheckpoint(SETTLED_TO, 40.0, 40_000.0)),
        FORECAST_CORRECTIONS.name: to_json(learnt),
        COMMISSIONING.name: to_json(commissioned.report(), digits=6),
        SWITCHED_LOADS.name: to_json(machines.switched(NOW)),
    }
