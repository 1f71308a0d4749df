"""The value of each entity as the text of its topic. Pure. What is not known is ``None``, Home Assistant's own word."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from agent.domain.alarms import StandingAlarm
from agent.domain.energy_totals import EnergyTotals
from agent.domain.override import AUTO, Override
from agent.domain.plan import Plan, PlanStep
from agent.domain.site import Measured
from agent.site_view import SiteView

UNKNOWN = "None"
LONGEST_TEXT = 255  # characters of a state
LEAST_W = 50.0  # a plan that charges with less stands still
MOST_ALARMS = 20
ENERGIES = {
    "grid_import_energy": "import_wh",
    "grid_export_energy": "export_wh",
    "solar_energy": "solar_wh",
    "battery_charge_energy": "charge_wh",
    "battery_discharge_energy": "discharge_wh",
}


@dataclass(frozen=True, slots=True)
class Known:
    """What the states are made of. ``prices`` are those of import and export now, money per kWh.

    ``written`` are the energies of the newest commit, None before the store was read: what is told here and not yet
    written would fall after a crash. ``power_w``, ``minutes`` and ``result`` are of orders.
    """

    view: SiteView
    now: datetime
    zone: ZoneInfo
    prices: tuple[float | None, float | None] = (None, None)
    written: EnergyTotals | None = None
    power_w: float = 0.0
    minutes: float = 0.0
    result: str | None = None


def states(known: Known) -> dict[str, str]:
    """By the key of the entity."""
    view, plan = known.view, known.view.plan
    state, setpoint = view.state, view.setpoint
    step = None if plan is None or known.now >= plan.expires_at else plan.step_at(known.now)
    return {
        "grid_power": _measured(None if state is None else state.grid_w),
        "solar_power": _measured(None if state is None else state.pv_w),
        "battery_power": _measured(None if state is None else state.battery_w),
        "load_power": _measured(None if state is None else state.load_w),
        "battery_soc": _measured(None if state is None else state.soc_pct, 1),
        "import_price": _number(known.prices[0], 5),
        "export_price": _number(known.prices[1], 5),
        "stored_energy_value": _number(None if step is None else step.energy_value_per_kwh, 4),
        "saved_today": _saved(known),
        "mode": UNKNOWN if setpoint is None else setpoint.rung.value,
        "reason": UNKNOWN if setpoint is None else short(setpoint.reason),
        "next_charge": _begins(next_run(plan, known.now, charging=True)),
        "next_discharge": _begins(next_run(plan, known.now, charging=False)),
        "override": AUTO if view.override is None else view.override.action.value,
        "problem": "ON" if view.alarms else "OFF",
        **{key: _energy(known.written, name) for key, name in ENERGIES.items()},
        "set_power": _number(known.power_w, 0),
        "set_minutes": _number(known.minutes, 0),
        "order_result": UNKNOWN if known.result is None else short(known.result),
    }


def attributes(known: Known) -> dict[str, str]:
    """JSON by the key of the entity, of those that have attributes."""
    plan = known.view.plan
    return {
        "next_charge": _run_attributes(next_run(plan, known.now, charging=True)),
        "next_discharge": _run_attributes(next_run(plan, known.now, charging=False)),
        "override": _override_attributes(known.view.override),
        "problem": _alarms(known.view.alarms),
    }


@dataclass(frozen=True, slots=True)
class Run:
    """Steps of a plan in a row, of one direction; the mean power in W, positive."""

    start: datetime
    end: datetime
    power_w: float


def next_run(plan: Plan | None, now: datetime, charging: bool) -> Run | None:
    """The run that holds ``now``, else the next one; None where the plan has none or must not be followed any more."""
    if plan is None or now >= plan.expires_at:
        return None
    length, found = timedelta(seconds=plan.horizon.step_s), list[tuple[datetime, float]]()
    for at, step in zip(plan.horizon.times(), plan.steps, strict=True):
        power_w = _planned_w(step, charging)
        if at + length > now and power_w >= LEAST_W:
            found.append((at, power_w))
        elif found:
            break
    if not found:
        return None
    return Run(found[0][0], found[-1][0] + length, sum(power_w for _, power_w in found) / len(found))


def short(text: str) -> str:
    """As much as a state may hold."""
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"


def _planned_w(step: PlanStep, charging: bool) -> float:
    return step.charge_w if charging else step.discharge_w


def _measured(found: Measured | None, digits: int = 0) -> str:
    return _number(None if found is None else found.known, digits)


def _number(value: float | None, digits: int) -> str:
    return UNKNOWN if value is None else f"{value:z.{digits}f}"


def _energy(written: EnergyTotals | None, name: str) -> str:
    """Cut, not rounded, to a watt-hour: what is told never is above what is written."""
    return UNKNOWN if written is None else f"{int(getattr(written, name)) / 1000.0:.3f}"


def _saved(known: Known) -> str:
    """With the midnight since which it is counted, when Home Assistant begins again at 0."""
    written, today = known.written, known.now.astimezone(known.zone)
    if written is None or written.saved is None or written.day != today.date():
        return json.dumps({"saved": UNKNOWN, "since": _time(_midnight(today))})
    return json.dumps({"saved": float(f"{written.saved:.4f}"), "since": _time(_midnight(today))})


def _midnight(local: datetime) -> datetime:
    return local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)


def _begins(run: Run | None) -> str:
    return UNKNOWN if run is None else _time(run.start)


def _run_attributes(run: Run | None) -> str:
    if run is None:
        return json.dumps({"until": None, "power_w": None})
    return json.dumps({"until": _time(run.end), "power_w": round(run.power_w)})


def _override_attributes(override: Override | None) -> str:
    if override is None:
        return json.dumps({"until": None, "power_w": None})
    return json.dumps({"until": _time(override.until), "power_w": override.power_w})


def _alarms(standing: Sequence[StandingAlarm]) -> str:
    told: list[Mapping[str, str]] = [
        {"kind": one.kind, "subject": one.subject, "since": _time(one.since), "text": short(one.text)}
        for one in standing[-MOST_ALARMS:]
    ]
    return json.dumps({"count": len(standing), "alarms": told}, ensure_ascii=False)


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
