"""Meters and inverters that are up to ten seconds late: the load is met once, and nothing swings."""

from datetime import timedelta
from pathlib import Path

import pytest

from agent.domain.permit import Permission, Permit
from simulator.columns import MeasuredColumn
from simulator.orders import Ramp
from simulator.traces import Trace
from tests.scenarios.stage import MIDNIGHT, Stage, staged
from tests.site_files import FLAT_TARIFF

STEP_AT = 3.0  # minutes
BEFORE_W, AFTER_W = 1100.0, 2600.0
SETTLED_W = 50.0


def a_load_that_steps_up() -> Trace:
    first = int(MIDNIGHT.timestamp())
    loads = [BEFORE_W] * int(STEP_AT) + [AFTER_W] * (24 * 60 - int(STEP_AT))
    return Trace({"load_w": MeasuredColumn(first, 60, loads), "pv_w": MeasuredColumn(first, 3600, [0.0] * 24)})


def most_w(stage: Stage, first: float, last: float) -> float:
    """The largest import or export from minute ``first`` until ``last``."""
    return max(abs(moment.site.grid_w) for moment in stage.between(first, last))


@pytest.mark.parametrize("inverter_lag_s", [0.0, 4.0, 10.0])
@pytest.mark.parametrize("meter_lag_s", [0.0, 1.0, 2.0, 5.0, 10.0])
async def test_a_step_of_the_load_is_met_once(tmp_path: Path, meter_lag_s: float, inverter_lag_s: float) -> None:
    words = {"step_s": 1, "hold_s": 60, "stale_s": 15, "import_tariff": FLAT_TARIFF}
    async with staged(tmp_path, trace=a_load_that_steps_up(), **words) as stage:
        stage.plant.ramp = Ramp(dead_time_s=inverter_lag_s)
        stage.site.meter_lag_s = meter_lag_s
        await stage.play(5.0)
        met = STEP_AT + (meter_lag_s + inverter_lag_s + 3.0) / 60.0
        assert most_w(stage, 2.0, STEP_AT) <= SETTLED_W
        assert most_w(stage, met, 5.0) <= SETTLED_W
        written = [order for order in stage.plant.orders if order.at >= MIDNIGHT + timedelta(minutes=STEP_AT)]
        turns = {order.band.low_w > 0.0 for order in written}
        assert turns == {True}, "the battery changed its direction"
        assert len(written) <= 8  # the step, and the lease that is renewed every half minute


@pytest.mark.parametrize("values_old_s", [3.0, 10.0])
async def test_an_inverter_that_shows_its_power_late_does_not_swing_either(tmp_path: Path, values_old_s: float) -> None:
    words = {"step_s": 1, "hold_s": 60, "stale_s": 15, "import_tariff": FLAT_TARIFF}
    async with staged(tmp_path, trace=a_load_that_steps_up(), **words) as stage:
        stage.fault("late_values", "inverter", 0.0, 60.0, seconds=values_old_s)
        await stage.play(5.0)
        assert most_w(stage, 2.0, STEP_AT) <= SETTLED_W
        assert most_w(stage, STEP_AT + (values_old_s + 6.0) / 60.0, 5.0) <= SETTLED_W


