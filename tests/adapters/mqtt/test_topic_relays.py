"""Relays on a real mosquitto: read back, held by a last will, and left at rest however we end."""

import asyncio
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agent.adapters.mqtt import topic_relays
from agent.switch_ports import SwitchFailure
from simulator.broker import Broker, find_mosquitto, start_broker
from simulator.topic_relay import DIALECTS
from simulator.topic_relay import TopicRelay as Simulated
from tests.adapters.mqtt.relay_stage import HEATPUMP, bridge, connected, played, relay_of, settled
from tests.home_assistant.listener import listening, retained
from tests.waiting import until

pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed on this machine"),
]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits in vain waits a second."""
    monkeypatch.setattr(topic_relays, "ANSWER_WITHIN_S", 1.0)


@pytest.mark.parametrize("kind", DIALECTS)
async def test_of_every_maker_it_is_held_renewed_and_given_back(broker: Broker, kind: str) -> None:
    with played(broker, kind) as device:
        async with connected(broker, relay_of(kind)) as relays:
            await settled(relays)
            assert relays.is_on(HEATPUMP, 0.0) is True
            assert relays.holds(HEATPUMP, True)
            assert not relays.holds(HEATPUMP, False)
            await relays.switch(HEATPUMP, False)
            assert device.on is False
            assert relays.is_on(HEATPUMP, 0.0) is False
            assert relays.holds(HEATPUMP, False)
            await relays.renew(HEATPUMP, False)
            await until(lambda: len(device.orders) == 2)
            await relays.switch(HEATPUMP, True)
            assert device.on is True
            assert relays.holds(HEATPUMP, True)
        assert [order.on for order in device.orders] == [False, False, True], "no order but ours, none twice"
        assert not any(order.retained for order in device.orders)
    command = relay_of(kind).command.topic
    assert command not in retained(broker.port), "the broker would say it again to a relay that comes back"


async def test_an_order_that_carries_a_timer_ends_by_itself_when_it_is_not_renewed(broker: Broker) -> None:
    order = '{"id":1,"src":"edge","method":"Switch.Set","params":{"id":0,"on":false,"toggle_after":2}}'
    with played(broker, "shelly") as device:
        async with connected(broker, relay_of("shelly", payload_off=order)) as relays:
            await settled(relays)
            await relays.switch(HEATPUMP, False)
            await asyncio.sleep(0.5)
            renewed_at = time.monotonic()
            await relays.renew(HEATPUMP, False)
            await until(lambda: len(device.orders) == 2)
            await until(lambda: device.on)
            assert time.monotonic() - renewed_at >= 2.0, "the timer began anew"
            await until(lambda: relays.is_on(HEATPUMP, 0.0) is True)


@pytest.mark.parametrize("told", [signal.SIGKILL, signal.SIGSTOP])  # SIGSTOP: nobody closes the connection
async def test_a_process_that_goes_without_a_word_leaves_it_at_rest(broker: Broker, told: signal.Signals) -> None:
    command = [sys.executable, "-m", "tests.adapters.mqtt.holding", str(broker.port)]
    with played(broker) as device, subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        assert device.on is False
        process.send_signal(told)
        await until(lambda: device.on)
        process.kill()


async def test_while_nothing_is_held_a_death_changes_nothing(broker: Broker) -> None:
    with played(broker) as device:
        async with connected(broker) as relays:
            await settled(relays)
            device.press(on=False)
            await until(lambda: relays.is_on(HEATPUMP, 0.0) is False)
        assert (device.on, device.orders) == (False, [])


async def test_who_takes_it_over_is_not_overruled_by_our_end(broker: Broker) -> None:
    with played(broker) as device:
        async with connected(broker) as relays:
            await settled(relays)
            await relays.switch(HEATPUMP, False)
            device.press(on=True)
            await until(lambda: relays.is_on(HEATPUMP, 0.0) is True)
            await relays.let_go(HEATPUMP)
            device.press(on=False)
        assert [order.on for order in device.orders] == [False]
        assert device.on is False


async def test_an_end_without_giving_back_leaves_it_at_rest(broker: Broker) -> None:
    with played(broker) as device:
        async with connected(broker) as relays:
            await settled(relays)
            await relays.switch(HEATPUMP, False)
        await until(lambda: device.on)


async def test_a_lease_that_was_lost_is_known_and_taken_anew(broker: Broker) -> None:
    with played(broker) as device:
        async with connected(broker) as relays:
            await settled(relays)
            await relays.switch(HEATPUMP, False)
            broker.stop()
            await until(lambda: relays.is_on(HEATPUMP, 0.0) is None)
            assert "not reached: " in (relays.trouble(HEATPUMP) or "")
            assert not relays.holds(HEATPUMP, False)
            with pytest.raises(SwitchFailure, match="the household's broker is not reached"):
                await relays.switch(HEATPUMP, False)
            broker.restart()
            await settled(relays)
            assert not relays.holds(HEATPUMP, False), "the connection is back, and not what held it"
            await relays.switch(HEATPUMP, False)
            assert relays.holds(HEATPUMP, False)
        await until(lambda: device.on)


async def test_what_is_held_can_rest_though_the_connection_that_listens_is_gone(broker: Broker) -> None:
    with played(broker) as device:
        async with connected(broker) as relays:
            await settled(relays)
            await relays.switch(HEATPUMP, False)
            await relays.link.stop()
            assert relays.holds(HEATPUMP, False), "what holds it has a connection of its own"
            with pytest.raises(SwitchFailure):
                await relays.switch(HEATPUMP, True)  # nobody sees whether it does
            await until(lambda: device.on)


async def test_a_broker_that_comes_later_is_found(tmp_path: Path) -> None:
    broker = start_broker(tmp_path)
    broker.stop()
    relays = bridge(broker.port)
    await relays.start()
    try:
        await until(lambda: "no broker listens there" in (relays.trouble(HEATPUMP) or ""))
        assert not relays.takes_orders(HEATPUMP)
        broker.restart()
        with played(broker) as device:
            await settled(relays)
            await relays.switch(HEATPUMP, False)
            assert device.on is False
    finally:
        await relays.stop()
        broker.stop()


@pytest.mark.usefixtures("impatient")
async def test_a_relay_that_does_not_obey_is_told_so(broker: Broker) -> None:
    with played(broker) as device:
        async with connected(broker) as relays:
            await settled(relays)
            device.played.deaf = True
            with pytest.raises(
                SwitchFailure, match="told to go off, and stat/heatpump/POWER did not say so within 1 s"
            ):
                await relays.switch(HEATPUMP, False)
            assert relays.holds(HEATPUMP, False), "perhaps it was obeyed: our will stands"
            device.played.deaf = False
            await relays.switch(HEATPUMP, True)


@pytest.mark.usefixtures("impatient")
async def test_what_a_frozen_broker_takes_in_late_is_followed_by_the_rest(broker: Broker) -> None:
    with played(broker) as device:
        async with connected(broker) as relays:
            await settled(relays)
            await relays.switch(HEATPUMP, False)
            broker.freeze()
            await relays.renew(HEATPUMP, False)
            with pytest.raises(SwitchFailure):
                await relays.switch(HEATPUMP, True)
        broker.thaw()
        await until(lambda: len(device.orders) >= 3)
        await asyncio.sleep(0.5)
        assert device.on is True, device.orders


@pytest.mark.usefixtures("impatient")
async def test_a_state_topic_that_never_speaks(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topic_relays, "SETTLE_S", 0.1)
    with played(broker) as device:
        async with connected(broker, relay_of(state_topic="stat/another/POWER", availability_topic=None)) as relays:
            await until(lambda: relays.takes_orders(HEATPUMP))
            assert "nothing has come on stat/another/POWER" in (relays.trouble(HEATPUMP) or "")
            with pytest.raises(SwitchFailure, match="stat/another/POWER did not say so"):
                await relays.switch(HEATPUMP, False)
            assert device.on is False, "it has obeyed without a word"
        await until(lambda: device.on)


async def test_a_kept_state_is_believed_of_a_relay_that_is_there(broker: Broker) -> None:
    with played(broker, "zigbee2mqtt", on=False):
        await until(lambda: "zigbee2mqtt/heatpump" in retained(broker.port))
        async with connected(broker, relay_of("zigbee2mqtt", query_topic=None, query_payload=None)) as relays:
            await settled(relays)
            assert relays.is_on(HEATPUMP, 0.0) is False
    async with connected(broker, relay_of("zigbee2mqtt")) as relays:
        await until(lambda: "is not there" in (relays.trouble(HEATPUMP) or ""))
        assert relays.is_on(HEATPUMP, 0.0) is None
        with pytest.raises(SwitchFailure, match="zigbee2mqtt/heatpump/availability says that the relay is not there"):
            await relays.switch(HEATPUMP, False)


async def test_what_is_no_state_is_told(broker: Broker) -> None:
    quiet = relay_of(availability_topic=None, query_topic=None, query_payload=None)
    async with connected(broker, quiet) as relays:
        with listening(broker.port) as hand:
            await until(lambda: relays.takes_orders(HEATPUMP))
            hand.say("stat/heatpump/POWER", "ON", retain=True)
            await settled(relays)
            hand.say("stat/heatpump/POWER", "x" * 15_000)
            await until(lambda: "says xxx" in (relays.trouble(HEATPUMP) or ""))
            hand.say("stat/heatpump/POWER", "OFF")
            await settled(relays)
            hand.say("stat/heatpump/POWER", "x" * 1_000_000)
            await asyncio.sleep(0.3)
            assert relays.is_on(HEATPUMP, 0.0) is False, "the broker does not send on what is too large for us"


async def test_several_relays_are_held_each_by_its_own_will(broker: Broker) -> None:
    second = Simulated(broker.port, name="boiler", kind="shelly_gen1", on=False)
    second.start()
    boiler = {key: value.replace("heatpump", "boiler") for key, value in _topics("shelly_gen1").items()}
    relays = bridge(broker.port, relay_of(), relay_of("shelly_gen1", "off", "boiler", **boiler))
    with played(broker) as device:
        await relays.start()
        await settled(relays)
        await settled(relays, "boiler")
        await asyncio.gather(relays.switch(HEATPUMP, False), relays.switch("boiler", True))
        assert (device.on, second.on) == (False, True)
        await relays.switch(HEATPUMP, True)
        assert relays.holds("boiler", True)
        await relays.stop()
        await until(lambda: not second.on)
    second.stop()


def _topics(kind: str) -> dict[str, str]:
    found = relay_of(kind)
    assert found.availability is not None
    assert found.query is not None
    topics = found.command.topic, found.state.topic, found.availability.topic, found.query[0]
    return dict(zip(("command_topic", "state_topic", "availability_topic", "query_topic"), topics, strict=True))


async def test_a_refused_login_is_told(tmp_path: Path) -> None:
    broker = start_broker(tmp_path, users={"edge": "right"})
    password = tmp_path / "password"
    password.write_text("wrong\n")
    relays = bridge(broker.port, username="edge", password_file=password)
    await relays.start()
    await until(lambda: "refused the" in (relays.trouble(HEATPUMP) or ""))
    password.write_text("right\n")
    await until(lambda: relays.takes_orders(HEATPUMP))
    await relays.stop()
    broker.stop()
