"""Readings of several devices become one picture."""

from datetime import UTC, datetime

import pytest

from agent.dispatch.estimate import Source, estimate
from agent.monitoring.stuck_meter import StuckMeterWatch
from drivers.reading import Quality, Quantity, Reading

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def source(device: str, roles: str, at: float = 100.0, frozen: bool = False, **values: float | None) -> Source:
    readings = {}
    for name, value in values.items():
        quantity = Quantity(name)
        quality = Quality.MISSING if value is None else Quality.GOOD
        readings[quantity] = Reading(quantity, value, at, quality)
    return Source(device, frozenset(roles.split()), readings, frozen)


METER = source("meter", "grid", grid_w=500.0)
HYBRID = source("hybrid", "battery solar", pv_w=2000.0, battery_w=-1000.0, soc_pct=60.0)


def test_load_closes_the_balance() -> None:
    state = estimate(NOW, 100.0, [METER, HYBRID], 15.0)
    assert state.load_w.value == pytest.approx(500.0 + 2000.0 - 1000.0)
    assert state.load_w.quality is Quality.ESTIMATED
    assert state.net_load_w == pytest.approx(-500.0)
    assert state.soc_pct.value == 60.0


def test_old_values_are_stale_and_tell_their_age() -> None:
    state = estimate(NOW, 120.0, [METER, HYBRID], 15.0)
    assert state.grid_w.quality is Quality.STALE
    assert state.grid_w.age_s == pytest.approx(20.0)
    assert state.grid_w.value == 500.0
    assert state.net_load_w is None
    assert state.load_w.value is None


def test_frozen_values_are_shown_but_not_acted_on() -> None:
    frozen = source("meter", "grid", frozen=True, grid_w=500.0)
    state = estimate(NOW, 100.0, [frozen, HYBRID], 15.0)
    assert state.grid_w.quality is Quality.FROZEN
    assert state.net_load_w is None
    assert state.faults == ("meter answers with frozen values",)


def test_a_missing_reading_is_missing_and_not_zero() -> None:
    hybrid = source("hybrid", "battery solar", pv_w=2000.0, battery_w=None, soc_pct=60.0)
    state = estimate(NOW, 100.0, [METER, hybrid], 15.0)
    assert state.battery_w.value is None
    assert state.load_w.value is None


def test_a_solar_device_that_has_not_said_anything_yet_is_not_nothing() -> None:
    state = estimate(NOW, 100.0, [METER, HYBRID, source("roof", "solar")], 15.0)
    assert state.pv_w.value is None
    assert state.load_w.value is None
    assert state.net_load_w is not None


def test_two_of_three_meters_are_enough() -> None:
    load = source("load", "load", load_w=1500.0)
    hybrid = source("hybrid", "battery solar", pv_w=2000.0, soc_pct=60.0)
    state = estimate(NOW, 100.0, [METER, hybrid, load], 15.0)
    assert state.battery_w.value == pytest.approx(-1000.0)


def test_without_the_grid_s_meter_battery_and_grid_cover_the_load_that_the_sun_leaves() -> None:
    load, hybrid = source("load", "load", load_w=1500.0), source("hybrid", "battery solar", pv_w=2000.0, soc_pct=60.0)
    silent = source("meter", "grid", grid_w=None)
    assert estimate(NOW, 100.0, [silent, hybrid, load], 15.0).net_load_w == pytest.approx(-500.0)
    dark = source("hybrid", "battery solar", pv_w=None, soc_pct=60.0)
    assert estimate(NOW, 100.0, [silent, dark, load], 15.0).net_load_w is None


def test_a_sun_that_says_nothing_is_what_closes_the_balance() -> None:
    load, hybrid = source("load", "load", load_w=1500.0), source("hybrid", "battery", battery_w=-1000.0, soc_pct=60.0)
    roof = source("roof", "solar", ac_w=None)
    state = estimate(NOW, 100.0, [METER, hybrid, load, roof], 15.0)
    assert (state.pv_w.value, state.pv_w.quality) == (pytest.approx(2000.0), Quality.ESTIMATED)


def test_a_meter_of_the_battery_s_power_has_no_part_in_its_state_of_charge() -> None:
    clamp, gauge = source("clamp", "battery", battery_w=-1000.0), source("hybrid", "battery", soc_pct=60.0)
    state = estimate(NOW, 100.0, [METER, clamp, gauge], 15.0)
    assert (state.soc_pct.value, state.battery_w.value) == (60.0, -1000.0)


