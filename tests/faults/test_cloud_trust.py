"""Certificates that end, authorities that change, portals in between: told in a sentence, never gone round."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from agent.adapters.mqtt.certificates import NoCertificate, ends
from agent.domain.setpoint import Rung
from simulator.broker import find_mosquitto, start_broker
from tests import site_files
from tests.faults.catalogue import Outcome, fault
from tests.faults.cloud import SITE, everything_arrives, linked, platform_at, play_on, trouble_of
from tests.faults.tls import CLOUD, TlsBroker, certified_broker, our_files, portal, silent, trust, write_ours
from tests.scenarios.stage import MIDNIGHT, Stage, staged
from tests.waiting import until

pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed on this machine"),
]
ROOT = Path(__file__).parents[2]
IN_A_NETWORK_OF_ITS_OWN = ["unshare", "--net", sys.executable, "-c"]
LOOK_UP = """
import asyncio, sys
from tests.faults.cloud import trouble_of
print(asyncio.run(trouble_of(8883, host="mqtt.example.org", tls=True)))
"""


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def broker(tmp_path: Path, authority: trustme.CA) -> Iterator[TlsBroker]:
    with certified_broker(tmp_path, authority, SITE) as started:
        yield started


async def alarms(stage: Stage) -> list[tuple[str, str]]:
    return [(kind, text) for kind, severity, text in await stage.events() if severity == "alarm"]


@fault(56, injected="a certificate of ours that ends in 20 days of the virtual clock", alarm="certificate_ends")
async def test_a_certificate_that_ends_soon_is_told_thirty_days_ahead(
    tmp_path: Path, authority: trustme.CA, outcome: Outcome
) -> None:
    trust(tmp_path, authority)
    write_ours(tmp_path, authority.issue_cert(SITE, not_after=MIDNIGHT + timedelta(days=31)))
    async with staged(tmp_path, cloud=CLOUD.format(port=1, folder=tmp_path)) as stage:
        await stage.play(5.0)
        assert not [kind for kind, _ in await alarms(stage) if kind.startswith("certificate")]
        write_ours(tmp_path, authority.issue_cert(SITE, not_after=MIDNIGHT + timedelta(days=20)))
        assert stage.app.platform is not None
        stage.app.platform.watch._look_at = 0.0
        await stage.play(8.0)
        told = dict(await alarms(stage))
        assert told["certificate_ends/certificate"] == (
            "the certificate ends on 2026-04-06, in 20 days: renew it before"
        )
        outcome.raised("certificate_ends/certificate")
        assert {moment.rung for moment in stage.between(1.3, 8.0)} == {Rung.PLAN}


@fault(
    56,
    injected="our certificate has expired; mosquitto refuses it; it is renewed on disk",
    rows_lost=0,
    alarm="link_down",
)
async def test_an_expired_certificate_costs_no_row_and_a_renewed_one_counts_at_once(
    tmp_path: Path, broker: TlsBroker, authority: trustme.CA, outcome: Outcome
) -> None:
    write_ours(tmp_path, authority.issue_cert(SITE, not_after=datetime.now(UTC) - timedelta(days=1)))
    async with staged(tmp_path, cloud=CLOUD.format(port=broker.port, folder=tmp_path)) as stage:
        assert stage.app.platform is not None
        link = stage.app.platform.link
        link._delay.longest_s = 0.2
        await play_on(stage, lambda: link.trouble and len(stage.seen) > 10)
        assert link.trouble == "the broker does not accept our certificate: certificate expired"
        kind, text = (await alarms(stage))[-1]
        outcome.raised(kind)
        assert text == link.trouble
        assert {moment.rung for moment in stage.between(1.3, 1e6)} == {Rung.PLAN}
        write_ours(tmp_path, authority.issue_cert(SITE, common_name=SITE))
        async with platform_at(broker.broker.port) as platform:
            await play_on(stage, lambda: link.connected)
            outcome.lost(await everything_arrives(stage, platform, site_files.HOME_ID))


@fault(56, injected="the broker's certificate is of a new authority; ours trust both, or get it while we run")
async def test_an_authority_may_change_while_we_run(tmp_path: Path, broker: TlsBroker, authority: trustme.CA) -> None:
    new = trustme.CA()
    trust(tmp_path, authority, new)
    async with linked(broker.port, **our_files(tmp_path)) as link:
        await until(lambda: link.connected)
        broker.present(new.issue_cert("127.0.0.1"))
        broker.again()
        await until(lambda: link.connections == 2)
        trust(tmp_path, authority)
        broker.again()
        await until(lambda: "no authority that we trust" in str(link.trouble))
        assert link.connections == 2
        trust(tmp_path, authority, new)
        await until(lambda: link.connections == 3)


async def as_in_a_week_without_a_broker(
    tmp_path: Path, broker: TlsBroker, outcome: Outcome, leaf: trustme.LeafCert | None, word: str
) -> None:
    """A portal answers in the broker's place for a while, then the broker itself."""
    broker.stop()
    async with staged(tmp_path, cloud=CLOUD.format(port=broker.port, folder=tmp_path)) as stage:
        assert stage.app.platform is not None
        link = stage.app.platform.link
        link._delay.longest_s = 0.2
        async with portal(broker.port, leaf) as found:
            await play_on(stage, lambda: word in str(link.trouble) and found.port and len(stage.seen) > 10)
            assert (await alarms(stage))[-1][0] == "link_down"
            outcome.raised("link_down")
            assert link.connections == 0
            assert site_files.HOME_ID.encode() not in found.heard
            assert b"MQTT" not in found.heard
        assert {moment.rung for moment in stage.between(1.3, 1e6)} == {Rung.PLAN}
        broker.broker.restart()
        async with platform_at(broker.broker.port) as platform:
            await play_on(stage, lambda: link.connected)
            outcome.lost(await everything_arrives(stage, platform, site_files.HOME_ID))


