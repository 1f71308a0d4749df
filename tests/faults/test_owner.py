"""One owner a device: something else that steers, an inverter that forgets, and what its owner had set."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent.domain.setpoint import Rung
from tests.faults.catalogue import Outcome, fault
from tests.faults.second_master import SecondMaster
from tests.scenarios.stage import CHARGE_W, Stage, staged

PLANNED = f"setpoint -{CHARGE_W:.0f} W"
OWNERS = {"ChaGriSet": 1.0, "OutWRte": 80.0, "InWRte": 60.0, "StorCtl_Mod": 3.0, "InOutWRte_RvrtTms": 0.0}


@asynccontextmanager
async def second_master(port: int) -> AsyncIterator[SecondMaster]:
    other = SecondMaster(port)
    try:
        yield other
    finally:
        await other.close()


@fault(
    33,
    injected="a second Modbus client writes its own setpoint every 20 s for half an hour, on the virtual clock",
    alarm="foreign_master",
)
async def test_something_else_that_steers_is_seen_told_and_given_way_to(tmp_path: Path, outcome: Outcome) -> None:
    async with staged(tmp_path) as stage, second_master(stage.inverter_port) as other:

        async def interfere() -> None:
            await other.write(704, WSet=2000.0, WSetRvrtTms=0.0, WSetEna=1.0)

        begins, ends = 5.0, 35.0
        times = [begins + i / 3.0 for i in range(int(3 * (ends - begins)))]
        await stage.play(60.0, dict.fromkeys(times, interfere))
        written = [at.minute for at in stage.seen if at.outcome.__class__.__name__ in ("Applied", "Clamped")]
        for minute in range(5, 26):
            assert len([at for at in written if minute <= at < minute + 10]) <= 3, "that is a fight"
        raised, told = next((kind, text) for kind, _, text in await stage.events() if kind.startswith("foreign"))
        outcome.raised(raised)
        assert told.startswith("something else steers this battery: inverter holds 704.WSetMod 1, 704.WSet 2000")
        alone = stage.between(6.5, 15.0)
        assert {(at.rung, at.setpoint.battery_w) for at in alone} == {(Rung.RELEASE, None)}
        assert all(at.mode.startswith("setpoint 2000 W") for at in alone), "not even a release is written"
        assert "left alone for ten minutes" in alone[0].setpoint.reason
        assert all(at.mode.startswith(PLANNED) for at in stage.between(56.0, 60.0)), "it was quiet for long enough"


async def test_two_writes_of_somebody_else_are_answered_and_no_more_comes_of_it(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage, second_master(stage.inverter_port) as other:

        async def interfere() -> None:
            await other.write(704, WSet=2000.0)

        await stage.play(30.0, {6.0: interfere, 9.0: interfere})
        for minute in (6.0, 9.0):
            assert stage.between(minute + 0.4, minute + 1.0)[0].mode.startswith(PLANNED), "written back"
        foreign = [event[1] for event in await stage.events() if event[0] == "foreign_master/inverter"]
        assert foreign == ["alarm", "info"]


@fault(34, injected="the inverter drops its connections for 30 s and has forgotten its mode after it")
async def test_an_inverter_that_restarts_is_given_its_setpoint_again(tmp_path: Path, outcome: Outcome) -> None:
    async with staged(tmp_path, step_s=5, stale_s=60) as stage:
        stage.fault("reboot", "inverter", 5.1, 0.5)
        await stage.play(8.0)
        back = 5.6
        again = next(at.minute for at in stage.between(back, 8.0) if at.mode.startswith(PLANNED))
        assert 60.0 * (again - back) <= 20.0
        assert "foreign_master/inverter" not in [event[0] for event in await stage.events()]


@fault(34, injected="the mode is cleared in the inverter's registers while it answers all the time")
async def test_a_mode_that_is_forgotten_without_a_word_is_written_again(tmp_path: Path, outcome: Outcome) -> None:
    async with staged(tmp_path, step_s=5, hold_s=600, stale_s=60) as stage, second_master(stage.inverter_port) as other:

        async def forget() -> None:
            await other.write(704, WSetEna=0.0)

        await stage.play(8.0, {6.01: forget})
        again = next(at.minute for at in stage.between(6.02, 8.0) if at.mode.startswith(PLANNED))
        assert 60.0 * (again - 6.01) <= 20.0
        assert "foreign_master/inverter" not in [event[0] for event in await stage.events()]


async def owner_sets(stage: Stage, other: SecondMaster) -> None:
    """Before the agent came."""
    await stage.app.stop("the owner comes")
    await other.write(124, **{name: value for name, value in OWNERS.items() if name != "StorCtl_Mod"}, StorCtl_Mod=3.0)
    assert await other.read(124, *OWNERS) == OWNERS
    stage.build()
    await stage.start()


async def test_what_the_owner_had_set_is_there_again_after_a_stop(tmp_path: Path) -> None:
    async with staged(tmp_path, profile="gen24") as stage, second_master(stage.inverter_port) as other:
        await owner_sets(stage, other)
        assert await other.read(124, *OWNERS) == OWNERS, "the release at the start left it as it was"
        await stage.play(5.0)
        assert stage.plant.mode().startswith(PLANNED)
        assert await other.read(124, *OWNERS) != OWNERS
        await stage.app.stop("the agent was told to stop")
        assert await other.read(124, *OWNERS) == OWNERS
        stage.build()
        await stage.start()


@pytest.mark.parametrize("lapsed", [False, True])
async def test_what_the_owner_had_set_is_there_again_at_the_start_after_a_crash(tmp_path: Path, lapsed: bool) -> None:
    async with staged(tmp_path, profile="gen24") as stage, second_master(stage.inverter_port) as other:
        await owner_sets(stage, other)
        await stage.play(5.0)
        await stage.app.devices.close()  # what is left of a process that was killed
        await stage.app.store.close()
        if lapsed:
            await stage.clock.sleep(300.0)
        assert await other.read(124, *OWNERS) != OWNERS
        stage.build()
        await stage.start()
        assert await other.read(124, *OWNERS) == OWNERS
        await stage.play(12.0)
        assert stage.plant.mode().startswith(PLANNED)


async def test_what_the_owner_changes_while_the_battery_is_his_is_kept(tmp_path: Path) -> None:
    async with staged(tmp_path, profile="gen24") as stage, second_master(stage.inverter_port) as other:
        await stage.play(5.0)
        await stage.app.stop("the agent was told to stop")
        await other.write(124, ChaGriSet=1.0)
        stage.build()
        await stage.start()
        await stage.play(10.0)
        assert stage.plant.mode().startswith(PLANNED)
        await stage.app.control.release("for a look")
        assert (await other.read(124, "ChaGriSet", "StorCtl_Mod")) == {"ChaGriSet": 1.0, "StorCtl_Mod": 0.0}
