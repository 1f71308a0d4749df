"""Devices that are silent, late, wrong or frozen: the battery is released, and taken up again when they are back."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from agent.domain.setpoint import Applied, Held, Rung, Unreachable
from simulator.columns import MeasuredColumn
from simulator.traces import Trace
from tests import site_files
from tests.scenarios.stage import CHARGE_W, MIDNIGHT, Moment, Stage, passing_clouds, staged

QUICK: dict[str, Any] = {"timeout_s": 0.05}


def a_small_load() -> Trace:
    first = int(MIDNIGHT.timestamp())
    loads = MeasuredColumn(first, 60, [350.0] * 24 * 60)
    return Trace({"load_w": loads, "pv_w": MeasuredColumn(first, 3600, [0.0] * 24)})


def follows_the_plan(moment: Moment) -> bool:
    return (
        moment.rung is Rung.PLAN
        and isinstance(moment.outcome, Applied | Held)
        and moment.mode.startswith(f"setpoint -{CHARGE_W:.0f} W")
    )


async def alarms(stage: Stage, kind: str) -> list[tuple[str, str]]:
    return [(severity, text) for name, severity, text in await stage.events() if name == kind]


SILENCE = [
    ("no_answer", "inverter", "released: the state of charge is stale"),
    ("no_answer", "meter", "released: the grid power is stale"),
    ("late_answer", "inverter", "released: the state of charge is stale"),
    ("late_answer", "meter", "released: the grid power is stale"),
    ("wrong_unit", "inverter", "released: the state of charge is stale"),
    ("wrong_unit", "meter", "released: the grid power is stale"),
    ("refused_read", "meter", "released: the grid power is stale"),
]


@pytest.mark.parametrize(("kind", "device", "reason"), SILENCE)
async def test_a_device_that_gives_no_values_leads_to_release_and_back_to_the_plan(
    tmp_path: Path, kind: str, device: str, reason: str
) -> None:
    async with staged(tmp_path, **QUICK) as stage:
        stage.fault(kind, device, 5.1, 3.0, seconds=0.2)
        await stage.play(9.5)
        assert all(follows_the_plan(moment) for moment in stage.between(1.3, 5.1))
        # The last values are good for stale_s (60 s); from then on nothing is asked of the battery.
        for moment in stage.between(6.1, 8.0):
            assert (moment.rung, moment.setpoint.battery_w, moment.setpoint.reason) == (Rung.RELEASE, None, reason)
        assert stage.at(8.0).mode == "self-consumption"
        assert all(follows_the_plan(moment) for moment in stage.between(9.0, 9.5))
        lost = await alarms(stage, f"device_lost/{device}")
        assert [severity for severity, _ in lost] == ["alarm", "info"]
        assert lost[1][1] == f"over: {lost[0][1]}"


@pytest.mark.parametrize(
    ("device", "quantity", "kind"),
    [("inverter", "state of charge", "battery_power_missing"), ("meter", "grid power", "grid_power_missing")],
)
async def test_sentinel_values_are_missing_values(tmp_path: Path, device: str, quantity: str, kind: str) -> None:
    async with staged(tmp_path) as stage:
        stage.fault("sentinel", device, 5.1, 3.0)
        await stage.play(9.0)
        for moment in stage.between(5.1, 8.0):
            assert moment.setpoint.reason == f"released: the {quantity} is missing"
            assert moment.mode == "self-consumption"
        assert all(follows_the_plan(moment) for moment in stage.between(8.4, 9.0))
        assert [severity for severity, _ in await alarms(stage, f"{kind}/{device}")] == ["alarm", "info"]


async def test_a_battery_power_that_cannot_be_is_told_and_not_acted_on(tmp_path: Path) -> None:
    """A scale factor of ten, while the battery charges beyond what its rating makes of it."""
    async with staged(tmp_path) as stage:
        stage.fault("scaled_power", "inverter", 5.1, 10.0, factor=10.0)
        await stage.play(30.0)
        for moment in stage.between(5.4, 15.0):
            assert moment.setpoint.reason == "released: the battery power is implausible"
        ((raised, told), (cleared, _)) = await alarms(stage, "battery_power_missing/inverter")
        assert (raised, cleared) == ("alarm", "info")
        assert "W as the power of its battery, which cannot be: its scale may have changed" in told
        assert all(follows_the_plan(moment) for moment in stage.between(26.0, 30.0))


async def test_a_battery_whose_scale_is_wrong_while_it_covers_the_load_is_not_taken_up_and_let_go_of(
    tmp_path: Path,
) -> None:
    """Left to itself it shows a power that may be, and steered by that one that may not."""
    words: dict[str, Any] = {"import_tariff": site_files.FLAT_TARIFF, "step_s": 2, "hold_s": 60, "stale_s": 10}
    async with staged(tmp_path, trace=a_small_load(), timeout_s=1.0, **words) as stage:
        stage.fault("scaled_power", "inverter", 3.1, 60.0, factor=10.0)
        await stage.play(16.0)
        after = stage.between(4.0, 16.0)
        begun = [now for now, next_ in pairwise(after) if now.rung is Rung.RELEASE and next_.rung is not Rung.RELEASE]
        assert len(begun) <= 2  # a new try after ten minutes
        assert [severity for severity, _ in await alarms(stage, "battery_power_missing/inverter")] == ["alarm"]


async def test_without_any_device_at_the_start_the_agent_runs_and_takes_over_when_they_come(tmp_path: Path) -> None:
    async with staged(tmp_path, devices=False) as stage:
        assert isinstance(stage.app.outlet.view.outcome, Unreachable)
        await stage.play(20.0, {8.0: stage.site.start})
        for moment in stage.between(0.0, 8.0):
            assert (moment.rung, moment.setpoint.battery_w) == (Rung.RELEASE, None)
            assert isinstance(moment.outcome, Unreachable)
        after = stage.between(9.0, 20.0)
        assert {type(moment.outcome) for moment in after} <= {Applied, Held}
        # The first plan does not wait for the next interval, which begins at minute 15.
        assert {moment.rung for moment in stage.between(10.0, 20.0)} == {Rung.PLAN}
        assert all(follows_the_plan(moment) for moment in stage.between(15.4, 20.0))
        for device in ("inverter", "meter"):
            assert [severity for severity, _ in await alarms(stage, f"device_lost/{device}")] == ["alarm", "info"]


async def test_devices_that_go_away_and_come_back_on_the_same_address(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.play(12.0, {5.1: stage.site.stop, 9.1: stage.site.start})
        assert {moment.rung for moment in stage.between(6.1, 9.1)} == {Rung.RELEASE}
        assert stage.at(9.1).mode == "self-consumption"
        assert all(follows_the_plan(moment) for moment in stage.between(9.9, 12.0))


async def test_a_silent_device_is_stale_and_not_frozen(tmp_path: Path) -> None:
    async with staged(tmp_path, frozen_s=60, **QUICK) as stage:
        stage.fault("no_answer", "inverter", 5.1, 4.0)
        await stage.play(11.0)
        assert await alarms(stage, "frozen/inverter") == []


async def test_a_steady_battery_is_not_frozen_while_its_state_of_charge_moves(tmp_path: Path) -> None:
    async with staged(tmp_path, frozen_s=60) as stage:
        stage.plant._regulation_w = 0.0  # to the watt what it is told, as coarse registers show it
        await stage.play(10.0)
        assert all(follows_the_plan(moment) for moment in stage.between(1.3, 10.0))
        assert await alarms(stage, "frozen/inverter") == []


async def test_a_wrong_unit_id_is_told_with_the_gateways_words(tmp_path: Path) -> None:
    async with staged(tmp_path, inverter_unit=7) as stage:
        await stage.play(4.0)
        assert {moment.rung for moment in stage.seen} == {Rung.RELEASE}
        assert {moment.mode for moment in stage.seen} == {"self-consumption"}
        ((severity, text),) = await alarms(stage, "device_lost/inverter")
        assert severity == "alarm"
        assert "unit 7" in text
        assert "exception 11 (device behind the gateway does not answer)" in text


async def test_a_frozen_meter_is_found_out_and_told(tmp_path: Path) -> None:
    words: dict[str, Any] = {"import_tariff": site_files.FLAT_TARIFF}
    async with staged(tmp_path, trace=passing_clouds(), usable_wh=10_000, **words) as stage:
        stage.fault("frozen", "meter", 10.1, 20.0)
        await stage.play(36.0)
        assert {moment.rung for moment in stage.between(1.3, 10.1)} == {Rung.PLAN}
        # frozen_s is 300 s here, and the next cloud comes within five minutes
        for moment in stage.between(18.0, 30.0):
            assert moment.setpoint.reason == "released: the grid power is frozen"
            assert moment.mode == "self-consumption"
        assert {moment.rung for moment in stage.between(30.7, 36.0)} == {Rung.PLAN}
        told = "meter answers with frozen values"
        assert await alarms(stage, "frozen/meter") == [("alarm", told), ("info", f"over: {told}")]