@fault(57, injected="a captive portal that answers in plain HTTP", rows_lost=0, alarm="link_down")
async def test_a_portal_in_plain_text_hears_nothing_from_us(
    tmp_path: Path, broker: TlsBroker, outcome: Outcome
) -> None:
    await as_in_a_week_without_a_broker(tmp_path, broker, outcome, None, "does not speak TLS")


@fault(57, injected="a captive portal with a trusted certificate for another name", rows_lost=0, alarm="link_down")
async def test_a_portal_with_another_name_hears_nothing_from_us(
    tmp_path: Path, broker: TlsBroker, authority: trustme.CA, outcome: Outcome
) -> None:
    leaf = authority.issue_cert("portal.example")
    await as_in_a_week_without_a_broker(tmp_path, broker, outcome, leaf, "made out to another name")


@fault(57, injected="a network namespace without a name server")
def test_without_a_name_server_the_sentence_says_so() -> None:
    command = [*IN_A_NETWORK_OF_ITS_OWN, LOOK_UP]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60.0)
    if "unshare" in done.stderr:
        pytest.skip(f"no network namespace can be made here: {done.stderr.strip()}")
    assert done.stdout.strip() == "the name mqtt.example.org cannot be looked up: no name server answers", done.stderr


async def test_every_trouble_is_one_clear_sentence(tmp_path: Path, broker: TlsBroker, authority: trustme.CA) -> None:
    nobody = site_files.free_ports(1)[0]
    assert await trouble_of(nobody) == f"127.0.0.1:{nobody}: Connection refused: no broker listens there"
    secured = our_files(tmp_path)
    strange = trustme.CA()
    trust(tmp_path, strange)
    place = f"127.0.0.1:{broker.port}"
    untrusted = f"{place}: certificate verify failed: no authority that we trust has signed the broker's certificate"
    assert await trouble_of(broker.port, **secured) == untrusted
    trust(tmp_path, authority)
    broker.present(authority.issue_cert("other.example"))
    broker.again()
    wrong_name = (
        f"{place}: certificate verify failed: the broker's certificate is made out to another name than 127.0.0.1"
    )
    assert await trouble_of(broker.port, **secured) == wrong_name
    broker.present(authority.issue_cert("127.0.0.1", not_after=datetime.now(UTC) - timedelta(days=1)))
    broker.again()
    assert "the broker's certificate has expired" in await trouble_of(broker.port, **secured)
    broker.present(authority.issue_cert("127.0.0.1"))
    broker.again()
    write_ours(tmp_path, strange.issue_cert(SITE))
    assert await trouble_of(broker.port, **secured) == "the broker does not accept our certificate: unknown ca"
    (tmp_path / "ours.pem").write_text("no certificate")
    assert "ours.pem cannot be used: it is no PEM file that fits" in await trouble_of(broker.port, **secured)
    (tmp_path / "ours.pem").unlink()
    assert "ours.pem cannot be read: No such file or directory" in await trouble_of(broker.port, **secured)


async def test_silence_and_strangers_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.adapters.mqtt.mqtt_thread.ANSWER_WITHIN_S", 1.0)
    monkeypatch.setattr("agent.adapters.mqtt.mqtt_settings.CONNECT_TIMEOUT_S", 1.0)
    async with silent() as port:
        quiet = "takes the connection and then says nothing: is an MQTT broker behind this port?"
        assert await trouble_of(port) == f"127.0.0.1:{port}: {quiet}"
        assert "does not answer" in await trouble_of(port, tls=True)
    async with portal() as found:
        strange = "closed the connection before it spoke MQTT: is an MQTT broker behind this port?"
        assert await trouble_of(found.port) == f"127.0.0.1:{found.port}: {strange}"


async def test_a_wrong_password_asks_for_the_right_one(tmp_path: Path) -> None:
    plain = start_broker(tmp_path, users={SITE: "right"})
    (tmp_path / "word").write_text("wrong\n")
    try:
        trouble = await trouble_of(plain.port, username=SITE, password_file=tmp_path / "word")
    finally:
        plain.stop()
    hint = "are user name, password and certificate those of this site?"
    assert trouble == f"the broker refused the connection: Not authorized: {hint}"


async def test_a_certificate_that_is_not_yet_valid_is_tried_again(
    tmp_path: Path, broker: TlsBroker, authority: trustme.CA
) -> None:
    """What a gateway without a clock sees that starts in 1970, until it has the time."""
    begins = datetime.now(UTC) + timedelta(seconds=8)  # broker and link are up before it, on a busy machine too
    broker.present(authority.issue_cert("127.0.0.1", not_before=begins))
    broker.again()
    async with linked(broker.port, **our_files(tmp_path)) as link:
        await until(lambda: link.trouble)
        assert "is not yet valid by this machine's clock" in str(link.trouble)
        await until(lambda: link.connected)


def test_ends_are_read_as_the_library_wrote_them(tmp_path: Path, authority: trustme.CA) -> None:
    file = tmp_path / "some.pem"
    for end in (datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(2050, 1, 1, tzinfo=UTC)):
        authority.issue_cert("a", not_after=end).cert_chain_pems[0].write_to_path(file)
        assert ends(file) == (end,)
    whole = file.read_text()
    for cut in range(30, len(whole), 97):
        file.write_text(whole[:cut] + "\n-----END CERTIFICATE-----\n")
        with suppress(NoCertificate):  # and nothing else
            assert len(ends(file)) == 1
