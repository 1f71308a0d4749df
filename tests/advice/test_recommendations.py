"""What is recommended, that its saving is the difference of two full calculations, and what became of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from agent.advice.recommendations import Site, advise
from agent.advice.risk_recommendations import coming_peak, data_faults, raise_reserve
from agent.advice.shift import profile, slot_of
from agent.domain.advisory import Advisory, AdvisoryState, AdvisoryType, FlexibleLoad, Outage
from agent.domain.battery import Battery
from agent.domain.demand_charge import DemandCharge
from agent.domain.horizon import Horizon
from agent.domain.request import Demand
from agent.domain.site import Connection
from agent.domain.suspect import DATA_FAULT, UNUSUAL, Suspect
from agent.domain.tariff import TimeOfUse, Window
from agent.explanation.limits import Basis
from agent.planning.optimise import solve_schedule
from agent.planning.planning_terms import Problem
from agent.recording.rollups import Rollup
from agent.savings.settle import Evidence, settle
from agent.savings.what_if import Bill, judged, what_if
from tests.advice.plans import basis
from tests.planning.days import NOW, forecast, request

LONDON = ZoneInfo("Europe/London")
BATTERY = Battery(10_000, 3_000, 4_000, 0.95, 0.95, soc_min_pct=10)
CARBON = (0.2,) * 48
HOUR = timedelta(hours=1)


def day(battery: Battery = BATTERY, soc_pct: float = 50.0, load_w: float = 800.0, **changes: object) -> Basis:
    """Noon to noon twice: 0.30 from 17 to 22 UTC, 0.10 from 0 to 5, else 0.20; no sun."""
    hours = [(12 + i) % 24 for i in range(48)]
    price = tuple(0.30 if 17 <= h < 22 else 0.10 if h < 5 else 0.20 for h in hours)
    fields: dict[str, object] = {
        "battery": battery, "soc_pct": soc_pct, "import_price": price, "export_price": (0.0,) * 48,
        "carbon_kg_per_kwh": CARBON, "connection": Connection(),
    }  # fmt: skip
    fields |= changes
    horizon = request(1, 48).horizon
    made = forecast("load_w", horizon, np.full(48, load_w)), forecast("pv_w", horizon, np.zeros(48))
    return basis(1, **({"forecasts": made} | fields))  # type: ignore[arg-type]


def of_kind(found: tuple[Advisory, ...], kind: AdvisoryType) -> Advisory | None:
    return next((one for one in found if one.kind is kind), None)


def site(**changes: object) -> Site:
    return replace(Site(NOW, LONDON, CARBON), **changes)  # type: ignore[arg-type]


def test_holding_for_the_evening_is_recommended() -> None:
    """By hand: the rule would spend 3.2 kWh at 0.20, and buying them back at 0.20 loses a tenth of that on the way.

    What the one hour left cannot charge is missing at 0.30; all of the 3.2 kWh would be worth 0.1 more there.
    """
    said = of_kind(advise(day(), site()), AdvisoryType.HOLD)
    assert said is not None
    assert said.key == "hold_battery/2025-06-02"
    assert said.headline == "Hold the battery from 13:00 to 17:00"
    assert said.end - said.start == 4 * HOUR
    assert 0.5 < said.chance < 1.0
    assert 3.2 * 0.20 * (1 / 0.95**2 - 1) < (said.cost_saving or 0.0) < 3.2 * 0.1
    assert said.support.forecast - said.support.optimum == pytest.approx(said.cost_saving)


def test_charging_in_the_night_is_recommended_with_its_energy() -> None:
    said = of_kind(advise(day(soc_pct=10.0, battery=replace(BATTERY, charge_w=2000.0)), site()), AdvisoryType.CHARGE)
    assert said is not None
    assert said.headline.startswith("Charge ")
    assert (said.cost_saving or 0.0) > 0.0
    assert "0.100 per kWh" in said.description or "0.200 per kWh" in said.description


def test_a_flat_tariff_without_sun_has_nothing_to_recommend() -> None:
    flat = day(import_price=(0.2,) * 48, soc_pct=10.0)
    loads = (FlexibleLoad("washer", 2000.0, 3600, time(8), time(20), time(18)),)
    assert advise(flat, site(loads=loads)) == ()


@pytest.mark.parametrize("seed", range(3))
def test_the_best_way_is_never_worse_than_the_rule(seed: int) -> None:
    on = basis(seed, connection=Connection(), carbon_kg_per_kwh=(0.0,) * 48)
    what = what_if(on, (0.0,) * 48)
    medians = what.futures[0]
    for end in (3, 12, 48):
        as_planned = what.after(medians, 0, end, [step.battery_w for step in on.plan.steps[:end]])
        assert as_planned.money == pytest.approx(what.best(medians).money, abs=0.01)
        assert as_planned.money <= what.after(medians, 0, end, None).money + 1e-6


def test_confidence_counts_the_futures_in_which_half_the_saving_comes() -> None:
    bills = [Bill(1.0, 0.0), Bill(0.4, 0.0), Bill(2.0, 0.0)]
    assert judged(bills).chance == pytest.approx(0.05 + 0.9 * 0.75)
    assert judged(bills).spread == pytest.approx(0.8)


# ------------------------------------------------------------------------------------------------- a load that can wait

WASHER = FlexibleLoad("washer", 2000.0, 7200, time(13), time(6), time(18))


def test_the_shifted_load_goes_where_it_costs_least() -> None:
    """Without a battery to speak of: 4 kWh at 0.30 become 4 kWh at 0.10."""
    small = Battery(10, 100, 100, soc_min_pct=10)
    said = of_kind(advise(day(small, load_w=2500.0), site(loads=(WASHER,))), AdvisoryType.SHIFT_LOAD)
    assert said is not None
    assert said.key == "shift_load/washer/2025-06-02"
    assert said.cost_saving == pytest.approx(4 * 0.2, rel=0.01)
    assert said.support.forecast == pytest.approx(1.2, rel=0.01)
    assert 0 <= said.start.hour < 4
    assert said.headline.endswith("instead of 18:00")


def test_a_load_is_not_shifted_onto_the_peak_of_the_month() -> None:
    """It would save .40 of energy at night, where the house is heated with 5 kW; another kW there costs 15."""
    small = Battery(10, 100, 100, soc_min_pct=10)
    horizon = request(1, 48).horizon
    load_w = np.array([5000.0 if at.hour < 5 else 1000.0 for at in horizon.times()])
    loads = forecast("load_w", horizon, load_w), forecast("pv_w", horizon, np.zeros(48))
    free = of_kind(advise(day(small, forecasts=loads), site(loads=(WASHER,))), AdvisoryType.SHIFT_LOAD)
    assert free is not None
    assert free.start.hour < 5
    demand = Demand(DemandCharge(15.0), 5000.0)
    on = day(small, forecasts=loads, demand=demand)
    charged = of_kind(advise(on, site(loads=(WASHER,))), AdvisoryType.SHIFT_LOAD)
    assert charged is None or charged.start.hour >= 5


def test_its_saving_is_the_difference_of_two_plans() -> None:
    """With a battery the difference is smaller; it is found again by two plans of our own."""
    on = day(load_w=2500.0)
    said = of_kind(advise(on, site(loads=(WASHER,))), AdvisoryType.SHIFT_LOAD)
    assert said is not None
    first = int((said.start - NOW) / HOUR)
    usual = 5  # 18:00 in London is 17:00 UTC, five hours after noon
    what = what_if(on, CARBON)
    costs = []
    for start in (usual, first):
        load = what.futures[0].load_w.copy()
        load[usual : usual + 2] -= 2000.0
        load[start : start + 2] += 2000.0
        problem = what.futures[0]
        terms = replace(problem.terms, import_price=np.array([s.import_price for s in on.plan.steps]))
        costs.append(solve_schedule(Problem(terms, problem.soc_wh, load, problem.pv_w), 5.0).objective)
    assert said.cost_saving == pytest.approx(costs[0] - costs[1], rel=0.02)


@pytest.mark.parametrize(
    ("hour", "first", "usual"),
    [
        (12, "02 12:00", "02 17:00"),  # 13:00 in London
        (16, "02 16:00", "02 17:00"),
        (18, "03 12:00", "03 17:00"),  # today's usual time is over
    ],
)
def test_the_next_window_is_the_first_whose_usual_time_is_ahead(hour: int, first: str, usual: str) -> None:
    slot = slot_of(WASHER, NOW.replace(hour=hour), LONDON)
    assert slot is not None
    assert (f"{slot.first:%d %H:%M}", f"{slot.usual:%d %H:%M}") == (first, usual)
    assert slot.last == slot.usual.replace(hour=3) + timedelta(days=1)  # two hours before six in London


def test_a_load_longer_than_its_window_fits_nowhere() -> None:
    assert slot_of(FlexibleLoad("oven", 1000.0, 7201, time(10), time(12)), NOW, LONDON) is None


@pytest.mark.parametrize("minutes", [0, 7, 30])
def test_a_profile_holds_the_energy_of_the_load(minutes: int) -> None:
    found = profile(Horizon(NOW, 900, 96), WASHER, NOW + HOUR + timedelta(minutes=minutes))
    assert found.sum() / 4 == pytest.approx(4000.0)
    assert found.max() == pytest.approx(2000.0)


# ---------------------------------------------------------------------------------------------------- what may go wrong


CHARGE = DemandCharge(15.0)


def test_a_coming_peak_names_its_cost() -> None:
    on = day(Battery(10, 100, 100), load_w=6000.0)
    said = coming_peak(on, NOW, LONDON, 5000.0, CHARGE)
    assert said is not None
    peak_w = max(step.import_w for step in on.plan.steps[:36])
    assert said.cost_saving == pytest.approx(15.0 * (peak_w - 5000.0) / 1000.0)
    assert 0.5 < said.chance < 1.0
    assert coming_peak(on, NOW, LONDON, 6200.0, CHARGE) is None
    assert coming_peak(on, NOW, LONDON, None, CHARGE) is None


def evening(step_s: int = 3600) -> Basis:
    """Without a battery to speak of: 9 kW in the first quarter or hour after 18:00 UTC, 1 kW else; it is 12:00."""
    steps = 48 * 3600 // step_s
    horizon = Horizon(NOW, step_s, steps)
    load_w = np.array([9000.0 if (at.hour, at.minute) == (18, 0) else 1000.0 for at in horizon.times()])
    made = forecast("load_w", horizon, load_w), forecast("pv_w", horizon, np.zeros(steps))
    flat: dict[str, object] = {
        "battery": Battery(10, 10, 10), "import_price": (0.2,) * steps, "export_price": (0.0,) * steps,
        "carbon_kg_per_kwh": (0.2,) * steps, "connection": Connection(), "forecasts": made,
    }  # fmt: skip
    return basis(1, step_s, **flat)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("start", "end", "months", "told"),
    [
        (time(16), time(21), (6,), True),
        (time(0), time(0), (6,), True),
        (time(7), time(18), (6,), False),  # until 17:00 UTC
        (time(16), time(21), (7,), False),
    ],
)
def test_a_peak_costs_something_in_the_hours_and_months_that_count(
    start: time, end: time, months: tuple[int, ...], told: bool
) -> None:
    hours = TimeOfUse(0.0, (Window(1.0, start, end),), "Europe/London")
    said = coming_peak(evening(), NOW, LONDON, 2000.0, DemandCharge(15.0, 3600, months, hours))
    assert (said is not None) is told


def test_a_peak_of_the_month_that_follows_is_not_above_this_one() -> None:
    last = datetime(2025, 6, 30, 12, tzinfo=UTC)
    on = evening()
    later = replace(on, plan=replace(on.plan, horizon=Horizon(last, 3600, 48)))
    said = coming_peak(later, last, LONDON, 2000.0, CHARGE)
    assert said is not None
    assert said.start == last + 6 * HOUR
    assert coming_peak(later, last + 7 * HOUR, LONDON, 2000.0, CHARGE) is None


@pytest.mark.parametrize(("interval_s", "peak_w"), [(900, 9000.0), (1800, 5000.0), (3600, 3000.0)])
def test_a_peak_is_the_mean_of_the_interval_that_is_charged(interval_s: int, peak_w: float) -> None:
    said = coming_peak(evening(900), NOW, LONDON, 2000.0, DemandCharge(15.0, interval_s))
    assert said is not None
    assert said.cost_saving == pytest.approx(15.0 * (peak_w - 2000.0) / 1000.0, rel=0.01)
    assert (said.end - said.start).total_seconds() == interval_s
    spans = tuple(
        Rollup(NOW + i * HOUR / 4, 900.0, 0, 9000.0 if i == 24 else 1000.0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, None, None)
        for i in range(36)
    )
    became = settle(said, Evidence(900, spans, (0.2,) * 36, (0.0,) * 36), BATTERY, LATER)
    assert became.came_true is True
    assert f"{peak_w / 1000:.1f} kW" in became.text


def test_a_peak_over_the_connection_is_told_without_money() -> None:
    on = day(Battery(10, 100, 100), load_w=6000.0, connection=Connection(5500.0))
    said = coming_peak(on, NOW, LONDON, None, None)
    assert said is not None
    assert said.cost_saving is None
    assert "The import limit of the connection is 5.5 kW" in said.description


def test_the_newest_data_fault_of_each_meter_is_told() -> None:
    def suspect(quantity: str, hours: float, kind: str = DATA_FAULT) -> Suspect:
        return Suspect(quantity, NOW - (hours + 1) * HOUR, NOW - hours * HOUR, kind, f"it stood still {hours}")

    found = data_faults(
        [suspect("load_w", 9), suspect("load_w", 3), suspect("pv_w", 60), suspect("pv_w", 1, UNUSUAL)], NOW, LONDON
    )
    assert [one.key for one in found] == ["data_fault/load_w/2025-06-02"]
    assert "it stood still 3" in found[0].description
    assert found[0].cost_saving is None


@pytest.mark.parametrize(
    ("hours", "value", "raised"),
    [
        ([6.0, 5.0, 7.0], 20.0, True),
        ([6.0, 5.0, 7.0], 0.1, False),
        ([6.0], 20.0, False),
        ([0.1, 0.1, 0.2], 20.0, False),
    ],
)
def test_the_reserve_is_raised_where_outages_were_long_and_dear(hours: list[float], value: float, raised: bool) -> None:
    said = raise_reserve(day(), NOW, hours, 30.0, 500.0, value)
    assert (said is not None) is raised
    if said is not None:
        assert said.support.optimum == pytest.approx(10.0 + 100.0 * 500.0 * 6.0 / 0.95 / 10_000, abs=0.1)
        assert (said.cost_saving or 0.0) > 0.0


def test_everything_that_is_known_goes_in() -> None:
    outages = tuple(Outage(NOW - timedelta(days=d), NOW - timedelta(days=d) + 6 * HOUR) for d in (3, 9, 20))
    more = site(outages=outages, outage_days=30.0, outage_value_per_kwh=20.0, critical_load_w=500.0, loads=(WASHER,))
    kinds = {one.kind for one in advise(day(load_w=2500.0), more)}
    assert {AdvisoryType.RAISE_RESERVE, AdvisoryType.SHIFT_LOAD, AdvisoryType.HOLD} <= kinds


def test_a_carbon_curve_of_another_length_is_one_sentence() -> None:
    with pytest.raises(ValueError, match="carbon_kg_per_kwh has shape"):
        advise(day(), site(carbon_kg_per_kwh=(0.2,) * 3))


# ---------------------------------------------------------------------------------------------------- what became of it


def measured(
    on: Basis,
    battery_w: Callable[[int], float],
    load_w: Callable[[int], float] | None = None,
    covered_s: float = 3600.0,
) -> Evidence:
    """A day's hours with the battery at ``battery_w`` of each hour and the load of the plan or ``load_w``."""
    spans, soc = [], on.start_soc_pct()
    for i, step in enumerate(on.plan.steps[:36]):
        load, battery = step.load_w if load_w is None else load_w(i), battery_w(i)
        spans.append(
            Rollup(
                NOW + i * HOUR, covered_s, 0, load - battery, 0, battery, load, soc, soc, soc, 0, 0, 0, 0, None, None
            )
        )
        stored = -battery / on.battery.discharge_efficiency if battery > 0 else -battery * on.battery.charge_efficiency
        soc += 100.0 * stored / on.battery.usable_wh
    prices = [(step.import_price, step.export_price) for step in on.plan.steps[:36]]
    return Evidence(3600, tuple(spans), tuple(p for p, _ in prices), tuple(p for _, p in prices))


