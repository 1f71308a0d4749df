"""A site without a platform: prices of a market on a topic reach the plan, and outlast broker and agent."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.domain.setpoint import Rung
from simulator.broker import Broker, find_mosquitto
from tests.home_assistant.listener import listening
from tests.scenarios.stage import CHARGE_W, MIDNIGHT, HonestPlanner, Stage, playing, staged

pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed on this machine"),
]
TOPIC = "energy/day-ahead"
QUARTER = timedelta(minutes=15)
NOT_CONNECTED = f"no plan: no price is known: no prices come on {TOPIC}: no connection has been made yet"


def quarters() -> str:
    """So cheap until two that a plan charges as fast as it can."""
    found = [
        {
            "start": (MIDNIGHT + index * QUARTER).isoformat(),
            "end": (MIDNIGHT + (index + 1) * QUARTER).isoformat(),
            "price_per_mwh": 20.0 if index < 8 else 500.0,
        }
        for index in range(96)
    ]
    return json.dumps(found)


def words(broker: Broker) -> dict[str, Any]:
    return {
        "import_tariff": f'kind = "dynamic"\ntopic = "{TOPIC}"\nmarket_factor = 1.25\nfee_per_kwh = 0.05',
        "cloud": f'\n[local_broker]\nhost = "127.0.0.1"\nport = {broker.port}\ntls = false\n',
    }


async def shown(stage: Stage, reached: Callable[[Any], object]) -> None:
    """Wait in real time, which the link needs."""
    prices = stage.app.prices
    assert prices is not None
    async with asyncio.timeout(60.0):
        while not reached(prices):
            await prices.cycle.step()
            await asyncio.sleep(0.02)


async def test_from_the_topic_to_the_plan_and_over_a_restart_without_the_broker(tmp_path: Path, broker: Broker) -> None:
    with listening(broker.port) as home:
        stage: Stage
        async with staged(tmp_path, **words(broker)) as stage:
            await stage.play(2.0)
            assert stage.at(2.0).rung is Rung.RULES
            why = f"no plan: no price is known: nothing has come on {TOPIC} since the start"
            assert stage.app.outlet.view.plan_failure in (why, NOT_CONNECTED)
            home.say(TOPIC, quarters(), retain=True)
            await shown(stage, lambda _: stage.app.conditions.known_at(stage.clock.now())[0] == pytest.approx(0.075))
            await stage.play(10.0)
            moment = stage.at(10.0)
            assert (moment.rung, moment.setpoint.battery_w) == (Rung.PLAN, -CHARGE_W)
            home.say(TOPIC, "[]")
            await shown(stage, lambda prices: prices.cycle.troubles())
            await stage.play(20.0)
            assert stage.at(20.0).rung is Rung.PLAN
            refused = [text for kind, _, text in await stage.events() if kind == "message_refused"]
            assert len(refused) == 1
            assert refused[0].startswith(f"the prices on {TOPIC} are not taken: ")
    broker.stop()
    async with playing(stage, **words(broker)):
        await shown(stage, lambda prices: prices.link.trouble)
        await stage.play(40.0)
        moment = stage.at(40.0)
        assert (moment.rung, moment.setpoint.battery_w) == (Rung.PLAN, -CHARGE_W)
        assert isinstance(stage.planner, HonestPlanner)
        asked = stage.planner.asked[-1]
        assert asked.import_price[0] == pytest.approx(0.075)
        assert any(note.startswith(f"no prices come on {TOPIC}: ") for note in asked.notes)
        assert not [kind for kind, severity, _ in await stage.events() if severity == "alarm" and kind != "no_plan"]
