"""The savings ledger: days worked out by hand, and what must hold of every day."""

from dataclasses import fields, replace
from datetime import UTC, date, datetime
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.domain.battery import Battery
from agent.domain.horizon import Horizon
from agent.domain.ledger import MICRO, Amounts, LedgerCheckpoint
from agent.domain.site import Connection
from agent.domain.wire import from_json, to_json
from agent.planning.battery_arrays import stored_changes
from agent.savings.ledger import Day, days
from agent.savings.ledger_sums import by_period, total
from agent.savings.metered import Floats, Metered, Rated

UTC_ZONE = ZoneInfo("UTC")
START = datetime(2026, 6, 1, tzinfo=UTC)
LOSSLESS = Battery(10_000, 5_000, 5_000, 1.0, 1.0, soc_min_pct=0.0)
REAL = Battery(10_000, 5_000, 5_000, 0.95, 0.95, soc_min_pct=10.0)


def site(
    battery: Battery, battery_w: Floats, soc_pct: float, load_w: object, price: object, pv_w: object = 0.0,
    sold: object = 0.0, commanded_w: object = np.nan, start: datetime = START, step_s: int = 3600,
) -> Metered:  # fmt: skip
    """What is measured when a battery with its rated efficiencies runs at ``battery_w`` from ``soc_pct``."""
    steps = len(battery_w)
    changes = stored_changes(battery, battery_w, step_s / 3600.0)
    means = battery.stored_wh(soc_pct) + np.cumsum(changes) - changes / 2.0

    def curve(values: object) -> Floats:
        return np.array(np.broadcast_to(np.asarray(values, dtype=float), steps))

    return Metered(
        Horizon(start, step_s, steps), curve(load_w), curve(pv_w), battery_w, 100.0 * means / battery.usable_wh,
        curve(commanded_w), curve(price), curve(sold), curve(0.0),
    )  # fmt: skip


def rated(battery: Battery) -> Rated:
    return Rated(battery, Connection())


def amounts(found: list[Day]) -> Amounts:
    return total([entry.amounts for day in found for entry in day.entries])


def ledger(metered: Metered, battery: Battery, carry: LedgerCheckpoint | None = None) -> list[Day]:
    return list(days(metered, rated(battery), UTC_ZONE, carry))


def without(metered: Metered, quantity: str, *steps: int) -> Metered:
    values = getattr(metered, quantity).copy()
    values[list(steps)] = np.nan
    return replace(metered, **{quantity: values})


def test_a_day_by_hand() -> None:
    """Two cheap hours at .10, two dear ones at .30, 4 kW of load, an empty lossless battery of 10 kWh and 5 kW.

    No battery: 4 kWh x (.10 + .10 + .30 + .30) = 3.20. Done: 3 kW in at hour 0, out at hour 2: saves 3 x .20 = .60.
    Best: 8 kWh bought at .10 for the dear hours: saves 8 x .20 = 1.60. The rule has nothing to give and saves 0.
    """
    price = [0.10, 0.10, 0.30, 0.30] + [0.10] * 20
    load_w = [4000.0] * 4 + [0.0] * 20
    done = np.array([-3000.0, 0.0, 3000.0, 0.0] + [0.0] * 20)
    found = amounts(ledger(site(LOSSLESS, done, 0.0, load_w, price), LOSSLESS))
    assert (found.hours, found.no_battery, found.paid) == (24, 3_200_000, 2_600_000)
    assert (found.saved, found.achievable, found.saved_by_rule) == (600_000, 1_600_000, 0)
    assert (found.plan, found.execution, found.forecast) == (0, 0, 1_000_000)


def test_what_the_battery_did_not_do_is_execution() -> None:
    """The same day; 4 kW were asked for in all four hours, which is best, and 3 kW came in one of each pair."""
    price = [0.10, 0.10, 0.30, 0.30] + [0.10] * 20
    load_w = [4000.0] * 4 + [0.0] * 20
    done = np.array([-3000.0, 0.0, 3000.0, 0.0] + [0.0] * 20)
    asked = [-4000.0, -4000.0, 4000.0, 4000.0] + [0.0] * 20
    found = amounts(ledger(site(LOSSLESS, done, 0.0, load_w, price, commanded_w=asked), LOSSLESS))
    assert (found.execution, found.plan, found.forecast) == (1_000_000, 0, 0)


def test_what_the_planner_forgoes_for_the_batterys_life_is_the_plan() -> None:
    """The same day, .25 of wear a kWh above a spread of .20: the planner rests, and the bill could be 1.60 lower."""
    price = [0.10, 0.10, 0.30, 0.30] + [0.10] * 20
    worn = replace(LOSSLESS, wear_per_kwh=0.25)
    found = amounts(ledger(site(worn, np.zeros(24), 0.0, [4000.0] * 4 + [0.0] * 20, price), worn))
    assert (found.saved, found.achievable, found.plan, found.forecast) == (0, 1_600_000, 1_600_000, 0)


