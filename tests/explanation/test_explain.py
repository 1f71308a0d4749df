"""Every step can say why, and a quoted amount is what moving the named limit by one unit really saves."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from scipy.optimize import linprog

from agent.domain.battery import Battery
from agent.domain.demand_charge import DemandCharge
from agent.domain.horizon import Horizon
from agent.domain.in_words import figure
from agent.domain.plan import PeakPrice
from agent.domain.records import DecisionRow
from agent.domain.request import Demand
from agent.domain.setpoint import Rung
from agent.domain.site import Connection
from agent.explanation.explain import StepWhy, explain_step, use_of_energy
from agent.explanation.explain_decision import explain_decision
from agent.explanation.limits import Basis, Limit, bindings, reached, reached_now
from agent.explanation.shadow_price import Resolved, resolved
from agent.planning.optimise import solve_schedule
from tests.advice.plans import basis
from tests.planning.days import BATTERY

LONDON = ZoneInfo("Europe/London")
TIGHT = Connection(1800.0, 1200.0)
QUOTED = re.compile(r"one (kWh|kW) (?:less of it|more) would save ([0-9.]+) in this step(?: and ([0-9.]+) over)?")


def again(on: Basis) -> Resolved:
    found = resolved(on)
    assert found is not None
    return found


def independent_cost(on: Basis, limit: Limit | None = None, steps: slice = slice(0), unit: float = 0.001) -> float:
    """The cost of the basis' problem by scipy on a dense model, ``limit`` moved by ``unit`` (kW, kWh) at ``steps``.

    Columns: charge, discharge, import, export, curtailment. The connection's limits are hard here.
    """
    battery, plan, n = on.battery, on.plan, len(on.plan.steps)
    bought = np.array([on.bought(i) for i in range(n)])
    sold = np.array([s.export_price for s in plan.steps])
    load, pv = (np.array([getattr(s, name) for s in plan.steps]) / 1000.0 for name in ("load_w", "pv_w"))
    one, lower, dt = np.eye(n), np.tril(np.ones((n, n))), on.dt_h
    stored = np.hstack([battery.charge_efficiency * lower, -lower / battery.discharge_efficiency]) * dt
    stored = np.hstack([stored, np.zeros((n, 3 * n))])
    usable, start = battery.usable_wh / 1000.0, on.start_soc_pct() / 100.0 * battery.usable_wh / 1000.0
    upper = {
        Limit.CHARGE_RATING: np.full(n, battery.charge_w / 1000.0),
        Limit.DISCHARGE_RATING: np.full(n, battery.discharge_w / 1000.0),
        Limit.IMPORT: np.full(n, (on.connection.import_limit_w or 1e6) / 1000.0),
        Limit.EXPORT: np.full(n, (on.connection.export_limit_w or 1e6) / 1000.0),
        Limit.CEILING: np.full(n, usable * battery.soc_max_pct / 100.0),
        Limit.FLOOR: np.array([-usable * on.battery_at(i).floor_pct / 100.0 for i in range(n)]),
    }
    upper[Limit.RESERVE] = upper[Limit.FLOOR]
    if limit is not None:
        upper[limit][steps] += unit
    most = (upper[Limit.CHARGE_RATING], upper[Limit.DISCHARGE_RATING], upper[Limit.IMPORT], upper[Limit.EXPORT], pv)
    tie = 1e-4 * max(np.abs(bought).max(), np.abs(sold).max())
    cost = np.concatenate([0 * bought, 0 * bought + battery.wear_per_kwh, bought, -sold, 0 * bought + tie]) * dt
    found = linprog(
        cost - on.end_value * stored[-1],
        A_ub=np.vstack([stored, -stored]),
        b_ub=np.concatenate([upper[Limit.CEILING] - start, upper[Limit.FLOOR] + start]),
        A_eq=np.hstack([-one, one, one, -one, -one]),
        b_eq=load - pv,
        bounds=[(0.0, top) for column in most for top in column],
    )
    assert found.status == 0
    return float(found.fun)


@pytest.mark.parametrize(("seed", "connection"), [(0, Connection()), (1, TIGHT), (2, TIGHT), (5, Connection(4000.0))])
def test_the_quoted_saving_is_what_moving_the_named_limit_by_one_unit_saves(seed: int, connection: Connection) -> None:
    on = basis(seed, connection=connection)
    programme, cost, seen = again(on), independent_cost(on), set()
    for index in range(len(on.plan.steps)):
        why = explain_step(on, index, LONDON, programme)
        quoted = QUOTED.search(why.sentence)
        assert (quoted is None) == (not why.bindings)
        if quoted is None:
            continue
        limit = why.bindings[0].limit
        moved = (cost - independent_cost(on, limit, slice(index, index + 1))) / 0.001
        assert float(quoted[2]) == pytest.approx(moved, rel=0.01)
        if quoted[3]:
            assert float(quoted[3]) == pytest.approx(
                (cost - independent_cost(on, limit, slice(None))) / 0.001, rel=0.01
            )
        assert quoted[1] == limit.unit
        assert limit.value in why.sentence
        seen.add(limit)
    assert len(seen) >= 2


@pytest.mark.parametrize("seed", range(4))
def test_a_reserve_by_the_hour_is_named_and_worth_what_moving_it_saves(seed: int) -> None:
    """It is bought before its hour though it is sold for less after it: one kWh less of it saves the loss."""
    reserve = tuple(70.0 if step in (4, 28) else 0.0 for step in range(48))
    on = basis(seed, reserve_pct=reserve, soc_pct=15.0, export_price=(0.0,) * 48)
    programme, cost, named = again(on), independent_cost(on), set()
    for index in range(48):
        why = explain_step(on, index, LONDON, programme)
        for one in why.bindings:
            if one.limit in (Limit.RESERVE, Limit.FLOOR):
                moved = (cost - independent_cost(on, one.limit, slice(index, index + 1))) / 0.001
                assert one.worth == pytest.approx(moved, rel=0.01)
                named.add((index, one.limit))
        if why.bindings and why.bindings[0].limit is Limit.RESERVE:
            assert "the reserve for outages binds: one kWh less of it would save" in why.sentence
    assert (4, Limit.RESERVE) in named
    assert all((limit is Limit.RESERVE) == (index in (4, 28)) for index, limit in named)


@pytest.mark.parametrize(
    ("limit", "change"),
    [
        (Limit.CHARGE_RATING, {"charge_w": 801.0}),
        (Limit.DISCHARGE_RATING, {"discharge_w": 901.0}),
        (Limit.CEILING, {"soc_max_pct": 95.01}),
        (Limit.RESERVE, {"reserve_pct": 19.99}),
    ],
)
def test_over_the_plan_it_is_what_a_battery_with_one_unit_more_saves(limit: Limit, change: dict[str, float]) -> None:
    small = replace(BATTERY, charge_w=800.0, discharge_w=900.0, reserve_pct=20.0)
    on = basis(3, battery=small)
    programme = again(on)
    assert any(limit in {one.limit for one in bindings(on, i)} for i in range(48))
    more = replace(programme.problem, terms=replace(programme.problem.terms, battery=replace(small, **change)))
    plain, moved = (solve_schedule(site, 10.0).objective for site in (programme.problem, more))
    assert programme.over_plan(limit) == pytest.approx((plain - moved) / 0.001, rel=0.01)


@pytest.mark.parametrize("charge", [False, True])
def test_a_plan_as_it_is_kept_quotes_the_same(charge: bool) -> None:
    """Five digits are kept of every number."""
    from agent.domain.plan import Plan
    from agent.domain.wire import from_json, to_json

    on = charged(3600, interval_wh=900.0) if charge else basis(4, connection=TIGHT)
    kept = replace(on, plan=from_json(Plan, to_json(on.plan, digits=5)))
    programme, of_kept = again(on), again(kept)
    for index in range(0, len(on.plan.steps), 4 if charge else 1):
        exact = explain_step(on, index, LONDON, programme).bindings
        rounded = explain_step(kept, index, LONDON, of_kept).bindings
        assert [one.limit for one in exact] == [one.limit for one in rounded]
        assert [one.worth for one in rounded] == pytest.approx([one.worth for one in exact], rel=0.01)


def explain_plan(basis: Basis, zone: ZoneInfo) -> tuple[StepWhy, ...]:
    """One explanation a step by the plan's own duals: they name the limits, and no amount is quoted."""
    return tuple(explain_step(basis, index, zone) for index in range(len(basis.plan.steps)))