LATER = NOW + timedelta(hours=36)


def test_a_hold_that_was_kept_saved_what_was_promised() -> None:
    on = day()
    said = of_kind(advise(on, site()), AdvisoryType.HOLD)
    assert said is not None
    kept = settle(said, measured(on, lambda i: on.plan.steps[i].battery_w), on.battery, LATER)
    assert kept.came_true is True
    assert kept.saved == pytest.approx(said.cost_saving, rel=0.2)
    as_the_rule = settle(said, measured(on, lambda i: 800.0 if i < 5 else 0.0), on.battery, LATER)
    assert as_the_rule.came_true is False
    assert as_the_rule.saved == pytest.approx(0.0, abs=0.01)


def test_what_was_not_measured_is_not_judged() -> None:
    on = day()
    said = of_kind(advise(on, site()), AdvisoryType.HOLD)
    assert said is not None
    assert settle(said, measured(on, lambda i: 0.0, covered_s=1000.0), on.battery, LATER).came_true is None
    assert settle(said, Evidence(3600, (), (), ()), on.battery, LATER).came_true is None


@pytest.mark.parametrize(("ran", "came_true"), [(True, True), (False, None)])
def test_a_shift_is_judged_by_the_load_that_ran(ran: bool, came_true: bool | None) -> None:
    """Where it did not run then, nothing can be said of what it would have saved."""
    on = day(Battery(10, 100, 100, soc_min_pct=10), load_w=2500.0)
    said = of_kind(advise(on, site(loads=(WASHER,))), AdvisoryType.SHIFT_LOAD)
    assert said is not None
    first = int((said.start - NOW) / HOUR)
    evidence = measured(on, lambda i: 0.0, lambda i: 2500.0 if ran and first <= i < first + 2 else 500.0)
    became = settle(said, evidence, on.battery, LATER, WASHER)
    assert became.came_true is came_true
    assert became.saved == pytest.approx(said.cost_saving if ran else 0.0, rel=0.02)


