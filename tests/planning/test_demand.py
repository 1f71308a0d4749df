"""The demand charge: which peak can be held, where import begins to cost more, and what the fast loop makes of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from agent.dispatch.economic_dispatch import economic_dispatch
from agent.dispatch.moment import Moment
from agent.domain.battery import Battery
from agent.domain.demand_charge import DemandCharge
from agent.domain.horizon import Horizon
from agent.domain.plan import PeakPrice
from agent.domain.request import Demand, PlanRequest
from agent.domain.site import Connection
from agent.domain.wire import from_json, to_json
from agent.forecasting.site_forecast import SiteForecast
from agent.planning.check import check_plan
from agent.planning.demand import peaks_of
from agent.planning.held_peaks import lowest_peak_w
from agent.planning.make_plan import make_plan, terms_of
from agent.planning.past_intervals import Intervals
from agent.planning.peak import Floats
from tests.planning.days import BATTERY, errors, forecasts, peak_of, request

LOSSLESS = Battery(10_000, 5_000, 5_000, 1.0, 1.0, soc_min_pct=0, soc_max_pct=100)


@pytest.mark.parametrize(
    ("net_w", "expected"),
    [
        ([], 0.0),
        ([3000.0, 3000.0], 0.0),  # 10 kWh cover both hours
        ([9000.0], 4000.0),  # the rating binds
        ([4000.0] * 5, 2000.0),  # 20 kWh of load less 10 of battery over five hours
        ([4000.0] * 5 + [0.0] * 20 + [4000.0] * 5, 2000.0),  # filled again between
        ([8000.0, 0.0, 8000.0], 3000.0),  # refilling counts against the peak too, but is within it
    ],
)
def test_the_lowest_peak_that_could_be_held(net_w: list[float], expected: float) -> None:
    assert lowest_peak_w(np.array(net_w), 1.0, LOSSLESS) == pytest.approx(expected, abs=15.0)


def asked_on(day: datetime, charge: DemandCharge, peak_w: float, step_s: int = 3600, steps: int = 48) -> PlanRequest:
    asked = request(steps=steps, step_s=step_s, demand=Demand(charge, peak_w))
    return replace(asked, now=day + timedelta(seconds=20), horizon=Horizon(day, step_s, steps), battery=LOSSLESS)


FLAT_W = np.full(31 * 24, 4000.0)  # the battery cannot hold less for long


def test_without_a_charge_there_is_no_peak() -> None:
    asked = request()
    assert peaks_of(asked, terms_of(asked), FLAT_W, np.zeros(48)) == ()


def test_of_each_charge_the_past_is_billed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[DemandCharge] = []
    of = Intervals.of

    def noted(net_w: Floats, start: int, step_s: int, charge: DemandCharge) -> Intervals:
        made.append(charge)
        return of(net_w, start, step_s, charge)

    monkeypatch.setattr(Intervals, "of", noted)
    charges = DemandCharge(5.0, 3600), DemandCharge(9.0, 3600, months=(7,))
    asked = asked_on(datetime(2026, 7, 1, tzinfo=UTC), charges[0], 4_000.0)
    asked = replace(asked, demand=Demand(charges[0], 4_000.0, others=(Demand(charges[1], 4_000.0),)))
    assert len(peaks_of(asked, terms_of(asked), FLAT_W, np.zeros(48))) == 2
    assert made == list(charges)


@pytest.mark.parametrize(("ratchet", "left", "expected_kw"), [(0.0, 20, 6.5), (0.0, 0, 4.0), (1.0, 20, 4.0)])
def test_import_is_free_up_to_where_a_peak_saves_what_it_costs(ratchet: float, left: int, expected_kw: float) -> None:
    """Four cheap hours fill 10 kWh at 2.5 kW above a flat load, for .2 a kWh on every day that is left."""
    price = tuple(0.1 if hour % 24 < 4 else 0.3 for hour in range(48))
    charge = DemandCharge(5.0, 3600, ratchet_share=ratchet)
    asked = asked_on(datetime(2026, 6, 30 - left, tzinfo=UTC), charge, 4_000.0)
    asked = replace(asked, import_price=price, carbon_kg_per_kwh=(0.0,) * 48)
    (peak,) = peaks_of(asked, terms_of(asked), FLAT_W, np.zeros(48))
    assert peak.threshold_kw[0] == pytest.approx(expected_kw, abs=0.4)  # above the past a peak is told by tenths


def test_the_threshold_is_what_the_month_costs_anyway() -> None:
    day = datetime(2026, 6, 10, tzinfo=UTC)
    low = peak_of(asked_on(day, DemandCharge(15.0), 1000.0), FLAT_W, np.zeros(48))
    high = peak_of(asked_on(day, DemandCharge(15.0), 7000.0), FLAT_W, np.zeros(48))
    assert low.threshold_kw == pytest.approx(np.full(48, 4.0), abs=0.1)
    assert high.threshold_kw == pytest.approx(np.full(48, 7.0))
    assert (low.per_kw == 15.0).all()


def test_a_new_month_begins_with_what_can_be_held_and_not_with_nothing() -> None:
    """The old month's peak is paid; the new month's is not set by anything below what the battery could hold."""
    last_day = datetime(2026, 6, 30, 0, tzinfo=UTC)
    peak = peak_of(asked_on(last_day, DemandCharge(15.0), 9000.0), FLAT_W, np.zeros(48))
    turn = 23  # the site's clock is an hour ahead in summer
    assert peak.threshold_kw[:turn] == pytest.approx(np.full(turn, 9.0))
    assert peak.threshold_kw[turn:] == pytest.approx(np.full(48 - turn, 4.0), abs=0.1)
    assert len(set(peak.month[:turn])) == 1
    assert peak.month[turn] == peak.month[0] + 1


def test_months_without_a_charge_cost_nothing() -> None:
    last_day = datetime(2026, 6, 30, 0, tzinfo=UTC)
    peak = peak_of(asked_on(last_day, DemandCharge(15.0, months=(7,)), 0.0), FLAT_W, np.zeros(48))
    assert set(peak.per_kw[:23]) == {0.0}
    assert set(peak.per_kw[23:]) == {15.0}


@pytest.mark.parametrize(("step_s", "interval_s", "many"), [(900, 3600, 4), (900, 900, 1), (3600, 900, 1)])
def test_intervals_are_whole_steps(step_s: int, interval_s: int, many: int) -> None:
    day = datetime(2026, 6, 10, tzinfo=UTC)
    asked = asked_on(day, DemandCharge(15.0, interval_s), 0.0, step_s)
    peak = peak_of(asked, np.full(200, np.nan), np.zeros(48))
    assert (np.bincount(peak.interval) == many).all()


def test_past_that_was_not_measured_is_left_out() -> None:
    day = datetime(2026, 6, 10, tzinfo=UTC)
    holes = FLAT_W.copy()
    holes[::3] = np.nan
    peak = peak_of(asked_on(day, DemandCharge(15.0), 0.0), holes, np.zeros(48))
    assert np.isfinite(peak.threshold_kw).all()


def test_a_plan_holds_the_peak_in_money_and_crosses_the_wire() -> None:
    asked = request(demand=Demand(DemandCharge(15.0), 2500.0))
    load, sun = forecasts(asked)
    plan = make_plan(asked, SiteForecast(load, sun, errors(48, seed=1), errors(48, seed=2)), 10.0, np.full(700, 500.0))
    assert check_plan(plan, asked) == []
    assert plan.values.peak is not None
    assert len(plan.values.peak.threshold_w) == 48
    assert min(plan.values.peak.threshold_w) == pytest.approx(2500.0)
    assert from_json(type(plan), to_json(plan)) == plan
    assert from_json(PlanRequest, to_json(asked)) == asked
    free = make_plan(replace(asked, demand=None), SiteForecast(load, sun, errors(48, seed=1), errors(48, seed=2)), 10.0)
    dear = Moment(asked.horizon.start, 4000.0, 60.0, 0.0, 0.0)  # energy costs nothing now, its peak does
    with_charge, without = (economic_dispatch(one, dear, BATTERY, Connection()) for one in (plan, free))
    assert with_charge is not None
    assert without is not None
    assert with_charge.battery_w == pytest.approx(1500.0, abs=1.0)
    assert without.battery_w < 0.0


@pytest.mark.parametrize(
    ("minute", "imported_wh", "held_w"),
    [(0, 0.0, 4000.0), (30, 2000.0, 4000.0), (30, 1000.0, 6000.0), (45, 3900.0, 400.0), (45, 4500.0, 0.0)],
)
def test_the_interval_is_held_with_the_energy_that_is_left(minute: int, imported_wh: float, held_w: float) -> None:
    peak = PeakPrice(3600, (4000.0,), (15.0,))
    at = datetime(2026, 6, 10, 12, minute, tzinfo=UTC)
    assert peak.held_w(0, at, imported_wh) == pytest.approx(held_w)


@pytest.mark.parametrize(
    "wrong", [{"per_kw": -1.0}, {"per_kw": 15.0, "interval_s": 1000}, {"per_kw": 1.0, "months": (0,)}]
)
def test_charges_that_cannot_be(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="demand charge"):
        DemandCharge(**wrong)  # type: ignore[arg-type]


def test_the_rest_of_a_charge_is_numbered_from_nought() -> None:
    day = datetime(2026, 6, 10, tzinfo=UTC)
    peak = peak_of(asked_on(day, DemandCharge(15.0), 2000.0, 900), FLAT_W, np.zeros(48))
    rest = peak.after(5)
    assert rest.interval[0] == 0
    assert len(rest.threshold_kw) == len(rest.per_kw) == len(rest.month) == 43
    assert peak.after(0) is peak


def test_the_last_seconds_of_an_interval_allow_no_rush() -> None:
    peak = PeakPrice(900, (2000.0,), (15.0,), (0,))
    end = datetime(2026, 6, 10, 12, 15, tzinfo=UTC)
    allowed = [peak.held_w(0, end - timedelta(seconds=left), 400.0) for left in (300, 60, 10, 1)]
    assert allowed[0] == pytest.approx(1200.0)  # 100 Wh in five minutes
    assert allowed[1] == pytest.approx(6000.0)
    assert allowed[2] == pytest.approx((100.0 + 2000.0 * 50 / 3600) * 60)
    assert max(allowed) < 8100.0, "spread over a minute at least, with the next interval's share"