def test_every_step_has_one_sentence_with_its_price_and_worth() -> None:
    on = basis(2, step_s=900)
    whys = explain_plan(on, LONDON)
    assert len(whys) == 192
    for why, step in zip(whys, on.plan.steps, strict=True):
        assert "\n" not in why.sentence
        assert f"stored energy is worth {step.energy_value_per_kwh:.3f}" in why.sentence
        assert "binds" in why.sentence or "battery is" in why.sentence
        assert not QUOTED.search(why.sentence)  # by duals alone no amount is claimed
        verb = "charging" if step.charge_w > 1 else "discharging" if step.discharge_w > 1 else "resting"
        assert why.sentence.startswith(verb)


def two_prices(battery: Battery, soc_pct: float = 10.0) -> Basis:
    """Cheap until 18:00 UTC, dear until midnight, no sun, 1 kW of load: noon to noon in hours."""
    from tests.planning.days import forecast, request

    price = tuple([0.14] * 6 + [0.30] * 6 + [0.14] * 36)
    asked = request(1, 48, battery=battery, soc_pct=soc_pct, import_price=price, export_price=(0.0,) * 48,
                    carbon_kg_per_kwh=(0.0,) * 48, connection=Connection())  # fmt: skip
    flat = forecast("load_w", asked.horizon, np.full(48, 1000.0)), forecast("pv_w", asked.horizon, np.zeros(48))
    return basis(1, battery=battery, soc_pct=soc_pct, import_price=price, export_price=(0.0,) * 48,
                 carbon_kg_per_kwh=(0.0,) * 48, connection=Connection(), forecasts=flat)  # fmt: skip


