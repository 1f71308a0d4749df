"""Item 2: nothing but a broker and a site that each prove who they are, over TLS 1.2 or newer."""

import asyncio
import ssl
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from agent.adapters.mqtt.mqtt_settings import MqttSettings, new_client
from simulator.broker import find_mosquitto
from tests.faults.cloud import SITE, linked, trouble_of
from tests.faults.tls import TlsBroker, certified_broker, our_files, portal, trust, write_ours
from tests.security.items import security
from tests.waiting import until

pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed on this machine"),
]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def broker(tmp_path: Path, authority: trustme.CA) -> Iterator[TlsBroker]:
    with certified_broker(tmp_path, authority, SITE) as started:
        yield started


@security(
    2, shows="no certificate, one of a rogue authority, a rogue broker, a wrong name, a plain port: no connection"
)
async def test_whoever_does_not_prove_who_it_is_is_no_partner(
    tmp_path: Path, broker: TlsBroker, authority: trustme.CA
) -> None:
    good = our_files(tmp_path)
    async with linked(broker.port, **good) as link:
        await until(lambda: link.connected)
    rogue = trustme.CA()
    assert await trouble_of(broker.port, tls=True, ca_file=good["ca_file"]), "without a certificate of ours"
    write_ours(tmp_path, rogue.issue_cert(SITE, common_name=SITE))
    assert "does not accept our certificate" in await trouble_of(broker.port, **good)
    write_ours(tmp_path, authority.issue_cert(SITE, common_name=SITE))
    trust(tmp_path, rogue)
    assert "no authority that we trust" in await trouble_of(broker.port, **good)
    trust(tmp_path, authority)
    assert await trouble_of(broker.broker.port, **good), "the broker's port in plain text"
    broker.present(authority.issue_cert("other.example"))
    broker.again()
    assert "made out to another name" in await trouble_of(broker.port, **good)


@security(2, shows="where TLS fails, not one byte of MQTT is sent in plain text, however often it is tried")
async def test_there_is_no_way_back_to_plain_text(tmp_path: Path, authority: trustme.CA) -> None:
    trust(tmp_path, authority)
    write_ours(tmp_path, authority.issue_cert(SITE, common_name=SITE))
    async with portal() as plain, linked(plain.port, **our_files(tmp_path)) as link:
        for _ in range(3):
            link.trouble, plain.heard = None, b""
            await until(lambda: link.trouble)
            assert b"MQTT" not in plain.heard
            assert SITE.encode() not in plain.heard
            assert link.connections == 0


@security(2, shows="a server that ends at TLS 1.1 is not spoken to")
async def test_tls_older_than_1_2_is_refused(tmp_path: Path, authority: trustme.CA) -> None:
    trust(tmp_path, authority)
    settings = MqttSettings("127.0.0.1", 1, SITE, ca_file=tmp_path / "trusted.pem")
    assert new_client(settings, None)._ssl_context.minimum_version is ssl.TLSVersion.TLSv1_2  # type: ignore[union-attr]
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(old)
    old.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore"):  # they are deprecated, which is what this is about
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=old)
    async with server:
        port = server.sockets[0].getsockname()[1]
        trouble = await trouble_of(port, tls=True, ca_file=tmp_path / "trusted.pem")
        assert trouble == f"127.0.0.1:{port}: the connection was closed while TLS was agreed on"