def test_hindsight_leaves_the_battery_as_full_as_it_was_left() -> None:
    """5 kWh bought at .30 and kept: hindsight buys them at .10 and owns nothing more for it."""
    price = [0.30, 0.10] + [0.30] * 22
    done = np.array([-5000.0] + [0.0] * 23)
    found = amounts(ledger(site(LOSSLESS, done, 0.0, 0.0, price), LOSSLESS))
    assert (found.saved, found.achievable) == (-1_500_000, -500_000)


def test_the_sun_is_kept_for_the_evening_by_the_rule_too() -> None:
    """6 kWh of surplus, sold for nothing, bought at .25: through .95 each way 6 x .9025 = 5.415 kWh come back."""
    load_w = [0.0] * 12 + [2000.0] * 12
    pv_w = [2000.0] * 3 + [0.0] * 21
    battery = replace(REAL, soc_min_pct=0.0)
    found = amounts(ledger(site(battery, np.zeros(24), 0.0, load_w, 0.25, pv_w), battery))
    assert (found.saved, found.saved_by_rule, found.achievable) == (0, 1_353_750, 1_353_750)
    ruled = np.array([-2000.0] * 3 + [0.0] * 9 + [2000.0, 2000.0, 1415.0] + [0.0] * 9)
    done = amounts(ledger(site(battery, ruled, 0.0, load_w, 0.25, pv_w), battery))
    assert (done.saved, done.saved_by_rule, done.achievable) == (1_353_750, 1_353_750, 1_353_750)


def test_a_flat_tariff_with_nothing_to_do_is_nothing() -> None:
    found = amounts(ledger(site(REAL, np.zeros(48), 10.0, 700.0, 0.28), REAL))
    assert found.no_battery == found.paid == found.rule == found.hindsight == round(48 * 0.7 * 0.28 * MICRO)
    assert (found.saved, found.achievable, found.plan, found.execution, found.forecast) == (0, 0, 0, 0, 0)


@pytest.mark.parametrize("quantity", ["load_w", "pv_w", "battery_w", "soc_pct", "import_price", "export_price"])
def test_an_hour_counts_only_when_measured(quantity: str) -> None:
    whole = site(LOSSLESS, np.zeros(96), 50.0, 0.0, 0.2, step_s=900)
    found = ledger(without(whole, quantity, 21), LOSSLESS)
    assert [entry.at.hour for entry in found[0].entries] == [hour for hour in range(24) if hour != 5]


def test_the_rules_own_battery_keeps_its_charge_over_a_hole() -> None:
    """It stored 3 kWh of sun before the hole and gives them after it, whatever the real one did meanwhile."""
    load_w, pv_w = [0.0] * 20 + [1000.0] * 4, [3000.0] + [0.0] * 23
    whole = site(LOSSLESS, np.zeros(24), 0.0, load_w, 0.2, pv_w)
    found = amounts(ledger(without(whole, "load_w", *range(5, 15)), LOSSLESS))
    assert (found.hours, found.saved_by_rule) == (14, 600_000)


def test_a_new_battery_gives_the_rule_the_real_charge_again() -> None:
    metered = site(LOSSLESS, np.zeros(24), 40.0, 1000.0, 0.2)
    old = LedgerCheckpoint(START, 0.0, LOSSLESS.usable_wh / 2.0)
    assert amounts(ledger(metered, LOSSLESS, old)).saved_by_rule == 800_000
    assert amounts(ledger(metered, LOSSLESS, replace(old, usable_wh=LOSSLESS.usable_wh))).saved_by_rule == 0


def test_a_day_is_the_sites_own() -> None:
    metered = site(LOSSLESS, np.zeros(72), 0.0, 1000.0, 0.2, start=datetime(2026, 3, 28, 12, tzinfo=UTC))
    berlin = ZoneInfo("Europe/Berlin")
    found = list(days(metered, rated(LOSSLESS), berlin))
    assert [(day.date, len(day.entries)) for day in found] == [
        (date(2026, 3, 28), 11), (date(2026, 3, 29), 23), (date(2026, 3, 30), 24), (date(2026, 3, 31), 14)
    ]  # fmt: skip
    entries = [entry for day in found for entry in day.entries]
    assert {name: one.hours for name, one in by_period(entries, "month", berlin).items()} == {"2026-03": 72}
    assert list(by_period(entries, "day", berlin)) == ["2026-03-28", "2026-03-29", "2026-03-30", "2026-03-31"]
    assert by_period(entries, "year", berlin) == {"2026": total([entry.amounts for entry in entries])}