def test_charging_for_the_evening_names_the_evening_and_the_rating() -> None:
    """Six cheap hours at 0.5 kW cannot fill what six dear hours take: by hand, a kWh stored saves 0.30 x 0.95."""
    on = two_prices(Battery(20_000, 500, 4000, 0.95, 0.95, soc_min_pct=10))
    why = explain_step(on, 0, LONDON, again(on))
    when = why.sentence.split("0.285 at ")[1][:5]
    assert why.sentence.startswith(
        f"charging 0.5 kW from the grid: 0.140 now, stored energy is worth 0.285 at {when}; "
        "the inverter's charging rating binds: one kW more would save 0.131 in this step and 0.78"
    )
    assert why.sentence.endswith(" over the whole plan")  # six times 0.13075, half a thousandth from either side
    assert "19:00" <= when < "24:00"  # of several equal hours the plan may take any
    assert why.bindings[0].worth == pytest.approx(0.285 * 0.95 - 0.14, rel=0.01)


def test_an_empty_battery_in_the_evening_says_that_its_reserve_binds() -> None:
    on = two_prices(Battery(4_000, 4000, 4000, 0.95, 0.95, soc_min_pct=5, reserve_pct=10))
    whys = [explain_step(on, i, LONDON, again(on)) for i in range(12)]
    reserve = [why for why in whys if why.bindings and why.bindings[0].limit is Limit.RESERVE]
    assert reserve
    assert "the reserve for outages binds: one kWh less of it would save" in reserve[-1].sentence


