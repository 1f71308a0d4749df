"""A day of a simulated home as the rows, live values and plans that a site sends. Made once a process."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from agent.domain.forecast import Forecast
from agent.domain.horizon import Horizon, floor_to_step
from agent.domain.plan import Plan, PlanStep, ValueTable
from agent.domain.records import MINUTE_FIELDS
from agent.domain.site import Measured, SiteState
from simulator.physics import BatterySpec
from simulator.plant import Plant
from simulator.plant_state import PlantState
from simulator.traces import synthetic

MINUTES = 24 * 60
PV_W = 6000.0
PHASES = ("l1", "l2", "l3")
POINTS = (
    *("inverter.ac_w", "inverter.battery_w", "inverter.pv_w", "inverter.soc_pct", "inverter.soh_pct"),
    *("inverter.battery_v", "inverter.frequency_hz", "inverter.ac_wh", "inverter.temperature_c", "inverter.state"),
    *(f"inverter.{what}" for phase in PHASES for what in (f"voltage_{phase}_v", f"current_{phase}_a")),
    *("inverter.rated_w", "inverter.rated_charge_w", "inverter.rated_discharge_w", "inverter.rated_wh"),
    *(
        "meter.grid_w",
        *(f"meter.grid_{phase}_w" for phase in PHASES),
        *(f"meter.current_{phase}_a" for phase in PHASES),
    ),
    *(f"meter.voltage_{phase}_v" for phase in PHASES),
    *("meter.frequency_hz", "meter.import_wh", "meter.export_wh"),
)
SENT_FIELDS = tuple(field for field in MINUTE_FIELDS if field.sent)
COLUMNS = ("at", *(field.name for field in SENT_FIELDS))
PLAN_STEP_S, PLAN_STEPS = 900, 192
LEVELS = (0.1, 0.5, 0.9)


@dataclass(frozen=True, slots=True)
class SiteMinute:
    """One minute of the day: ``values`` are those of COLUMNS without the time, ``points`` those of POINTS."""

    state: PlantState
    values: tuple[object, ...]
    points: tuple[float, ...]


def play_day(midnight: datetime, seed: int) -> list[SiteMinute]:
    """The minutes of the day that begins at ``midnight`` (UTC), in self-consumption, with what meters add to it."""
    chance, now = Random(seed), [midnight]
    trace = synthetic(seed, midnight - timedelta(days=1), 3, "home")
    plant = Plant(trace, BatterySpec(10_000.0, 3000.0, 8000.0), PV_W, lambda: now[0], soc_pct=40.0)
    found = []
    for minute in range(MINUTES):
        now[0] = midnight + timedelta(minutes=1 + minute)
        state = plant.bring_to_now()
        counters = plant.counters
        energies = (counters.inverter_out_wh, counters.import_wh, counters.export_wh)
        found.append(SiteMinute(state, _values(state), _points(chance, state, energies)))
    return found


def _values(state: PlantState) -> tuple[object, ...]:
    hours = 1 / 60
    cost = round(max(0.0, state.grid_w) * hours / 1000 * 0.28, 6)
    by_name: dict[str, object] = {
        "span_s": 60, "covered_s": 60.0, "curtailed": False, "rung": "plan", "time_trusted": True, "switched_w": None,
        "grid_w": state.grid_w, "pv_w": state.pv_w, "battery_w": state.battery_w, "load_w": state.load_w,
        "soc_pct": state.soc_pct,
        "import_wh": max(0.0, state.grid_w) * hours, "export_wh": max(0.0, -state.grid_w) * hours,
        "charge_wh": max(0.0, -state.battery_w) * hours, "discharge_wh": max(0.0, state.battery_w) * hours,
        "cost": cost, "co2_kg": round(cost / 2, 6),
    }  # fmt: skip
    return tuple(_rounded(by_name.get(field.name), field.digits) for field in SENT_FIELDS)


def _rounded(value: object, digits: int) -> object:
    return round(value, digits) if isinstance(value, float) else value


def _points(chance: Random, state: PlantState, energies: tuple[float, float, float]) -> tuple[float, ...]:
    """What inverter and meter show of ``state``, as means of a minute: twelve reads of a register in tenths."""
    made, bought, sold = (float(round(energy)) for energy in energies)
    volts = [230.0 + round(12 * chance.gauss(0.0, 0.6)) / 12 for _ in PHASES]
    hertz = [50.0 + round(12 * chance.gauss(0.0, 10.0)) / 12_000 for _ in range(2)]
    ac_w, grid_w = state.inverter_w, state.grid_w
    found = [
        *(ac_w, state.battery_w, state.pv_w, state.soc_pct, 100.0),
        *(380.0 + round(state.soc_pct / 2) / 2, hertz[0], made, 25.0 + round(ac_w / 500) / 10, 4.0),
        *(number for phase in volts for number in (phase, ac_w / 3 / phase)),
        *(9000.0, 3000.0, 8000.0, 10_000.0),
        *(grid_w, *(grid_w / 3 + chance.gauss(0.0, 20.0) for _ in PHASES), *(grid_w / 3 / phase for phase in volts)),
        *(*volts, hertz[1], bought, sold),
    ]
    return tuple(round(number, 3) for number in found)


def live_state(minute: SiteMinute, at: datetime) -> SiteState:
    """What control shows at ``at``."""
    state = minute.state
    powers = (state.grid_w, state.pv_w, state.battery_w, state.load_w, state.soc_pct)
    grid, pv, battery, load, soc = (Measured(round(value, 1), age_s=0.5) for value in powers)
    return SiteState(at, grid, pv, battery, load, soc)


def plan_at(day: list[SiteMinute], first: int, now: datetime) -> Plan:
    """A plan of two days of quarters from ``now`` on, whose forecasts are the day itself from minute ``first`` on."""
    horizon = Horizon(floor_to_step(now, PLAN_STEP_S), PLAN_STEP_S, PLAN_STEPS)
    states = [day[(first + 15 * step) % MINUTES].state for step in range(PLAN_STEPS)]
    steps = tuple(_plan_step(state) for state in states)
    load, pv = (
        Forecast(name, horizon, LEVELS, tuple(_quantiles(states, name)), "persistence", now)
        for name in ("load_w", "pv_w")
    )
    return Plan(now, now + timedelta(hours=6), horizon, steps, ValueTable((0.0, 100.0), ()), load, pv)


def _quantiles(states: list[PlantState], name: str) -> list[tuple[float, ...]]:
    """One row a level of LEVELS, one value a step."""
    values = [float(getattr(state, name)) for state in states]
    return [tuple(share * value for value in values) for share in (0.7, 1.0, 1.4)]


def _plan_step(state: PlantState) -> PlanStep:
    charge_w, discharge_w = max(0.0, -state.battery_w), max(0.0, state.battery_w)
    bought_w, sold_w = max(0.0, state.grid_w), max(0.0, -state.grid_w)
    powers = (charge_w, discharge_w, bought_w, sold_w, 0.0, state.soc_pct, state.load_w, state.pv_w)
    return PlanStep(*powers, 0.28, 0.08, 0.15431)