async def test_a_meter_that_is_twenty_seconds_late_is_told(tmp_path: Path) -> None:
    first = int(MIDNIGHT.timestamp())
    loads = [500.0 + 2000.0 * (minute // 2 % 2) for minute in range(24 * 60)]
    trace = Trace({"load_w": MeasuredColumn(first, 60, loads), "pv_w": MeasuredColumn(first, 3600, [0.0] * 24)})
    words = {"step_s": 1, "hold_s": 60, "stale_s": 15, "import_tariff": FLAT_TARIFF}
    async with staged(tmp_path, trace=trace, **words) as stage:
        stage.site.meter_lag_s = 20.0
        await stage.play(25.0)
        told = [text for kind, _, text in await stage.events() if kind == "meter_late"]
        assert told
        assert told[0].startswith("the grid meter shows what was")
        assert most_w(stage, 23.8, 23.9) <= SETTLED_W


async def swing_w(folder: Path, permission: Permission | None) -> float:
    """How far the grid is from zero in the minute after the first steps of the load, with a meter 25 s late."""
    first = int(MIDNIGHT.timestamp())
    loads = [500.0 + 2000.0 * (minute // 2 % 2) for minute in range(24 * 60)]
    trace = Trace({"load_w": MeasuredColumn(first, 60, loads), "pv_w": MeasuredColumn(first, 3600, [0.0] * 24)})
    words = {"step_s": 1, "hold_s": 60, "stale_s": 15, "import_tariff": FLAT_TARIFF}
    async with staged(folder, trace=trace, permission=permission, **words) as stage:
        stage.site.meter_lag_s = 25.0
        await stage.play(6.0)
        return max(most_w(stage, minute + 0.6, minute + 1.9) for minute in (2.0, 4.0))


async def test_a_lag_that_commissioning_has_measured_holds_from_the_first_step_on(tmp_path: Path) -> None:
    permit = Permit(MIDNIGHT, "a test", "every test was passed", (), True, meter_lag_s=25.0, dead_time_s=1.0, off_w=5.0)
    for name in ("unknown", "known"):
        (tmp_path / name).mkdir()
    assert await swing_w(tmp_path / "unknown", None) > 10.0 * SETTLED_W
    assert await swing_w(tmp_path / "known", Permission(permit=permit)) <= SETTLED_W


@pytest.mark.parametrize(("dead_time_s", "is_missed"), [(None, True), (40.0, False)])
async def test_a_slow_battery_is_given_the_time_that_commissioning_has_measured(
    tmp_path: Path, dead_time_s: float | None, is_missed: bool
) -> None:
    permission = Permission(permit=Permit(MIDNIGHT, "a test", "passed", (), True, dead_time_s=dead_time_s))
    words = {"step_s": 1, "hold_s": 60, "stale_s": 15, "import_tariff": FLAT_TARIFF}
    async with staged(tmp_path, trace=a_load_that_steps_up(), permission=permission, **words) as stage:
        stage.plant.ramp = Ramp(dead_time_s=40.0)
        await stage.play(5.0)
        assert (stage.app.control.counts.missed > 0) == is_missed


@pytest.mark.parametrize("meter_lag_s", [0.0, 5.0, 10.0])
async def test_a_cap_of_the_sun_does_not_answer_its_own_moves(tmp_path: Path, meter_lag_s: float) -> None:
    first = int(MIDNIGHT.timestamp())
    columns = {"load_w": [400.0] * 3 + [900.0] * 60, "pv_w": [3000.0] * 63}
    trace = Trace({name: MeasuredColumn(first, 60, values) for name, values in columns.items()})
    words = {"step_s": 1, "hold_s": 60, "stale_s": 15, "import_tariff": FLAT_TARIFF, "export_limit_w": 0}
    async with staged(tmp_path, trace=trace, soc_pct=95.0, usable_wh=40_000.0, **words) as stage:
        stage.site.meter_lag_s = meter_lag_s
        await stage.play(5.0)
        # The cap leaves the load to the sun. The full battery meets the step of minute 3, which is seen a lag later;
        # then the sun is let in, which is seen another lag later, and the battery rests again. Nothing swings.
        for begin, end in ((2.0, 3.0), (3.0 + 2.0 * (meter_lag_s + 6.0) / 60.0, 5.0)):
            suns = [moment.site.pv_w for moment in stage.between(begin, end)]
            assert max(suns) - min(suns) <= 2.0 * SETTLED_W
            assert most_w(stage, begin, end) <= 2.0 * SETTLED_W
            assert max(abs(moment.site.battery_w) for moment in stage.between(begin, end)) <= SETTLED_W