@pytest.mark.parametrize(("sun_w", "share"), [(5000.0, 1.0), (1500.0, 0.5), (0.0, 0.0)])
def test_a_run_in_the_sun_costs_what_the_sun_would_have_been_sold_for(sun_w: float, share: float) -> None:
    """4 kWh at .30 in the evening, or at .08 in the sun; ``share`` of it came from a sun of 1.5 kW and a load of .5."""
    horizon = request(1, 48).horizon
    loads = forecast("load_w", horizon, np.array([2500.0 if at.hour in (17, 18) else 500.0 for at in horizon.times()]))
    suns = forecast("pv_w", horizon, np.array([5000.0 if 9 <= at.hour < 16 else 0.0 for at in horizon.times()]))
    prices: dict[str, object] = {"import_price": (0.3,) * 48, "export_price": (0.08,) * 48}
    on = day(Battery(10, 100, 100, soc_min_pct=10), forecasts=(loads, suns), **prices)  # type: ignore[arg-type]
    said = of_kind(advise(on, site(loads=(WASHER,))), AdvisoryType.SHIFT_LOAD)
    assert said is not None
    assert said.cost_saving == pytest.approx(4.0 * 0.22, rel=0.01)
    first = int((said.start - NOW) / HOUR)
    found = measured(on, lambda i: 0.0, lambda i: 2500.0 if first <= i < first + 2 else 500.0)
    sunny = tuple(replace(span, pv_w=sun_w, grid_w=(span.load_w or 0.0) - sun_w) for span in found.spans)
    became = settle(said, replace(found, spans=sunny), on.battery, LATER, WASHER)
    assert became.saved == pytest.approx(4.0 * 0.22 * share, abs=0.01)
    assert became.came_true is (share >= 0.5)


