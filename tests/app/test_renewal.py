"""The certificate is renewed for real: child process, HTTPS, a broker that asks for certificates, and the swap."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from agent.adapters.host.clock import SystemClock
from agent.adapters.host.enrolment import certify
from agent.adapters.mqtt.certificates import lives
from agent.adapters.mqtt.mqtt_link import MqttLink
from agent.adapters.mqtt.own_certificate import candidate_of
from agent.cli.commands import obey
from agent.cycles.alarms import Alarms
from agent.cycles.renewal import ACCEPTED_WITHIN_S, Renewal
from agent.platform import _reach, _renewal, identity_request
from agent.settings.load import load
from agent.settings.schema import Settings
from simulator.broker import find_mosquitto
from tests.adapters.host.test_enrolment import TOKEN, Enrolment, platform
from tests.cycles.hearing import Hearing
from tests.faults import cloud
from tests.faults.tls import TlsBroker
from tests.security.items import security
from tests.site_files import HOME_ID, write_home
from tests.waiting import until

pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed on this machine"),
]
__all__ = ["platform"]  # a fixture
CLOUD = """
[cloud]
host = "127.0.0.1"
port = {port}
ca_file = "{folder}/ca.pem"
enrol_url = "https://127.0.0.1:{enrol}/enrol"
"""


@pytest.fixture
def broker(tmp_path: Path, platform: Enrolment) -> Iterator[TlsBroker]:
    platform.name = HOME_ID
    server = platform.authority.issue_cert("127.0.0.1")
    started = TlsBroker(tmp_path / "broker", server, platform.authority)
    yield started
    started.stop()


@pytest.fixture
def config(tmp_path: Path, platform: Enrolment, broker: TlsBroker) -> Path:
    section = CLOUD.format(port=broker.port, folder=tmp_path, enrol=platform.port)
    return write_home(tmp_path, inverter_port=1, meter_port=2, cloud=section)


def enrolled_days_ago(platform: Enrolment, settings: Settings, days: float) -> Path:
    """The identity file, of a certificate that began then."""
    request = identity_request(settings)
    assert request is not None
    platform.now = lambda: datetime.now(UTC) - timedelta(days=days)
    certify(request, TOKEN, datetime.now(UTC))
    platform.now = lambda: datetime.now(UTC)
    return Path(request.identity)


@asynccontextmanager
async def connected(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[MqttLink, Renewal, Hearing]]:
    assert settings.cloud is not None
    reach = _reach(HOME_ID, settings.cloud, Path(settings.store.path))
    monkeypatch.setattr(cloud, "SITE", HOME_ID)
    clock = SystemClock()
    files = {"tls": True, "ca_file": reach.ca_file, "cert_file": reach.cert_file}
    hearing = Hearing(clock)
    async with cloud.linked(reach.port, **files) as link:
        renewal = _renewal(settings, reach, clock, Alarms(clock, hearing.pending), link)
        assert renewal is not None
        await until(lambda: link.connected)
        yield link, renewal, hearing


async def test_at_two_thirds_of_its_life_it_is_renewed_and_swapped_when_the_broker_has_accepted_it(
    config: Path, platform: Enrolment, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load(config)
    identity = enrolled_days_ago(platform, settings, 61.0)
    before = identity.read_bytes()
    async with connected(settings, monkeypatch) as (link, renewal, hearing):
        await renewal.step()
        assert platform.seen == ["token", "certificate"]
        await until(lambda: not candidate_of(identity).exists())
        await until(lambda: link.connected and link.connections >= 2)
        assert identity.read_bytes() != before
        await renewal.step()
        (kind, _, text), *_ = hearing.told
        ends_at = lives(identity)[0][1]
        assert (kind, text) == (
            "certificate_renewed",
            f"the broker has accepted the new certificate, which ends on {ends_at:%Y-%m-%d}",
        )
        await renewal.step()
        assert platform.seen == ["token", "certificate"], "it is not due again"


@security(2, shows="a new certificate of ours takes the old one's place when the broker has accepted it, not before")
async def test_one_that_the_broker_does_not_accept_costs_a_try_and_the_old_one_stays(
    config: Path, platform: Enrolment, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load(config)
    identity = enrolled_days_ago(platform, settings, 61.0)
    before = identity.read_bytes()
    platform.authority = trustme.CA()  # it signs by one that the broker does not know
    async with connected(settings, monkeypatch) as (link, renewal, hearing):
        await renewal.step()
        await until(lambda: link.connected and link.connections >= 2)
        assert candidate_of(identity).exists()
        assert identity.read_bytes() == before
        assert renewal._tried_since is not None
        renewal._tried_since -= ACCEPTED_WITHIN_S
        await renewal.step()
        (kind, _, text), *_ = hearing.told
        assert (kind, text) == (
            "certificate_not_renewed",
            "the certificate was not renewed: the broker does not accept the new one",
        )
        assert not candidate_of(identity).exists()
        await renewal.step()
        assert platform.seen == ["token", "certificate"], "it rests before it asks again"


async def test_before_that_nobody_is_asked_and_a_failure_is_told(
    config: Path, platform: Enrolment, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load(config)
    identity = enrolled_days_ago(platform, settings, 59.0)
    async with connected(settings, monkeypatch) as (link, renewal, hearing):
        await renewal.step()
        assert platform.seen == ["token"]
        identity.unlink()
        platform.token = TOKEN
        enrolled_days_ago(platform, settings, 70.0)
        platform.status = 503
        await renewal.step()
        assert [(kind, text) for kind, _, text in hearing.told] == [
            ("certificate_not_renewed", "the certificate was not renewed: 127.0.0.1 answered with status 503")
        ]
        assert link.connected


async def test_one_that_ended_while_offline_is_replaced_by_the_command_with_a_token(
    config: Path, platform: Enrolment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = load(config)
    identity = enrolled_days_ago(platform, settings, 0.0)
    ended = platform.authority.issue_cert(HOME_ID, common_name=HOME_ID, not_after=datetime.now(UTC) - timedelta(days=1))
    identity.write_bytes(ended.private_key_pem.bytes() + ended.cert_chain_pems[0].bytes())
    assert obey(["enrol", "--config", str(config)]) == 1
    assert "a new one needs the platform's token" in capsys.readouterr().err
    platform.token = TOKEN
    token = config.with_name("token")
    token.write_text(TOKEN + "\n")
    assert obey(["enrol", "--config", str(config), "--token-file", str(token)]) == 0
    assert capsys.readouterr().out.startswith(f"certificate of {HOME_ID} until ")
    async with connected(settings, monkeypatch) as (link, _, _):
        assert link.connected
        await until(lambda: not candidate_of(identity).exists())
        assert lives(identity)[0][1] > datetime.now(UTC)


def test_the_command_says_what_is_missing(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert obey(["enrol", "--config", str(config), "--token-file", "/nowhere"]) == 1
    assert "/nowhere cannot be read: No such file or directory" in capsys.readouterr().err
    text = config.read_text("utf-8")
    config.write_text("\n".join(line for line in text.splitlines() if not line.startswith("enrol_url")))
    assert obey(["enrol", "--config", str(config)]) == 2
    assert "has no enrol_url in [cloud]: there is nobody to ask" in capsys.readouterr().err
