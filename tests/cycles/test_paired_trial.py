"""What people ask of the comparison is taken up, written down, and only then forgotten where it lay."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.adapters.host.clock import VirtualClock
from agent.adapters.host.inbox import drop, look
from agent.adapters.host.paired_trial_inbox import ComparisonInbox
from agent.cycles.paired_trial import Comparison
from agent.domain.documents import PAIRED_TRIAL
from agent.domain.paired_trial import Schedule
from agent.domain.wire import to_json
from agent.recording.pending_writes import PendingWrites
from agent.savings.paired_trial import schedule
from agent.site_view import Outlet
from tests.adapters.store.store_rows import new_store

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
FIRST, SECOND = schedule(1, NOON, 12), schedule(2, NOON, 12, 12)


class Site:
    """One agent's life: a new pending and a new memory on the same folder."""

    def __init__(self, folder: Path) -> None:
        self.inbox, self.store = folder / "comparison", new_store(folder / "site.db")
        self.pending, self.outlet = PendingWrites(), Outlet()
        self.cycle = Comparison(VirtualClock(NOON), ComparisonInbox(self.inbox), self.store, self.pending, self.outlet)

    async def commit(self) -> list[str]:
        batch = self.pending.take(NOON)
        await self.store.write(batch)
        return [row.text for row in batch.events]

    def waits(self) -> int:
        return len(look(self.inbox, Schedule).files)


async def test_a_request_stays_until_it_is_in_the_store(tmp_path: Path) -> None:
    site = Site(tmp_path)
    drop(site.inbox, FIRST)
    for _ in range(3):
        await site.cycle.step()
        assert (site.outlet.view.comparison, site.waits()) == (FIRST, 1)
    assert await site.commit() == [
        "optimiser and rule are compared from 2026-06-01 12:00 UTC to 2026-06-13 12:00 UTC, in blocks of 24 h"
    ]
    await site.cycle.step()
    assert site.waits() == 0
    assert await site.store.kept(PAIRED_TRIAL.name) == to_json(FIRST)
    await site.cycle.step()
    assert await site.commit() == []
    await site.store.close()


async def test_killed_before_the_commit_it_is_taken_up_again(tmp_path: Path) -> None:
    killed = Site(tmp_path)
    drop(killed.inbox, FIRST)
    await killed.cycle.step()
    await killed.store.close()
    site = Site(tmp_path)
    site.cycle.recall(await site.store.kept(PAIRED_TRIAL.name))
    assert site.outlet.view.comparison is None
    await site.cycle.step()
    await site.commit()
    await site.store.close()
    after = Site(tmp_path)
    after.cycle.recall(await after.store.kept(PAIRED_TRIAL.name))
    assert after.outlet.view.comparison == FIRST
    await after.store.close()


async def test_the_newest_request_counts_and_what_is_none_is_told_once(tmp_path: Path) -> None:
    site = Site(tmp_path)
    drop(site.inbox, FIRST, lambda: 1)
    drop(site.inbox, SECOND, lambda: 2)
    (site.inbox / "a.json").write_text('{"start": "2026-06-01T00:00:00", "block_h": 24, "arms": []}')
    (site.inbox / "b.json").write_text('{"start": "2026-06-01T00:00:00+00:00", "block_h": 7, "arms": []}')
    texts = []
    for _ in range(3):
        await site.cycle.step()
        texts += await site.commit()
    assert site.outlet.view.comparison == SECOND
    assert texts[1:] == [
        "the request a.json cannot be used: Schedule: the start of a comparison has no time zone",
        "the request b.json cannot be used: Schedule: a block of 7 h does not divide a day",
    ]
    assert site.waits() == 0
    await site.store.close()


async def test_what_cannot_be_cleared_away_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    site = Site(tmp_path)
    drop(site.inbox, FIRST)
    (site.inbox / "a.json").write_text("{")
    monkeypatch.setattr(Path, "unlink", refuse)
    texts = []
    for _ in range(4):
        await site.cycle.step()
        texts += await site.commit()
    assert [text.split()[0] for text in texts] == ["optimiser", "the"]
    assert (site.outlet.view.comparison, site.waits()) == (FIRST, 2)
    await site.store.close()


async def test_a_kept_comparison_that_cannot_be_read_leaves_the_optimiser_in_charge(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.cycle.recall("{")
    assert site.outlet.view.comparison is None
    assert [text.split(":")[0] for text in await site.commit()] == ["the kept comparison cannot be used"]
    await site.store.close()