def test_solar_of_two_inverters_adds_up_and_one_missing_makes_it_missing() -> None:
    east, west = source("east", "solar", ac_w=700.0), source("west", "solar", ac_w=300.0)
    assert estimate(NOW, 100.0, [east, west], 15.0).pv_w.value == pytest.approx(1000.0)
    assert estimate(NOW, 100.0, [east, source("west", "solar", ac_w=None)], 15.0).pv_w.value is None


def test_an_inverter_that_draws_at_night_is_no_negative_sun() -> None:
    """It is load, so that the balance closes and the bill without a battery is that of the meter."""
    battery = source("battery", "battery", battery_w=200.0, soc_pct=50.0)
    found = estimate(NOW, 100.0, [METER, battery, source("east", "solar", ac_w=-8.0)], 15.0)
    assert found.pv_w.value == 0.0
    assert found.load_w.value == pytest.approx(700.0)


def test_a_site_without_sun_has_none() -> None:
    battery = source("battery", "battery", battery_w=200.0, soc_pct=50.0)
    assert estimate(NOW, 100.0, [METER, battery], 15.0).load_w.value == pytest.approx(700.0)


def device(at: float, **values: float) -> dict[Quantity, Reading]:
    return {Quantity(name): Reading(Quantity(name), value, at) for name, value in values.items()}


def test_a_meter_that_stands_still_while_the_inverter_moves_is_frozen() -> None:
    watch = StuckMeterWatch(60.0)
    found = frozenset[str]()
    for second in range(0, 120, 5):
        found = watch.update({"meter": device(second, grid_w=500.0), "hybrid": device(second, pv_w=100.0 * second)})
    assert found == {"meter"}
    assert watch.update({"meter": device(120, grid_w=501.0), "hybrid": device(120, pv_w=9.0)}) == frozenset()


def test_a_quiet_night_freezes_nobody() -> None:
    watch = StuckMeterWatch(60.0)
    for second in range(0, 600, 5):
        found = watch.update({"meter": device(second, grid_w=500.0), "hybrid": device(second, pv_w=0.0)})
        assert found == frozenset()


def test_a_battery_that_holds_its_setpoint_is_not_frozen_while_its_charge_moves() -> None:
    watch = StuckMeterWatch(60.0)
    for second in range(0, 600, 5):
        hybrid = device(second, battery_w=2000.0, pv_w=0.0, soc_pct=50.0 - second / 100)
        assert watch.update({"meter": device(second, grid_w=100.0 * (second % 7)), "hybrid": hybrid}) == frozenset()


def test_a_silent_device_is_not_frozen() -> None:
    watch = StuckMeterWatch(60.0)
    for second in range(0, 600, 5):
        meter = device(min(second, 20), grid_w=500.0)
        assert watch.update({"meter": meter, "hybrid": device(second, pv_w=100.0 * second)}) == frozenset()


def test_a_device_that_returns_with_its_old_values_gets_its_time_again() -> None:
    watch = StuckMeterWatch(60.0)
    for second in (0, 5, 300, 330):
        meter = device(second, grid_w=500.0)
        assert watch.update({"meter": meter, "hybrid": device(second, pv_w=100.0 * second)}) == frozenset()


@pytest.mark.parametrize("battery_w", [3000.0, -3000.0])
def test_what_a_battery_inverter_delivers_is_no_sun(battery_w: float) -> None:
    """As a Sunny Boy Storage has it: no strings, and the role solar all the same, as every hybrid is proposed with."""
    storage = source("storage", "battery solar", ac_w=battery_w, battery_w=battery_w, soc_pct=60.0)
    alone = estimate(NOW, 100.0, [METER, storage], 15.0)
    assert (alone.pv_w.value, alone.load_w.value) == (None, None)
    beside = estimate(NOW, 100.0, [METER, storage, source("roof", "solar", ac_w=2000.0)], 15.0)
    assert (beside.pv_w.value, beside.load_w.value) == (2000.0, 500.0 + 2000.0 + battery_w)


@pytest.mark.parametrize("counted_w", [1800.0, -1800.0])
def test_the_sun_of_an_inverter_that_is_not_read_is_what_its_meter_sees(counted_w: float) -> None:
    """Which way such a meter is mounted is not to be known, and out of a solar inverter comes sun alone."""
    roof = source("roof", "solar", grid_w=counted_w)
    state = estimate(NOW, 100.0, [METER, HYBRID, roof], 15.0)
    assert (state.pv_w.value, state.load_w.value) == (2000.0 + 1800.0, 500.0 + 3800.0 - 1000.0)
    assert estimate(NOW, 100.0, [METER, source("roof", "solar", grid_w=None)], 15.0).pv_w.value is None
    assert estimate(NOW, 100.0, [source("meter", "grid solar", grid_w=500.0)], 15.0).pv_w.value is None