def test_the_use_of_energy_lies_later_and_in_the_same_stretch_of_worth() -> None:
    on = basis(6, step_s=900)
    for index in range(192):
        use = use_of_energy(on, index)
        if use is not None and use.kind != "end":
            assert use.index > index
            assert on.value(use.index) == pytest.approx(on.value(index), abs=6e-4 * on.top_price)


def test_a_plan_of_another_site_file_is_not_priced() -> None:
    on = basis(1)
    assert resolved(replace(on, battery=replace(on.battery, usable_wh=40_000.0))) is None


def test_a_paid_peak_binds_as_an_import_limit_would() -> None:
    """The same plan, read once as held below a limit and once as held below the threshold of a demand charge."""
    limited = basis(0, connection=Connection(1800.0))
    peak = PeakPrice(3600, (1800.0,) * 48, (500.0,) * 48, (0,) * 48)
    values = replace(limited.plan.values, peak=peak)
    held = replace(limited, connection=Connection(), plan=replace(limited.plan, values=values))
    pairs = [(bindings(limited, i), bindings(held, i)) for i in range(48)]
    as_peak = [
        tuple(replace(one, limit=Limit.PEAK) if one.limit is Limit.IMPORT else one for one in found)
        for found, _ in pairs
    ]
    assert as_peak == [found for _, found in pairs]
    assert sum(any(one.limit is Limit.PEAK for one in found) for _, found in pairs) >= 3
    assert any("the demand peak of 1.8 kW binds" in why.sentence for why in explain_plan(held, LONDON))


def test_the_mean_of_a_demand_interval_counts_its_steps() -> None:
    on = basis(0, step_s=900, connection=Connection())
    values = replace(on.plan.values, peak=PeakPrice(1800, (0.0,) * 192, (1.0,) * 192, (0,) * 192))
    on = replace(on, plan=replace(on.plan, values=values))
    for i in (0, 1, 2, 3):
        half = on.plan.steps[i - i % 2 : i - i % 2 + 2]
        assert on.interval_import_w(i) == pytest.approx(sum(step.import_w for step in half) / 2)


def test_negative_prices_are_explained_by_the_directions_of_the_plan() -> None:
    price = tuple(-0.1 if 12 <= hour < 16 else 0.25 for hour in range(48))
    on = basis(2, import_price=price)
    programme = again(on)
    for index in range(48):
        assert explain_step(on, index, LONDON, programme).sentence


@pytest.mark.parametrize(("carbon", "what"), [((0.0,) * 3, "3 carbon prices do not fit a plan of 48 steps")])
def test_a_wrong_number_of_carbon_prices_is_one_sentence(carbon: tuple[float, ...], what: str) -> None:
    with pytest.raises(ValueError, match=what):
        replace(basis(1), carbon_price=carbon)


@pytest.mark.parametrize(
    ("battery_w", "soc_pct", "grid_w", "limit"),
    [
        (-5000.0, 50.0, 6000.0, Limit.CHARGE_RATING),
        (4000.0, 50.0, 0.0, Limit.DISCHARGE_RATING),
        (-2000.0, 50.0, 1800.0, Limit.IMPORT),
        (2000.0, 50.0, -1200.0, Limit.EXPORT),
        (0.0, 10.2, 500.0, Limit.FLOOR),
        (0.0, 94.8, -500.0, Limit.CEILING),
        (0.0, None, None, None),
        (1000.0, 50.0, 300.0, None),
    ],
)
def test_the_limit_a_power_stands_at(
    battery_w: float, soc_pct: float | None, grid_w: float | None, limit: Limit | None
) -> None:
    assert reached_now(battery_w, soc_pct, grid_w, BATTERY, TIGHT) is limit