def test_days_before_the_first_that_is_asked_for_move_the_rule_and_nothing_else() -> None:
    metered, all_days = IN_FOUR_DAYS, four_days()
    late = list(days(metered, rated(REAL), UTC_ZONE, since=date(2026, 6, 3)))
    assert [len(day.entries) for day in late] == [0, 0, 24, 24]
    assert late[2:] == all_days[2:]


def made_up(seed: int, hours: int, sold: float = 0.05) -> Metered:
    """A site with a battery that does what a dice says, inside its limits."""
    drawn = np.random.default_rng(seed)
    energy_wh, powers = 5000.0, np.zeros(hours)
    for hour in range(hours):
        most = min(5000.0, (energy_wh - 1000.0) * 0.95)
        least = -min(5000.0, (10_000.0 - energy_wh) / 0.95)
        powers[hour] = drawn.uniform(least, most) if drawn.random() < 0.5 else 0.0
        energy_wh += float(stored_changes(REAL, powers[hour : hour + 1], 1.0)[0])
    price = drawn.uniform(-0.05, 0.4, hours)
    pv_w = np.maximum(0.0, 3000.0 * np.sin((np.arange(hours) % 24 - 6) / 12 * np.pi))
    asked = np.where(drawn.random(hours) < 0.3, np.clip(powers + 500.0, -5000.0, 5000.0), np.nan)
    return site(REAL, powers, 50.0, drawn.uniform(0, 4000, hours), price, pv_w, sold, asked)


IN_FOUR_DAYS = made_up(3, 96)


@cache
def four_days() -> list[Day]:
    return ledger(IN_FOUR_DAYS, REAL)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.sets(st.integers(0, 29), max_size=4), st.sampled_from([0.0, 0.05, 0.2]))
def test_never_more_than_hindsight_and_everything_adds_up(seed: int, holes: set[int], sold: float) -> None:
    found = ledger(without(made_up(seed, 30, sold), "load_w", *holes), REAL)
    for day in found:
        one = total([entry.amounts for entry in day.entries])
        assert one.unsolved == 0
        assert one.saved <= one.achievable + one.hours  # half a millionth an hour and bill
        assert one.plan >= -one.hours
        assert one.saved + one.forecast + one.plan + one.execution == one.achievable
    assert sum(len(day.entries) for day in found) == 30 - len(holes)
    whole = amounts(found)
    parts = list(by_period([entry for day in found for entry in day.entries], "day", UTC_ZONE).values())
    assert all(getattr(whole, f.name) == sum(getattr(part, f.name) for part in parts) for f in fields(Amounts))


@pytest.mark.parametrize("stopped_after", [1, 2, 3])
def test_going_on_after_a_restart_gives_the_same_rows(stopped_after: int) -> None:
    metered = IN_FOUR_DAYS
    in_one_go = four_days()
    carry = from_json(LedgerCheckpoint, to_json(in_one_go[stopped_after - 1].carry))
    assert ledger(metered, REAL, carry) == in_one_go[stopped_after:]


def test_rows_do_not_depend_on_how_far_back_the_store_still_reaches() -> None:
    """Quarters leave the store one day; the carry knows what they led to."""
    metered, in_one_go = IN_FOUR_DAYS, four_days()
    rest = {f.name: getattr(metered, f.name)[48:] for f in fields(Metered) if f.name != "horizon"}
    later = Metered(Horizon(metered.hour_at(48), 3600, 48), **rest)
    assert ledger(later, REAL, in_one_go[1].carry) == in_one_go[2:]


def test_a_battery_better_than_its_rating_is_believed() -> None:
    """8 kW were measured where 5 are rated: hindsight by the rating would claim less than was done."""
    price = [0.10] * 2 + [0.40] + [0.10] * 21
    done = np.array([-4000.0, -4000.0, 8000.0] + [0.0] * 21)
    found = amounts(ledger(site(LOSSLESS, done, 0.0, 8000.0, price), LOSSLESS))
    assert found.saved == found.achievable == 2_400_000


def test_without_an_answer_of_the_solver_nothing_is_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.savings.regret.TIME_LIMIT_S", 0.0)
    done = np.array([-3000.0, 3000.0] + [0.0] * 22)
    found = amounts(ledger(site(LOSSLESS, done, 0.0, 4000.0, [0.1] + [0.3] * 23), LOSSLESS))
    assert (found.unsolved, found.saved, found.achievable, found.forecast) == (24, 600_000, 600_000, 0)


def test_a_raster_that_does_not_fit() -> None:
    with pytest.raises(ValueError, match="whole UTC hours"):
        site(LOSSLESS, np.zeros(5), 0.0, 0.0, 0.2, step_s=900)
    with pytest.raises(ValueError, match="load_w has shape"):
        replace(site(LOSSLESS, np.zeros(4), 0.0, 0.0, 0.2, step_s=900), load_w=np.zeros(3))
