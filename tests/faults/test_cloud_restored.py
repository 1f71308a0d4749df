"""A store that was restored from an older copy: what is measured since reaches the platform all the same."""

import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from agent.adapters.host.clock import VirtualClock
from agent.domain.records import Batch, EventRow
from simulator.broker import Broker, find_mosquitto
from simulator.platform import Platform
from tests.adapters.store.store_rows import START
from tests.faults.cloud import SITE, Uplink, platform_at

pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed on this machine"),
]


async def happen(site: Uplink, *names: str) -> None:
    """Write an event for each name, and what was acknowledged until now, as the recorder does."""
    rows = tuple(EventRow(START, "test", "info", name) for name in names)
    await site.store.write(Batch(events=rows, acknowledged=tuple(site.acknowledged.items())))


async def received(site: Uplink, platform: Platform, told: Sequence[str]) -> None:
    """Wait until the platform has all that was told, and the site knows it."""
    events = platform.stream(SITE, "event")
    with suppress(TimeoutError):
        await site.until(
            lambda: names(platform) >= set(told) and site.acknowledged.get("event") == events.contiguous, 2.0, 20.0
        )
    assert names(platform) == set(told)
    assert events.gaps == 0


def names(platform: Platform) -> set[str]:
    return {str(row["text"]) for row in platform.stream(SITE, "event").rows.values()}


def copied(path: Path, to: Path) -> None:
    for part in ("", "-wal", "-shm"):
        to.with_name(to.name + part).unlink(missing_ok=True)
    shutil.copyfile(path, to)


def three(word: str) -> list[str]:
    return [f"{word}-{index}" for index in range(3)]


async def at_first(path: Path, broker: Broker, platform: Platform, clock: VirtualClock) -> list[str]:
    """A copy is made of a store, beside it, and then more is written and acknowledged."""
    async with Uplink(path, broker.port, clock) as site:
        await happen(site, *three("before the copy"))
        await received(site, platform, three("before the copy"))
        await happen(site)
    copied(path, path.with_name("copy.db"))
    async with Uplink(path, broker.port, clock) as site:
        await happen(site, *three("after the copy"), "one more")
        told = [*three("before the copy"), *three("after the copy"), "one more"]
        await received(site, platform, told)
        await happen(site)
    return told


@pytest.mark.parametrize("offline", [0, 2, 9], ids=["at once", "after two events", "after more than were lost"])
async def test_no_row_of_after_the_restoration_is_taken_for_one_of_before(
    tmp_path: Path, broker: Broker, offline: int
) -> None:
    path, clock = tmp_path / "site.db", VirtualClock(START)
    async with platform_at(broker.port) as platform:
        told = await at_first(path, broker, platform, clock)
        copied(tmp_path / "copy.db", path)
        async with Uplink(path, broker.port, clock) as site:
            early = [f"restored-{index}" for index in range(offline)]
            await happen(site, *early)
            await site.until(lambda: site.acknowledged)
            await happen(site, *three("later"))
            await received(site, platform, [*told, *early, *three("later")])
            assert [kind for kind, _ in site.told] == ["store_replaced"]
            await happen(site)
        async with Uplink(path, broker.port, clock) as again:
            await happen(again, *three("next"))
            await received(again, platform, [*told, *early, *three("later"), *three("next")])
            assert again.told == []


async def test_no_row_is_lost_where_the_file_is_replaced_while_the_agent_runs(tmp_path: Path, broker: Broker) -> None:
    path, clock = tmp_path / "site.db", VirtualClock(START)
    async with platform_at(broker.port) as platform:
        told = await at_first(path, broker, platform, clock)
        async with Uplink(path, broker.port, clock) as site:
            await site.until(lambda: site.acknowledged)
            path.unlink()
            copied(tmp_path / "copy.db", path)
            await happen(site, *three("later"))
            await received(site, platform, [*told, *three("later")])
            assert platform.stream(SITE, "event").duplicates == 0