def test_a_setpoint_says_its_reason_its_limit_and_what_the_device_did() -> None:
    reason = "charging 5.00 kW from the grid at 0.140/kWh, stored energy is worth 0.230/kWh"
    at = datetime(2026, 6, 1, 12, tzinfo=UTC)
    row = DecisionRow(at, -5000.0, 60.0, Rung.PLAN, reason, "clamped", "-4800 W: too warm")
    assert explain_decision(row, 6000.0, 50.0, BATTERY, TIGHT) == (
        f"{reason}; the inverter's charging rating binds; the device: clamped, -4800 W: too warm"
    )
    released = replace(row, battery_w=None, rung=Rung.RELEASE, reason="released: no meter", outcome="applied")
    assert explain_decision(released, None, None, BATTERY, TIGHT) == "released: no meter"


@pytest.mark.parametrize(
    ("amount", "text"), [(0.0, "0.00"), (1.234, "1.23"), (0.12345, "0.123"), (0.0012345, "0.00123"), (12.0, "12.00")]
)
def test_amounts_have_three_digits(amount: float, text: str) -> None:
    assert figure(amount) == text


def charged(interval_s: int, peak_w: float = 0.0, step_s: int = 900, interval_wh: float = 0.0) -> Basis:
    """Noon of the last day of a month, which ends within the plan."""
    demand = Demand(DemandCharge(12.0, interval_s), peak_w, interval_wh)
    noon = datetime(2026, 6, 29, 12, 30, tzinfo=UTC)
    horizon = Horizon(noon, step_s, 48 * 3600 // step_s)
    return basis(3, step_s, Connection(), now=noon, horizon=horizon, demand=demand)


@pytest.mark.parametrize("interval_s", [900, 1800, 3600])
@pytest.mark.parametrize(("peak_w", "interval_wh"), [(0.0, 0.0), (0.0, 900.0), (1500.0, 0.0)])
def test_what_is_quoted_of_a_demand_peak_is_what_a_higher_one_saves(
    interval_s: int, peak_w: float, interval_wh: float
) -> None:
    """The programme is built anew with a month's peak that is a watt higher, and solved by itself."""
    on = charged(interval_s, peak_w, interval_wh=interval_wh if interval_s > 1800 else 0.0)
    programme = again(on)
    terms = programme.problem.terms
    assert terms.peak is not None
    higher = replace(terms.peak, threshold_kw=terms.peak.threshold_kw + 0.001)
    more = replace(programme.problem, terms=replace(terms, peak=higher))
    plain, moved = (solve_schedule(site, 10.0).objective for site in (programme.problem, more))
    assert programme.over_plan(Limit.PEAK) == pytest.approx((plain - moved) / 0.001, rel=0.01)
    there = [i for i in range(192) if Limit.PEAK in reached(on, i)]
    peaks = [w for w in (explain_step(on, i, LONDON, programme) for i in there[:8]) if binds(w) is Limit.PEAK]
    assert peaks
    for why in peaks[:3]:
        index = why.index
        rows = terms.peak.interval == terms.peak.interval[index]
        one = replace(terms.peak, threshold_kw=terms.peak.threshold_kw + 0.001 * rows)
        alone = replace(programme.problem, terms=replace(terms, peak=one))
        saved = (plain - solve_schedule(alone, 10.0).objective) / 0.001
        assert why.bindings[0].worth == pytest.approx(saved, rel=0.01)
        assert f"the demand peak of {on.interval_import_w(index) / 1000:.1f} kW binds" in why.sentence
        assert "more would save" in why.sentence
        assert "in this interval" in why.sentence


def binds(why: StepWhy) -> Limit | None:
    return why.bindings[0].limit if why.bindings else None


def test_by_the_duals_the_same_peaks_bind() -> None:
    on = charged(900)
    programme, some = again(on), range(0, 192, 4)
    by_duals = [binds(explain_step(on, i, LONDON)) for i in some]
    moved = [binds(explain_step(on, i, LONDON, programme)) for i in some]
    assert Limit.PEAK in moved
    assert sum(one is two for one, two in zip(by_duals, moved, strict=True)) >= 44
