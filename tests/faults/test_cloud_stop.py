"""The end of the daemon while the broker has frozen and a backlog waits: real processes, real sockets."""

import asyncio
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agent.adapters.store.sqlite_store import SqliteStore
from agent.domain.records import Batch
from simulator.broker import Broker, find_mosquitto
from simulator.platform import Platform
from tests import site_files
from tests.adapters.store.store_rows import NAMES, START, minute
from tests.app.processes import Inverter, daemon, quick_site, simulator, until
from tests.faults.catalogue import Outcome, fault
from tests.site_files import HOME_ID, free_ports

pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed on this machine"),
]
BACKLOG = 1_500


async def fill(path: Path) -> None:
    """A backlog that takes a while to send."""
    store = SqliteStore(path, ZoneInfo("Europe/London"), lambda: START)
    await store.open()
    begin = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=BACKLOG)  # what is too old would be let go of
    rows = tuple(replace(minute(index, 50), at=begin + timedelta(minutes=index)) for index in range(BACKLOG))
    await store.write(Batch(minutes=rows, catalogue=NAMES))
    await store.close()


def stored(config: Path, select: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"file:{config.with_name('site.sqlite3')}?mode=ro", uri=True)) as connection:
        return connection.execute(select).fetchall()


@fault(15, injected="SIGSTOP of mosquitto under 1,500 rows on their way, then SIGTERM", neutral_s=5, rows_lost=0)
def test_a_frozen_broker_and_a_full_backlog_do_not_hold_up_the_end(
    tmp_path: Path, broker: Broker, outcome: Outcome
) -> None:
    inverter_port, meter_port = free_ports(2)
    platform = Platform(broker.port)
    platform.start()
    config = quick_site(tmp_path, inverter_port, meter_port, cloud=site_files.CLOUD.format(port=broker.port))
    asyncio.run(fill(config.with_name("site.sqlite3")))
    minutes = platform.stream(HOME_ID, "minute")
    with simulator(inverter_port, meter_port), closing(Inverter(inverter_port)) as inverter:
        with daemon(config) as running:
            until(inverter.is_steered, "a setpoint")
            until(lambda: len(minutes.rows) > 50, "rows at the platform")
            broker.freeze()
            began = time.monotonic()
            running.process.terminate()
            until(lambda: not inverter.is_steered(), "the release of the battery")
            outcome.neutral_after(time.monotonic() - began)
            assert running.process.wait(10.0) == 0
            assert time.monotonic() - began <= 10.0
            assert "Traceback" not in running.said()
            assert "stopped_late" not in running.said()
        assert len(minutes.rows) < BACKLOG
        assert stored(config, "SELECT kind FROM event ORDER BY seq DESC LIMIT 1") == [("stopped",)]
        newest = stored(config, "SELECT rung, reason FROM decision ORDER BY seq DESC LIMIT 1")
        assert newest == [("release", "released: the agent was told to stop")]
        broker.thaw()
        with daemon(config):
            first, last = stored(config, "SELECT min(seq), max(seq) FROM minute")[0]
            assert isinstance(first, int)
            assert isinstance(last, int)
            until(lambda: minutes.contiguous is not None and minutes.contiguous >= last, "all rows", 120.0)
    platform.stop()
    outcome.lost(len(set(range(first, last + 1)) - set(minutes.rows)) + minutes.declared_lost)