@pytest.mark.parametrize(
    ("load_w", "state", "came_true", "share"),
    [
        (6000.0, AdvisoryState.OPEN, True, 0.0),
        (4000.0, AdvisoryState.OPEN, False, 0.0),
        (4000.0, AdvisoryState.ACKNOWLEDGED, None, 1.0),
    ],
)
def test_a_peak_is_judged_by_the_meter(
    load_w: float, state: AdvisoryState, came_true: bool | None, share: float
) -> None:
    """``share`` of what it would have cost was saved: nothing where it stayed away by itself."""
    on = day(Battery(10, 100, 100), load_w=6000.0)
    said = coming_peak(on, NOW, LONDON, 5000.0, CHARGE)
    assert said is not None
    assert said.cost_saving is not None
    evidence = measured(on, lambda i: 0.0, lambda i: load_w)
    became = settle(replace(said, state=state), evidence, on.battery, LATER)
    assert (became.came_true, became.saved) == (came_true, pytest.approx(share * said.cost_saving))


@pytest.mark.parametrize(
    ("state", "came_true"),
    [(AdvisoryState.OPEN, None), (AdvisoryState.DISMISSED, False), (AdvisoryState.ACKNOWLEDGED, True)],
)
def test_a_fault_is_judged_by_people(state: AdvisoryState, came_true: bool | None) -> None:
    fault = data_faults([Suspect("pv_w", NOW - HOUR, NOW, DATA_FAULT, "it stood still")], NOW, LONDON)[0]
    nothing = Evidence(3600, (), (), ())
    assert settle(replace(fault, state=state), nothing, BATTERY, LATER).came_true is came_true


def test_prices_that_do_not_fit_are_one_sentence() -> None:
    with pytest.raises(ValueError, match="one import price and one export price"):
        Evidence(3600, (), (0.1,), ())


def test_a_load_without_power_is_refused() -> None:
    with pytest.raises(ValueError, match="the flexible load pump has no power or no duration"):
        FlexibleLoad("pump", 0.0, 60, time(1), time(2))


assert datetime(2025, 6, 2, 12, tzinfo=UTC) == NOW  # the hours above are counted from it
