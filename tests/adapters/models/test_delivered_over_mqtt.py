"""The whole way: the platform publishes, the site verifies, fetches by HTTPS, admits and tells; trials take it up."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from agent.adapters.host.clock import SystemClock
from agent.adapters.models.candidates import enrol
from agent.adapters.models.model_archive import fingerprint_of
from agent.app import build
from agent.cli.model_deliveries import delivery_lines
from agent.cycles import model_delivery
from agent.daemon import App
from agent.domain.documents import MODEL_DELIVERIES
from agent.settings.load import load
from simulator.broker import Broker
from simulator.platform import Platform
from tests import site_files
from tests.adapters.models.model_folders import SHIPPED, candidate
from tests.adapters.models.model_server import KEYS, Served, members_of, packed, serve

pytestmark = pytest.mark.broker
SITE = site_files.HOME_ID
CLOUD = """
[cloud]
host = "127.0.0.1"
port = {port}
tls = false
"""
KEYS_FILE = 'keys_file = "{folder}/keys"\nmodels_ca_file = "{folder}/ca.pem"\n'


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """The file of a good model, whose authority and keys the site knows, and no random delay."""
    monkeypatch.setattr(model_delivery, "DELAY_S", 0.0)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    (tmp_path / "keys").write_text(KEYS)
    (tmp_path / "made").mkdir()
    content, _ = packed(candidate(tmp_path / "made", "own", version="3.1.4"))
    with serve(content, authority.issue_cert("127.0.0.1")) as found:
        yield found


@asynccontextmanager
async def site(folder: Path, broker: Broker, more: str = KEYS_FILE) -> AsyncIterator[App]:
    """A site whose store is open and whose way to the platform is begun."""
    cloud = (CLOUD + more).format(port=broker.port, folder=folder)
    app = build(
        load(site_files.write_home(folder, inverter_port=1, meter_port=2, cloud=cloud, load_model="consumption")),
        SystemClock(),
    )
    assert app.platform is not None
    await app.store.open()
    if app.platform.models is not None:
        app.platform.models.recall(await app.store.kept(MODEL_DELIVERIES.name))
    await app.platform.start()
    try:
        yield app
    finally:
        await app.platform.stop()
        await app.store.close()


def told(app: App) -> list[str]:
    return [event.text for event in app.pending._events]


async def until_told(app: App, word: str) -> list[str]:
    assert app.platform is not None
    async with asyncio.timeout(30.0):
        while not any(word in text for text in told(app)):
            await app.platform.step()
            if app.platform.models is not None:
                await app.platform.models.step()
            await asyncio.sleep(0.02)
    return told(app)


async def test_what_the_platform_delivers_is_a_candidate(
    tmp_path: Path, broker: Broker, platform: Platform, served: Served
) -> None:
    made = tmp_path / "made" / "own"
    _, card_size = packed(made)
    platform.send_model(SITE, members_of(served.content, card_size, served.url, version=2))
    async with site(tmp_path, broker) as app:
        await until_told(app, "is here; the next daily trial looks at it")
        platform.send_model(SITE, members_of(served.content[::-1], card_size, served.url, version=1))
        events = await until_told(app, "is refused")
        assert events[-1] == ("model own, delivery 1, is refused: version 1 is not newer than 2, which was here before")
    assert fingerprint_of(tmp_path / "models" / "own") == fingerprint_of(made)
    assert enrol(tmp_path / "models", datetime.now(UTC)) == ["model own 3.1.4 is on trial for load_w"]
    said = list(delivery_lines(tmp_path / "site.sqlite3"))
    assert [line.split(", came")[0] for line in said] == [
        f"from the platform: own, delivery 2 ({len(served.content) / 1000:.0f} kB)"
    ]
    info = platform.document(SITE, "info")
    assert info is not None
    assert info["models"]["load_w"] == {
        "name": "consumption", "fingerprint": fingerprint_of(SHIPPED / "consumption"),
    }  # fmt: skip


async def test_another_file_is_refused_and_shown(
    tmp_path: Path, broker: Broker, platform: Platform, served: Served
) -> None:
    other = served.content[:-1] + b"?"
    async with site(tmp_path, broker) as app:
        platform.send_model(SITE, members_of(other, 100, served.url))
        await until_told(app, "is refused: its file is not the one that was signed")
        assert app.platform is not None
        assert app.platform.models is not None
        assert [fact["state"] for fact in app.platform.models.facts()] == ["refused"]
    assert not (tmp_path / "models" / "own").exists()
    assert "refused on" in next(delivery_lines(tmp_path / "site.sqlite3"))


async def test_without_keys_nothing_is_fetched(
    tmp_path: Path, broker: Broker, platform: Platform, served: Served
) -> None:
    async with site(tmp_path, broker, more="") as app:
        platform.send_model(SITE, members_of(served.content, 100, served.url))
        events = await until_told(app, "no models are fetched")
        assert events == ["down/model: no models are fetched, since [cloud] keys_file is not set"]
    assert served.asked == []
