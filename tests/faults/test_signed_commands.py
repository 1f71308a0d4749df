"""Commands that the platform signs, over a real broker to a whole site; and whoever floods that broker."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from agent.domain.setpoint import Rung
from simulator.broker import Broker, find_mosquitto
from simulator.platform import Platform
from simulator.signer import Signer
from tests import site_files
from tests.faults.catalogue import Outcome, fault
from tests.faults.cloud import platform_at, play_on
from tests.scenarios.stage import Stage, staged
from tests.security.items import security

pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed on this machine"),
]
ROOT = Path(__file__).parents[2]
SITE = site_files.HOME_ID
CHARGE = {"action": "charge", "power_w": 1500.0, "lease_s": 7200}
FLOOD_S = 6.0


def cloud(folder: Path, port: int, signer: Signer) -> str:
    """The section of a site that obeys what ``signer`` signs."""
    keys = folder / "platform.keys"
    keys.write_text(f"{signer.key_line()}\n")
    return f'{site_files.CLOUD.format(port=port)}keys_file = "{keys}"\n'


@asynccontextmanager
async def signed_site(tmp_path: Path, broker: Broker) -> AsyncIterator[tuple[Stage, Platform, Signer]]:
    signer = Signer("ops-1", bytes(range(32)))
    async with (
        platform_at(broker.port) as platform,
        staged(tmp_path, cloud=cloud(tmp_path, broker.port, signer)) as stage,
    ):
        assert stage.app.platform is not None
        link = stage.app.platform.link
        await play_on(stage, lambda: link.connected and len(stage.seen) > 6)
        yield stage, platform, signer


@fault(51, injected="a signed command comes three times, and once more after a restart, over mosquitto", rows_lost=0)
@fault(52, injected="a signed command of a lower counter comes after a higher one")
async def test_a_signed_command_is_obeyed_once_and_told_in_every_state(
    tmp_path: Path, broker: Broker, outcome: Outcome
) -> None:
    async with signed_site(tmp_path, broker) as (stage, platform, signer):
        older = signer.command(SITE, "override", {"action": "hold", "lease_s": 7200}, stage.clock.now())
        body = signer.command(SITE, "override", CHARGE, stage.clock.now())
        one = body["id"]
        for _ in range(3):
            platform.send_command(SITE, "override", body)
        await play_on(stage, lambda: platform.states(SITE, one) == ["accepted", "executing"])
        platform.send_command(SITE, "override", older)
        await play_on(stage, lambda: platform.states(SITE, older["id"]) == ["superseded"])
        await play_on(stage, lambda: stage.seen[-1].rung is Rung.OVERRIDE)
        assert stage.seen[-1].site.battery_w == pytest.approx(-1500.0, abs=50.0)
        assert "the platform has asked for it" in stage.seen[-1].setpoint.reason
        auto = signer.command(SITE, "override", {"action": "auto"}, stage.clock.now())
        platform.send_command(SITE, "override", auto)
        await play_on(stage, lambda: platform.states(SITE, auto["id"])[-1:] == ["succeeded"])
        assert platform.states(SITE, one) == ["accepted", "executing", "superseded"]
        await stage.app.stop("the agent was told to stop")
        stage.build(cloud=cloud(tmp_path, broker.port, signer))
        await stage.start()
        told = len(platform.states(SITE, one))
        platform.send_command(SITE, "override", body)
        await play_on(stage, lambda: len(platform.states(SITE, one)) > told)
        assert platform.states(SITE, one)[told:] == ["superseded"]
        assert stage.app.outlet.view.override is None
        assert platform.counts["uncorrelated"] == 0
        begun = [text for kind, _, text in await stage.events() if kind == "override" and "asked for by" in text]
        outcome.lost(1 - len(begun))


@security(4, shows="late, early, forged and cross-site commands over a real broker: none is obeyed")
@fault(54, injected="a signed command for another site, and one that somebody else has signed", alarm="message_refused")
@fault(53, injected="signed commands that come a year late and a year early")
async def test_what_is_late_early_forged_or_of_another_site_is_not_obeyed(
    tmp_path: Path, broker: Broker, outcome: Outcome
) -> None:
    async with signed_site(tmp_path, broker) as (stage, platform, signer):
        now = stage.clock.now()
        forged = Signer("ops-1", bytes(32)).command(SITE, "override", CHARGE, now)
        of_another = signer.command("home-2", "override", CHARGE, now)
        for body in (forged, of_another):
            platform.send_command(SITE, "override", body)
        late = signer.command(SITE, "override", CHARGE, now, expires_at=now.isoformat())
        late["not_before"] = late["expires_at"]  # the signature does not fit any more
        platform.send_command(SITE, "override", late)
        begun = now.replace(year=2027)
        early = signer.command(SITE, "override", CHARGE, begun)
        over = signer.command(SITE, "override", CHARGE, now.replace(year=2025))
        for body in (early, over):
            platform.send_command(SITE, "override", body)
        listening = stage.app.platform.listening  # type: ignore[union-attr]
        await play_on(stage, lambda: listening.heard.refused == 3)
        await play_on(stage, lambda: platform.states(SITE, early["id"]) and platform.states(SITE, over["id"]))
        assert (platform.states(SITE, early["id"]), platform.states(SITE, over["id"])) == (["rejected"], ["expired"])
        assert all(moment.rung is Rung.PLAN for moment in stage.seen[6:])
        assert stage.app.outlet.view.override is None
        told = [(kind, text) for kind, _, text in await stage.events() if kind == "message_refused"]
        assert told[0][1] == "down/cmd/override: the signature is not that of the key"
        outcome.raised(told[0][0])


def listen_to_everything(port: int) -> None:
    """Somebody has subscribed to all there is, in the name of the site; the broker keeps that with the session."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=SITE, protocol=MQTTProtocolVersion.MQTTv5)
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = 3600
    done = []
    client.on_subscribe = lambda *_: done.append(True)
    client.connect("127.0.0.1", port, clean_start=False, properties=properties)
    client.loop_start()
    client.subscribe("#", qos=0)
    deadline = time.monotonic() + 10.0
    while not done and time.monotonic() < deadline:
        time.sleep(0.01)
    client.disconnect()
    client.loop_stop()
    assert done


