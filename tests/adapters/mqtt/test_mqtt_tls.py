"""TLS as the site file asks for it: a certificate of ours, a broker that is checked, and no way around it."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from agent.adapters.mqtt.mqtt_link import MqttLink
from agent.adapters.mqtt.mqtt_settings import MqttSettings
from agent.adapters.mqtt.payloads import JsonPayloads
from agent.domain.envelope import Envelope
from simulator.broker import Broker, find_mosquitto, start_broker
from tests.faults.tls import server_lines
from tests.waiting import until

pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed on this machine"),
]
SITE = "site-1"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def broker(tmp_path: Path, authority: trustme.CA) -> Iterator[Broker]:
    """Takes only clients with a certificate of ``authority``, and knows them by its name."""
    started = start_broker(tmp_path, more=[*server_lines(tmp_path, authority), "require_certificate true"])
    yield started
    started.stop()


def with_certificate(folder: Path, issuer: trustme.CA, trusted: trustme.CA) -> dict[str, Path]:
    ours = issuer.issue_cert(SITE, common_name=SITE)
    files = {"ca_file": folder / "trusted.pem", "cert_file": folder / "ours.pem", "key_file": folder / "ours.key"}
    trusted.cert_pem.write_to_path(files["ca_file"])
    ours.cert_chain_pems[0].write_to_path(files["cert_file"])
    ours.private_key_pem.write_to_path(files["key_file"])
    return files


def link_to(broker: Broker, **files: Path) -> MqttLink:
    speaker = JsonPayloads(SITE, f"session-{time.monotonic_ns()}")
    settings = MqttSettings("127.0.0.1", broker.port, SITE, longest_pause_s=0.2, keepalive_s=5, **files)  # type: ignore[arg-type]
    return MqttLink(settings, lambda word: speaker.status(word, datetime.now(UTC)))


async def test_both_sides_are_who_they_say(broker: Broker, authority: trustme.CA, tmp_path: Path) -> None:
    link = link_to(broker, **with_certificate(tmp_path, authority, authority))
    await link.start()
    try:
        await until(lambda: link.connected)
        await link.publish(Envelope("up/info", b"{}"))
        assert link.trouble is None
    finally:
        await link.stop()


Files = Callable[[Path, trustme.CA], dict[str, Path]]


@pytest.mark.parametrize(
    ("files", "word"),
    [
        (lambda folder, ca: with_certificate(folder, ca, trustme.CA()), "certificate verify failed"),
        (lambda folder, ca: with_certificate(folder, trustme.CA(), ca), ""),
        (lambda folder, ca: {"ca_file": with_certificate(folder, ca, ca)["ca_file"]}, ""),
    ],
    ids=["a broker of a strange authority", "our certificate is of a strange authority", "no certificate of ours"],
)
async def test_anything_else_is_no_connection(
    broker: Broker, authority: trustme.CA, tmp_path: Path, files: Files, word: str
) -> None:
    link = link_to(broker, **files(tmp_path, authority))
    await link.start()
    try:
        await until(lambda: link.trouble)
        assert word in (link.trouble or "")
        assert link.connections == 0
        assert not link.connected
    finally:
        await link.stop()


@pytest.fixture
def early_broker(tmp_path: Path, authority: trustme.CA) -> Iterator[Broker]:
    """Its certificate becomes valid in a moment: to a client whose clock is behind every certificate is so."""
    valid_from = datetime.now(UTC) + timedelta(seconds=8)  # broker and link are up before it, on a busy machine too
    started = start_broker(tmp_path, more=server_lines(tmp_path, authority, not_before=valid_from))
    yield started
    started.stop()


async def test_a_certificate_that_is_not_yet_valid_is_tried_again(
    early_broker: Broker, authority: trustme.CA, tmp_path: Path
) -> None:
    link = link_to(early_broker, **with_certificate(tmp_path, authority, authority))
    await link.start()
    try:
        await until(lambda: link.trouble)
        assert "not yet valid" in (link.trouble or "")
        await until(lambda: link.connected)
        assert link.trouble is None
    finally:
        await link.stop()
