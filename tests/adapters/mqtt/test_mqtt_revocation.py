"""A broker whose certificate was revoked, by the list that the site file names: a real mosquitto, real certificates."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from agent.adapters.mqtt.mqtt_link import MqttLink
from agent.adapters.mqtt.mqtt_settings import MqttSettings
from simulator.broker import find_mosquitto
from tests.faults.revocation import revocation_list
from tests.faults.tls import TlsBroker, our_files, trust, write_ours
from tests.waiting import until

pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed on this machine"),
]
SITE = "site-1"


class Scene:
    """A broker with a certificate, another certificate of the same authority, and the folder of our files."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.authority = folder, trustme.CA()
        self.server, self.other = (self.authority.issue_cert("127.0.0.1") for _ in range(2))
        self.broker = TlsBroker(folder / "broker", self.server, self.authority)
        trust(folder, self.authority)
        write_ours(folder, self.authority.issue_cert(SITE, common_name=SITE))

    @property
    def crl(self) -> Path:
        return self.folder / "revoked.pem"

    def link(self) -> MqttLink:
        files = {**our_files(self.folder), "crl_file": self.crl}
        settings = MqttSettings("127.0.0.1", self.broker.port, SITE, longest_pause_s=0.2, **files)  # type: ignore[arg-type]
        return MqttLink(settings, lambda word: None)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    found = Scene(tmp_path)
    yield found
    found.broker.stop()


async def test_a_revoked_broker_is_left_alone_until_it_shows_another_certificate(scene: Scene) -> None:
    scene.crl.write_bytes(revocation_list(scene.authority, scene.server))
    link = scene.link()
    await link.start()
    try:
        await until(lambda: link.trouble)
        assert link.trouble == (
            f"127.0.0.1:{scene.broker.port}: certificate verify failed: "
            "the broker's certificate was revoked by its authority"
        )
        assert link.connections == 0
        scene.broker.present(scene.other)
        scene.broker.again()
        await until(lambda: link.connected)
    finally:
        await link.stop()


async def test_a_list_counts_from_the_next_connection_on(scene: Scene) -> None:
    scene.crl.write_bytes(revocation_list(scene.authority, scene.other))
    link = scene.link()
    await link.start()
    try:
        await until(lambda: link.connected)
        scene.crl.write_bytes(revocation_list(scene.authority, scene.other, scene.server))
        link.reconnect()
        await until(lambda: "was revoked" in (link.trouble or ""))
        assert (link.connected, link.connections) == (False, 1)
    finally:
        await link.stop()


Written = Callable[[Scene], bytes | None]


@pytest.mark.parametrize(
    ("written", "word"),
    [
        (lambda scene: None, "the revocation list {crl} cannot be read: No such file or directory"),
        (lambda scene: b"", "the revocation list {crl} cannot be used: it is no PEM file that fits"),
        (
            lambda scene: revocation_list(scene.authority) + scene.authority.cert_pem.bytes(),
            "the revocation list {crl} cannot be used: it holds a certificate, which is for ca_file",
        ),
        (
            lambda scene: revocation_list(scene.authority, until=datetime.now(UTC) - timedelta(hours=1)),
            "the list in crl_file has ended",
        ),
        (lambda scene: revocation_list(trustme.CA()), "crl_file holds no list of the authority"),
    ],
    ids=["there is none", "nothing is in it", "an authority is in it", "it has ended", "it is of a strange authority"],
)
async def test_without_a_good_list_there_is_no_connection(scene: Scene, written: Written, word: str) -> None:
    found = written(scene)
    if found is not None:
        scene.crl.write_bytes(found)
    link = scene.link()
    await link.start()
    try:
        await until(lambda: link.trouble)
        assert word.format(crl=scene.crl) in (link.trouble or "")
        assert link.connections == 0
    finally:
        await link.stop()