@fault(
    54, injected="a thousand messages a second, forged, of unknown topics and of other sites", alarm="message_refused"
)
async def test_a_flood_leaves_control_alone(tmp_path: Path, broker: Broker, outcome: Outcome) -> None:
    listen_to_everything(broker.port)
    async with signed_site(tmp_path, broker) as (stage, platform, signer):
        assert stage.app.platform is not None
        listening, link = stage.app.platform.listening, stage.app.platform.link
        begun, began = len(stage.seen), time.monotonic()
        command = [sys.executable, "-m", "tests.faults.flooder", str(broker.port), SITE, str(FLOOD_S)]
        flooder = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        await play_on(stage, lambda: flooder.poll() is not None, timeout_s=60.0)
        lasted_s = time.monotonic() - began
        sent = int(flooder.communicate()[0])
        assert len(stage.seen) - begun > lasted_s, "control went on"
        assert {moment.rung for moment in stage.seen[begun:]} == {Rung.PLAN}
        assert link.dropped > sent / 4, "more came than is taken in"
        assert listening.heard.refused <= 101 * lasted_s, "what is taken in is a hundred a second, whatever comes"
        assert link._messages.qsize() <= 1000
        assert len(listening._told) <= 10
        told = [(kind, text) for kind, _, text in await stage.events() if kind == "message_refused"]
        minutes = (stage.clock.now() - stage.beginning).total_seconds() / 60.0
        assert 1 <= len(told) <= len(listening._told) * (minutes + 1)
        assert all(text.isprintable() and len(text) < 500 for _, text in told)
        outcome.raised(told[0][0])
        body = signer.command(SITE, "override", CHARGE, stage.clock.now())
        link._messages = asyncio.Queue(1000)  # what is left of the flood, which would take ten seconds more
        platform.send_command(SITE, "override", body)
        await play_on(stage, lambda: platform.states(SITE, body["id"])[-1:] == ["executing"])
