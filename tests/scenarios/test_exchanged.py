"""An inverter that is exchanged for another one at its address, and nobody edits anything.

The other gets nothing that was the first's.
"""

from pathlib import Path

import pytest

from drivers.control_block import ControlBlock
from drivers.endpoint import TcpEndpoint
from drivers.modbus import Bus
from drivers.sunspec_walk import discover
from simulator import der_7xx
from simulator.server import SimulatedSite
from tests.scenarios.stage import Stage, staged
from tests.scenarios.test_restart import abandon


async def goes(stage: Stage) -> None:
    await stage.site.stop()


async def another_comes(stage: Stage, monkeypatch: pytest.MonkeyPatch, serial: str = "SIM-7XX-0002") -> None:
    """Of the same make and with the same battery, and with no order in its registers."""
    monkeypatch.setitem(der_7xx._TEXTS, "1.SN", serial)
    stage.site = SimulatedSite(
        stage.plant, "sunspec7xx", faults=stage.faults, inverter_port=stage.inverter_port, meter_port=stage.meter_port
    )
    await stage.site.start()


async def setting(stage: Stage, set_to_w: float | None = None) -> float | None:
    """To which power the device that stands there falls back, as its owner has set it, or sets it now."""
    transport = Bus(TcpEndpoint("127.0.0.1", stage.inverter_port)).transport(1)
    model = (await discover(transport)).first(704)
    assert model is not None
    block = ControlBlock(transport, model, ("WSetRvrt",))
    await block.read()
    if set_to_w is not None:
        await block.write([("WSetRvrt", set_to_w)])
    found = block.value("WSetRvrt")
    await transport.close()
    return found


def owed(stage: Stage) -> list[str]:
    return [alarm.text for alarm in stage.app.outlet.view.alarms if alarm.kind == "not_given_back"]


async def test_it_is_steered_as_it_was_found_and_the_first_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with staged(tmp_path, timeout_s=0.05) as stage:

        async def go() -> None:
            await goes(stage)

        async def come() -> None:
            await another_comes(stage, monkeypatch)
            await setting(stage, 200.0)

        await setting(stage, 700.0)
        await stage.play(20.0, {8.0: go, 12.0: come})
        assert stage.plant.mode().startswith("setpoint"), "it is steered"
        (told,) = owed(stage)
        assert told.startswith(
            "steered and not given back, and another device answers there now: "
            f"127.0.0.1:{stage.inverter_port} unit 1 device "
        )
        assert [severity for kind, severity, _ in await stage.events() if kind == "not_given_back"] == ["alarm"]
        await stage.app.stop("the agent was told to stop")
        assert stage.plant.mode() == "self-consumption"
        assert await setting(stage) == 200.0


async def test_a_process_that_finds_another_one_writes_nothing_of_the_first_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with staged(tmp_path, timeout_s=0.05) as stage:
        await setting(stage, 700.0)
        await stage.play(6.0)
        await abandon(stage.app)
        await goes(stage)
        await another_comes(stage, monkeypatch)
        stage.build(timeout_s=0.05)
        await stage.start()
        assert not stage.app.devices.left_behind
        assert await setting(stage) == 0.0
        await stage.play(9.0)
        assert len(owed(stage)) == 1
        await stage.app.stop("the agent was told to stop")

        await goes(stage)
        await another_comes(stage, monkeypatch, "SIM-7XX-0001")
        stage.build(timeout_s=0.05)
        await stage.start()
        await stage.play(12.0)
        assert owed(stage) == []
        await stage.app.stop("the agent was told to stop")
        assert await setting(stage) == 700.0, "the first is back, and was given what it was owed"
