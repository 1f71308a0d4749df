"""Item 3: by the shipped ACL a site writes below its own up/ and reads its own down/, whatever it tries."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import pytest
import trustme
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from agent.domain.envelope import Envelope
from agent.ports import EnvelopeRefused
from simulator.broker import Broker, find_mosquitto, start_broker
from tests.app.processes import ROOT, until
from tests.faults import cloud
from tests.faults.cloud import SITE
from tests.faults.tls import server_lines
from tests.security.items import security

pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed on this machine"),
]
OTHER = "site-2"
NOT_AUTHORISED = 0x87


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def broker(tmp_path: Path, authority: trustme.CA) -> Iterator[Broker]:
    """Knows its clients by the names of their certificates, and gives them what config/mosquitto.acl says."""
    known = ["require_certificate true", "use_identity_as_username true", f"acl_file {ROOT}/config/mosquitto.acl"]
    started = start_broker(tmp_path, more=[*server_lines(tmp_path, authority), *known])
    yield started
    started.stop()


def certified(folder: Path, authority: trustme.CA, name: str) -> dict[str, Path]:
    leaf, paths = authority.issue_cert(name, common_name=name), (folder / f"{name}.pem", folder / f"{name}.key")
    leaf.cert_chain_pems[0].write_to_path(paths[0])
    leaf.private_key_pem.write_to_path(paths[1])
    return {"ca_file": folder / "ca.pem", "cert_file": paths[0], "key_file": paths[1]}


@dataclass
class Client:
    """A client with a certificate that is bound to no topics of our code. ``codes`` are the answers to its messages."""

    client: mqtt.Client
    codes: dict[int, int] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    subscribed: Event = field(default_factory=Event)

    def publish(self, topic: str) -> int:
        """The broker's answer."""
        sent = self.client.publish(topic, b"{}", qos=1)
        until(lambda: sent.mid in self.codes, f"an answer to {topic}")
        return self.codes[sent.mid]


@contextmanager
def client(port: int, ca_file: Path, cert_file: Path, key_file: Path) -> Iterator[Client]:
    one = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=cert_file.stem, protocol=MQTTProtocolVersion.MQTTv5)
    found = Client(one)
    one.tls_set(str(ca_file), str(cert_file), str(key_file))
    one.on_publish = lambda _c, _u, mid, reason, _p: found.codes.update({mid: reason.value})
    one.on_subscribe = lambda *_: found.subscribed.set()
    one.on_message = lambda _c, _u, message: found.heard.append(message.topic)
    one.connect("127.0.0.1", port)
    one.loop_start()
    until(one.is_connected, "a connection")
    try:
        yield found
    finally:
        one.disconnect()
        one.loop_stop()


@security(3, shows="a publish to another site's up/, to any down/ or outside is answered with 0x87")
def test_a_site_writes_below_its_own_up_alone(tmp_path: Path, broker: Broker, authority: trustme.CA) -> None:
    with client(broker.port, **certified(tmp_path, authority, SITE)) as site:
        assert site.publish(f"ee/1/{SITE}/up/info") in (0x00, 0x10)
        for topic in (
            f"ee/1/{OTHER}/up/info", f"ee/1/{OTHER}/down/cmd/override", f"ee/1/{SITE}/down/cmd/override",
            "ee/1/_all/down/notice", f"ee/2/{SITE}/up/info", "homeassistant/device/ee/config", "$SYS/broker/x",
        ):  # fmt: skip
            assert site.publish(topic) == NOT_AUTHORISED, topic


@security(3, shows="a site that subscribes to everything hears its own down/ and what is for all")
def test_a_site_hears_what_is_for_it_alone(tmp_path: Path, broker: Broker, authority: trustme.CA) -> None:
    with (
        client(broker.port, **certified(tmp_path, authority, SITE)) as site,
        client(broker.port, **certified(tmp_path, authority, "platform")) as platform,
    ):
        site.client.subscribe([("#", 1), ("ee/1/+/down/#", 1), (f"ee/1/{OTHER}/up/#", 1)])
        assert site.subscribed.wait(60.0)
        for topic in (f"ee/1/{OTHER}/down/cmd/x", f"ee/1/{SITE}/down/ack", "ee/1/_all/down/notice"):
            assert platform.publish(topic) in (0x00, 0x10)
        until(lambda: "ee/1/_all/down/notice" in site.heard, "what was sent last")
        assert set(site.heard) == {f"ee/1/{SITE}/down/ack", "ee/1/_all/down/notice"}


@security(3, shows="our own link under another id with our certificate: refused with 0x87, in one sentence")
async def test_our_own_link_under_another_id_is_refused(
    tmp_path: Path, broker: Broker, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = certified(tmp_path, authority, SITE)
    async with cloud.linked(broker.port, tls=True, **ours) as link:
        async with asyncio.timeout(20.0):
            while not link.connected:
                await asyncio.sleep(0.01)
        await link.publish(Envelope("up/info", b"{}"))
    monkeypatch.setattr(cloud, "SITE", OTHER)
    async with cloud.linked(broker.port, tls=True, **ours) as link:
        async with asyncio.timeout(20.0):
            while not link.connected:
                await asyncio.sleep(0.01)
        with pytest.raises(EnvelopeRefused, match="the broker refused up/info with code 0x87"):
            await link.publish(Envelope("up/info", b"{}"))
