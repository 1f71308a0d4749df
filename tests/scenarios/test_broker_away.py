"""The link to the platform comes and goes; control does not notice and no row is lost."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.domain.setpoint import Rung
from simulator.broker import Broker, find_mosquitto, start_broker
from simulator.platform import Platform
from tests import site_files
from tests.scenarios.stage import Stage, staged
from tests.site_files import HOME_ID

pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed on this machine"),
]
STREAMS = ("minute", "decision", "event")


def cloud(broker: Broker, more: str = "") -> str:
    return site_files.CLOUD.format(port=broker.port) + more


async def sync_until(stage: Stage, reached: Callable[[], bool], timeout_s: float = 60.0) -> None:
    """Sync in real time: the link needs it."""
    assert stage.app.platform is not None
    async with asyncio.timeout(timeout_s):
        while not reached():
            await stage.app.platform.sync.step()
            await asyncio.sleep(0.02)


def has_everything(stage: Stage, platform: Platform) -> bool:
    streams = {name: platform.stream(HOME_ID, name) for name in STREAMS}
    last = {name: stage.rows(f"SELECT max(seq) FROM {name}")[0][0] for name in STREAMS}  # noqa: S608 - own names
    return all(streams[name].contiguous == last[name] for name in STREAMS)


async def test_after_an_hour_without_a_broker_everything_arrives(
    tmp_path: Path, broker: Broker, platform: Platform
) -> None:
    async with staged(tmp_path, cloud=cloud(broker)) as stage:
        await stage.play(10.0)
        await sync_until(stage, lambda: has_everything(stage, platform))

        async def away() -> None:
            broker.stop()

        async def back() -> None:
            broker.restart()

        await stage.play(75.0, {10.5: away, 70.5: back})
        assert {moment.rung for moment in stage.between(1.3, 75.0)} == {Rung.PLAN}
        await stage.app.record.step()
        await sync_until(stage, lambda: stage.app.platform is not None and stage.app.platform.link.connections >= 2)
        await sync_until(stage, lambda: has_everything(stage, platform))
        for name in STREAMS:
            received = platform.stream(HOME_ID, name)
            stored = {row[0] for row in stage.rows(f"SELECT seq FROM {name}")}  # noqa: S608 - own names
            assert set(received.rows) == stored
            assert (received.gaps, received.declared_lost) == (0, 0)
        minutes = [row["at"] for _, row in sorted(platform.stream(HOME_ID, "minute").rows.items())]
        assert len(minutes) == len(set(minutes)) >= 73
        document = platform.document(HOME_ID, "plan")
        assert document is not None
        assert document["schema"] == "plan/1.0"
        assert platform.faults == [], "both sides speak by docs/mqtt"


async def test_what_the_platform_sent_while_we_were_away_counts(
    tmp_path: Path, broker: Broker, platform: Platform
) -> None:
    words: dict[str, Any] = {"import_tariff": site_files.LIST_TARIFF, "cloud": cloud(broker)}
    platform.send_input(
        HOME_ID,
        "tariff",
        {
            "issued_at": "2026-03-17T00:00:00Z",
            "valid_from": "2026-03-17T00:00:00Z",
            "step_s": 900,
            "import_price": [0.08] * 24 + [0.6] * 72,
        },
    )
    async with staged(tmp_path, **words) as stage:
        await sync_until(stage, lambda: stage.app.conditions.import_prices is not None)
        await stage.play(3.0)
        assert stage.at(3.0).rung is Rung.PLAN
        await stage.app.record.step()
        assert stage.rows("SELECT count(*) FROM kept WHERE name = 'input/tariff'") == [(1,)]
    assert platform.faults == []


async def test_a_wrong_password_is_told_and_control_goes_on(tmp_path: Path) -> None:
    (tmp_path / "broker").mkdir()
    broker = start_broker(tmp_path / "broker", users={HOME_ID: "right"})
    password = tmp_path / "password"
    password.write_text("wrong\n")
    password.chmod(0o600)
    more = f'username = "{HOME_ID}"\npassword_file = "{password}"\n'
    try:
        async with staged(tmp_path, cloud=cloud(broker, more)) as stage:
            app = stage.app
            await sync_until(stage, lambda: "refused the connection" in (app.outlet.view.link_trouble or ""))
            await stage.play(5.0)
            assert app.outlet.view.link_trouble is not None
            assert "refused the connection: Not authorized" in app.outlet.view.link_trouble
            assert not app.outlet.view.connected
            assert {moment.rung for moment in stage.between(1.3, 5.0)} == {Rung.PLAN}
            await app.record.step()
            assert "Not authorized" in stage.rows("SELECT body FROM kept WHERE name = 'link'")[0][0]
    finally:
        broker.stop()
