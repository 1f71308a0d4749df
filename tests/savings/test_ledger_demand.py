"""A demand charge in the savings ledger: days worked out by hand, and what must hold of every day."""

from datetime import UTC, datetime, time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.domain.demand_charge import DemandCharge
from agent.domain.ledger import LedgerCheckpoint
from agent.domain.site import Connection
from agent.domain.tariff import TimeOfUse, Window
from agent.domain.wire import from_json, to_json
from agent.savings.ledger import days
from agent.savings.ledger_sums import total
from agent.savings.metered import Metered, Rated
from tests.savings.test_ledger import LOSSLESS, START, UTC_ZONE, amounts, site

CHARGED = Rated(LOSSLESS, Connection(), (DemandCharge(10.0, 3600),))


def shaved(days_long: int = 1, start: datetime = START) -> Metered:
    """4 kW in the first hour of a day and 2 kW in the others; the battery takes 1 kW off the first and back."""
    done = np.array(([1000.0, -1000.0] + [0.0] * 22) * days_long)
    return site(LOSSLESS, done, 50.0, ([4000.0] + [2000.0] * 23) * days_long, 0.10, start=start)


def test_a_day_with_a_demand_charge_by_hand() -> None:
    """50 kWh at .10 whatever is done. Peaks: 4 kW without, 3 kW as it was, 2 kW by the rule, 50 / 24 kW at best."""
    found = amounts(list(days(shaved(), CHARGED, UTC_ZONE)))
    assert (found.no_battery, found.paid) == (45_000_000, 35_000_000)
    assert found.rule == 24_500_000  # 45 kWh: it spent the 5 that were in the battery
    assert found.hindsight == pytest.approx(5_000_000 + 10_000_000 * 50 / 24, abs=2_000)


def test_a_peak_is_paid_once_a_month_and_in_the_hour_that_makes_it() -> None:
    found = list(days(shaved(2), CHARGED, UTC_ZONE))
    first, second = (total([entry.amounts for entry in day.entries]) for day in found)
    assert (first.no_battery, second.no_battery) == (45_000_000, 5_000_000)
    assert found[0].entries[0].amounts.paid == 300_000 + 30_000_000
    assert found[0].entries[1].amounts.paid == 300_000
    assert second.saved == 0
    turned = list(days(shaved(2, datetime(2026, 6, 30, tzinfo=UTC)), CHARGED, UTC_ZONE))
    assert sum(entry.amounts.no_battery for entry in turned[1].entries) == 45_000_000


def test_going_on_from_a_day_knows_the_peaks_that_were_paid() -> None:
    metered = shaved(3)
    whole = list(days(metered, CHARGED, UTC_ZONE))
    carry = from_json(LedgerCheckpoint, to_json(whole[0].carry))
    assert carry.peaks is not None
    assert (carry.peaks.no_battery_kw, carry.peaks.paid_kw) == ((4.0,), (3.0,))
    assert list(days(metered, CHARGED, UTC_ZONE, carry)) == whole[1:]
    old = from_json(LedgerCheckpoint, '{"until":"2026-06-02T00:00:00+00:00","rule_soc_pct":50.0,"usable_wh":10000.0}')
    assert old.peaks is None
    assert len(list(days(metered, CHARGED, UTC_ZONE, old))) == 2


def test_hours_that_do_not_count_are_not_charged() -> None:
    hours = TimeOfUse(0.0, (Window(1.0, time(1), time(0)),), "UTC")  # all but the first hour of the day
    one = Rated(LOSSLESS, Connection(), (DemandCharge(10.0, 900, hours=hours), DemandCharge(5.0, 900, months=(1,))))
    found = amounts(list(days(shaved(), one, UTC_ZONE)))
    assert (found.no_battery, found.paid) == (25_000_000, 35_000_000)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 200), per_kw=st.floats(0.1, 20.0), interval_s=st.sampled_from([900, 1800, 3600]))
def test_a_day_with_a_demand_charge_never_saves_more_than_hindsight(seed: int, per_kw: float, interval_s: int) -> None:
    random = np.random.default_rng(seed)
    steps = 2 * 96
    done = np.repeat(random.uniform(-1500.0, 1500.0, steps // 4), 4)
    done -= done.mean()
    metered = site(LOSSLESS, done, 50.0, random.gamma(2.0, 800.0, steps), random.uniform(0.1, 0.3, steps), step_s=900)
    charged = Rated(LOSSLESS, Connection(), (DemandCharge(per_kw, interval_s),))
    for day in days(metered, charged, UTC_ZONE):
        found = total([entry.amounts for entry in day.entries])
        assert found.saved <= found.achievable + 50
        assert found.saved + found.forecast + found.plan + found.execution == found.achievable
