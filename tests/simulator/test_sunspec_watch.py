"""Simulated DER that take a setpoint in percent alone, or watch whether their controller lives.

Both are read and steered by an independent SunSpec client (pysunspec2), and by the driver.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest

from drivers import registry
from drivers.device import Applied
from drivers.endpoint import TcpEndpoint
from drivers.errors import NotApplied
from drivers.families.sunspec_hybrid import SunSpecHybrid
from drivers.modbus import Bus
from drivers.sentences import heartbeat_would_wear
from simulator.chain_unit import ChainOptions, HeartbeatIn
from simulator.controller_watch import POINTS, STOPS_AFTER_S, ControllerWatch
from simulator.server import SimulatedSite
from tests.simulator.sites import Clock, flat_plant
from tests.simulator.test_sunspec_client import values, with_client

IN_PERCENT = ChainOptions(setpoint="percent")
WATCHES = [ChainOptions(heartbeat="715"), ChainOptions(heartbeat="802", setpoint="percent")]
OWN_RULE_W = -2000.0  # 1000 W of load and 3000 W of sun


@asynccontextmanager
async def simulated(chain: ChainOptions) -> AsyncIterator[tuple[SimulatedSite, SunSpecHybrid, Clock]]:
    clock = Clock()
    async with SimulatedSite(flat_plant(clock), chain) as site:
        transport = Bus(TcpEndpoint("127.0.0.1", site.inverter_port)).transport(1)
        device = registry.build("sunspec_hybrid", "hybrid", transport, {}, lambda: clock().timestamp())
        assert isinstance(device, SunSpecHybrid)
        yield site, device, clock
        await device.close()


def battery_w(site: SimulatedSite) -> float:
    return site.plant.bring_to_now().battery_w


def write(device: Any, model_id: int, **settings: float) -> None:
    model = device.models[model_id][0]
    for name, value in settings.items():
        model.points[name].cvalue = value
        model.points[name].write()


async def test_an_independent_client_steers_it_in_percent() -> None:
    async with simulated(IN_PERCENT) as (site, _, clock):
        order = {"WSetPct": -25.5, "WSetEnaRvrt": 0, "WSetRvrtTms": 90, "WSetEna": 1}
        await with_client(site.inverter_port, lambda device: write(device, 704, **order))
        clock.move(60)
        found = await with_client(site.inverter_port, lambda device: values(device, 704))
        assert (found["WSet"], found["WSetRvrt"], found["WSet_SF"], found["WSetMod"]) == (None, None, None, 0)
        assert (found["WSetPct"], found["WSetEna"], found["WSetRvrtRem"]) == (-25.5, 1, 30)
        assert battery_w(site) == -2550.0
        clock.move(40)
        found = await with_client(site.inverter_port, lambda device: values(device, 704))
        assert (found["WSetEna"], found["WSetRvrtRem"]) == (0, 0)
        assert battery_w(site) == OWN_RULE_W


async def test_what_comes_after_the_timer_is_in_percent_too() -> None:
    async with simulated(IN_PERCENT) as (site, _, clock):
        order = {"WSetPct": 30.0, "WSetPctRvrt": -10.0, "WSetEnaRvrt": 1, "WSetRvrtTms": 60, "WSetEna": 1}
        await with_client(site.inverter_port, lambda device: write(device, 704, **order))
        clock.move(120)
        found = await with_client(site.inverter_port, lambda device: values(device, 704))
        assert (found["WSetEna"], found["WSetPct"], battery_w(site)) == (1, -10.0, -1000.0)


async def test_the_driver_steers_it_in_percent_and_it_goes_back_by_itself() -> None:
    async with simulated(IN_PERCENT) as (site, device, clock):
        await device.read()
        for power_w in (1500.0, -3500.0):
            assert await device.set_power(power_w, 90.0) == Applied(power_w)
            clock.move(60)
            assert battery_w(site) == power_w
        clock.move(60)
        assert battery_w(site) == OWN_RULE_W
        await device.set_power(1500.0, 90.0)
        clock.move(10)
        await device.release()
        clock.move(60)
        assert battery_w(site) == OWN_RULE_W


@pytest.mark.parametrize("chain", WATCHES, ids=str)
async def test_an_independent_client_reads_and_counts_its_heartbeat(chain: ChainOptions) -> None:
    model_id, name = int(chain.heartbeat), POINTS[chain.heartbeat].partition(".")[2]
    order = {"WSetEnaRvrt": 0, "WSetRvrtTms": 600, "WSetPct": 10.0, "WSetMod": 0, "WSetEna": 1}
    async with simulated(chain) as (site, _, clock):
        port = site.inverter_port
        await with_client(port, lambda device: write(device, 704, **order))
        assert (await with_client(port, lambda device: values(device, 704)))["WSetEna"] == 0, "nobody counts"
        await with_client(port, lambda device: write(device, model_id, **{name: 1}))
        await with_client(port, lambda device: write(device, 704, **order))
        for count in range(2, 10):
            clock.move(5)
            await with_client(port, lambda device, count=count: write(device, model_id, **{name: count}))  # type: ignore[misc]
        clock.move(STOPS_AFTER_S - 1)
        held = await with_client(port, lambda device: (values(device, 704), values(device, model_id)))
        assert (held[0]["WSetEna"], held[0]["WSetRvrtRem"], held[1][name]) == (1, 551, 9)
        assert battery_w(site) == 1000.0
        clock.move(1)
        assert (await with_client(port, lambda device: values(device, 704)))["WSetEna"] == 0
        clock.move(30)
        assert battery_w(site) == OWN_RULE_W


@pytest.mark.parametrize("chain", WATCHES, ids=str)
async def test_the_driver_keeps_it_and_a_heartbeat_that_stops_ends_it(chain: ChainOptions) -> None:
    async with simulated(chain) as (site, device, clock):
        assert await device.set_power(1500.0, 600.0) == Applied(1500.0)
        for _ in range(60):
            clock.move(1)
            await device.beat()
        assert battery_w(site) == 1500.0
        clock.move(STOPS_AFTER_S + 30)
        assert battery_w(site) == OWN_RULE_W
        assert (await device.in_force()).order == {}
        assert await device.set_power(1500.0, 600.0) == Applied(1500.0), "the order begins with a beat"


async def test_a_driver_without_it_could_not_steer_such_a_device() -> None:
    async with simulated(ChainOptions(heartbeat="715")) as (_, device, _):
        await device.read()
        controls = device._controlled.controls
        assert controls is not None
        for heartbeat in controls.heartbeats:
            heartbeat._refusal = partial(heartbeat_would_wear, point="715.ControllerHb")
        with pytest.raises(NotApplied, match=r"704\.WSetEna was set to 1"):
            await device.set_power(1500.0, 600.0)


@pytest.mark.parametrize(("model", "end"), [("715", 1 << 32), ("802", 1 << 16)])
def test_what_counts_on_and_what_does_not(model: HeartbeatIn, end: int) -> None:
    watch = ControllerWatch(model)
    alive = []
    for at_s, count in enumerate((1, 1, 3, 2, end - 2, 0, 5)):
        watch.counted(count, float(at_s))
        alive.append(watch.until_s == at_s + STOPS_AFTER_S)
    assert alive == [True, False, True, False, False, True, True]


def test_an_older_profile_has_neither() -> None:
    with pytest.raises(ValueError, match="gen24 has no model 704"):
        ChainOptions("gen24", heartbeat="715")
