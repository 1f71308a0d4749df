"""A day with Home Assistant on the virtual clock and a real broker: births, orders, energies beside the truth."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.cycles.home_assistant import Counts
from agent.domain.setpoint import Rung
from simulator.broker import Broker, find_mosquitto
from tests.home_assistant.listener import Listener, listening, section
from tests.scenarios.stage import Stage, playing, staged

pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed on this machine"),
]
CONFIG = "homeassistant/device/ee_home-1/config"


async def told_until(stage: Stage, reached: Callable[[], object], timeout_s: float = 60.0) -> None:
    """Step in real time, which the link needs."""
    home = stage.app.home
    assert home is not None
    async with asyncio.timeout(timeout_s):
        while not reached():
            await home.step()
            await asyncio.sleep(0.02)


def counts(stage: Stage) -> Counts:
    assert stage.app.home is not None
    return stage.app.home.cycle.counts


def kwh(home: Listener, key: str) -> float:
    said = home.state(key)
    assert said not in (None, "None"), key
    return float(said or 0.0)


async def test_energies_are_the_meters_own_over_an_agent_that_was_away(tmp_path: Path, broker: Broker) -> None:
    words = {"cloud": section(broker.port), "commit_s": 60}
    with listening(broker.port) as home:
        stage: Stage
        async with staged(tmp_path, soc_pct=10.0, **words) as stage:
            await stage.play(20.0)
            await told_until(stage, lambda: home.state("grid_import_energy") not in (None, "None", "0.000"))
            home.catch_up()
            begun_wh, first_kwh = stage.plant.counters.import_wh, kwh(home, "grid_import_energy")
            charged_kwh = kwh(home, "battery_charge_energy")
        home.catch_up()
        assert home.state("availability") == "offline"
        # Half an hour without an agent; the plant goes on, and so does its meter.
        left_wh = stage.plant.counters.import_wh
        stage.clock.advance(stage.clock.monotonic() + 1800.0)
        stage.plant.bring_to_now()
        assert stage.plant.counters.import_wh - left_wh > 1500.0
        async with playing(stage, **words):
            await stage.play(70.0)
            await told_until(stage, lambda: kwh(home, "grid_import_energy") > first_kwh + 1.0)
            home.catch_up()  # with the last word of it, which is of the last minute that was written
            passed_kwh = (stage.plant.counters.import_wh - begun_wh) / 1000.0
            # What waits for its minute and its commit waited then as now.
            assert kwh(home, "grid_import_energy") - first_kwh == pytest.approx(passed_kwh, abs=0.15)
            assert kwh(home, "battery_charge_energy") >= charged_kwh
        for key in ("grid_import_energy", "battery_charge_energy", "battery_discharge_energy"):
            said = [float(one) for one in home.heard[f"enalysis_edge/home-1/{key}"] if one != b"None"]
            assert said == sorted(said), key


async def test_a_birth_a_restarted_broker_and_an_order(tmp_path: Path, broker: Broker) -> None:
    with listening(broker.port) as home:
        async with staged(tmp_path, cloud=section(broker.port, "commands = true\n")) as stage:
            await stage.play(3.0)
            await told_until(stage, lambda: home.config() and home.state("mode") == "plan")
            heard, told = len(home.heard[CONFIG]), counts(stage).told

            home.say("homeassistant/status", "online")
            home.say("enalysis_edge/home-1/set/set_power", "1000")
            await told_until(stage, lambda: home.state("set_power") == "1000")  # and the birth before it was heard
            await stage.play(5.0)
            await told_until(stage, lambda: len(home.heard[CONFIG]) > heard)
            assert (len(home.heard[CONFIG]), counts(stage).told) == (heard + 1, told + 1)

            broker.stop()
            broker.restart()
            # The broker has kept what it was told: that Home Assistant hears it does not say that the agent is back.
            await told_until(stage, lambda: counts(stage).told > told + 1 and len(home.heard[CONFIG]) > heard + 1)

            home.say("enalysis_edge/home-1/set/set_minutes", "10")
            home.say("enalysis_edge/home-1/set/set_override", "discharge")
            await told_until(stage, lambda: home.state("order_result") not in (None, "None"))
            await stage.play(12.0)
            await told_until(stage, lambda: home.state("override") == "discharge")
            moment = stage.at(12.0)
            assert (moment.rung, moment.setpoint.battery_w) == (Rung.OVERRIDE, 1000.0)
            await stage.play(20.0)
            await told_until(stage, lambda: home.state("override") == "auto" and home.state("mode") == "plan")
            assert stage.at(20.0).rung is Rung.PLAN, "it has ended by itself"
