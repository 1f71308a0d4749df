"""Roll-ups, pruning and history."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.adapters.store.retention import Retention
from agent.adapters.store.row_reader import rollups
from agent.adapters.store.sqlite_store import SqliteStore
from agent.adapters.store.store_reader import history
from agent.domain.records import Batch
from tests.adapters.store.store_rows import NAMES, START, event, minute, new_store
from tests.security.items import security

DAY = 1440


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    return tmp_path / "site.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    opened = new_store(path, Retention(keep_days=2, ring_days=5, max_bytes=20_000_000))
    await opened.open()
    yield opened
    await opened.close()


async def write(store: SqliteStore, first: int, until: int, **changes: float | None) -> None:
    await store.write(Batch(minutes=tuple(minute(i, **changes) for i in range(first, until))))  # type: ignore[arg-type]


def at(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


async def test_roll_ups_are_the_same_in_one_go_and_in_many(store: SqliteStore, path: Path, tmp_path: Path) -> None:
    other_path = tmp_path / "other.db"
    other = new_store(other_path)
    await other.open()
    await write(other, 0, 2 * DAY)
    await other.tidy(at(2 * DAY))
    for first in range(0, 2 * DAY, 97):
        await write(store, first, min(first + 97, 2 * DAY))
        await store.tidy(at(first + 97))
    for span, count in (("quarter", 192), ("hour", 48), ("day", 3), ("month", 1)):
        once = rollups(other_path, span, at(-2 * DAY), at(3 * DAY))
        often = rollups(path, span, at(-2 * DAY), at(3 * DAY))
        assert len(once) == len(often) == count
        for one, two in zip(once, often, strict=True):
            assert (one.at, one.covered_s, one.soc_min_pct) == (two.at, two.covered_s, two.soc_min_pct)
            assert two.import_wh == pytest.approx(one.import_wh)
            assert two.soc_pct == pytest.approx(one.soc_pct)
    days = rollups(path, "day", at(-2 * DAY), at(3 * DAY))
    assert [day.at for day in days] == [datetime(2026, 5, 31 + i, 22, tzinfo=UTC) if i == 0 else
                                        datetime(2026, 6, i, 22, tzinfo=UTC) for i in range(3)]  # fmt: skip
    assert sum(day.import_wh for day in days) == pytest.approx(2 * DAY * 6.0)
    await other.close()


@pytest.mark.parametrize("step_s", [60, 300, 900, 1800, 3600, 7200])
async def test_history_joins_roll_ups_and_newest_minutes(store: SqliteStore, path: Path, step_s: int) -> None:
    await write(store, 0, 130)
    await store.tidy(at(130))
    await write(store, 130, 230, load_w=800.0)
    found = history(path, at(0), at(240), step_s)
    assert (found.horizon.start, found.horizon.step_s) == (START, step_s)
    assert len(found.load_w) == 240 * 60 // step_s
    assert found.load_w[0] == pytest.approx(500.0)
    assert found.pv_w[0] == pytest.approx(200.0)
    step_min = step_s // 60
    for index, load_w in enumerate(found.load_w):
        measured = range(index * step_min, min(230, (index + 1) * step_min))
        if 2 * len(measured) < step_min:
            assert load_w is None
        else:
            assert load_w == pytest.approx(sum(500.0 if i < 130 else 800.0 for i in measured) / len(measured))


async def test_steps_measured_for_less_than_half_are_none(store: SqliteStore, path: Path) -> None:
    await write(store, 0, 7)
    await write(store, 15, 23)
    await write(store, 30, 45, load_w=None, covered_s=0.0)
    await write(store, 45, 60, covered_s=31.0)
    found = history(path, at(0), at(75), 900)
    assert found.load_w == (None, pytest.approx(500.0), None, pytest.approx(500.0), None)
    assert found.pv_w[2] is None


async def test_a_capped_minute_marks_its_step(store: SqliteStore, path: Path) -> None:
    await write(store, 0, 60)
    assert history(path, at(0), at(60), 900).curtailed == (True, False, False, False)
    await store.tidy(at(60))
    assert history(path, at(0), at(60), 900).curtailed == (True, False, False, False)


async def test_history_before_anything_was_written_is_all_missing(store: SqliteStore, path: Path) -> None:
    found = history(path, at(7), at(60), 900)
    assert (found.horizon.start, found.load_w) == (START, (None,) * 4)


@pytest.mark.parametrize("step_s", [0, 59, 61, 1000, 420, 5400])
async def test_a_raster_that_does_not_fit_is_refused(path: Path, store: SqliteStore, step_s: int) -> None:
    with pytest.raises(ValueError, match="neither a part of an hour"):
        history(path, at(0), at(60), step_s)


async def test_acknowledged_rows_leave_after_keep_days_others_stay(store: SqliteStore) -> None:
    await write(store, 0, 4 * DAY)
    acked, last = (await store.backlog())["minute"]
    await store.write(Batch(acknowledged=(("minute", acked + DAY),)))
    assert await store.tidy(at(4 * DAY)) == []
    left = [row.seq for row in await store.pending("minute", 0, 10 * DAY)]
    assert (left[0], left[-1]) == (acked + DAY + 1, last)
    await store.write(Batch(acknowledged=(("minute", last),)))
    assert await store.tidy(at(4 * DAY)) == []
    left = [row.seq for row in await store.pending("minute", 0, 10 * DAY)]
    assert (left[0], left[-1]) == (acked + 2 * DAY + 1, last)


async def test_unacknowledged_rows_leave_at_the_end_of_the_ring_with_a_sentence(store: SqliteStore) -> None:
    await write(store, 0, 6 * DAY)
    (sentence,) = await store.tidy(at(6 * DAY))
    assert sentence == (
        "1440 unacknowledged rows of the stream minute from 2026-06-01 12:00 UTC to 2026-06-02 11:59 UTC "
        "were dropped because they were too old."
    )


async def test_numbering_goes_on_when_everything_was_pruned(store: SqliteStore, path: Path) -> None:
    await store.write(Batch(events=(event(0), event(1))))
    last = (await store.backlog())["event"][1]
    await store.write(Batch(acknowledged=(("event", last),)))
    await store.tidy(at(30 * DAY))
    assert await store.pending("event", 0, 10) == []
    await store.close()
    again = new_store(path)
    await again.open()
    await again.write(Batch(events=(event(2),)))
    assert [row.seq for row in await again.pending("event", 0, 10)] == [last + 1]
    await again.close()


@pytest.mark.parametrize("time_trusted", [True, False])
async def test_minutes_of_the_future_do_not_hold_up_what_follows_them(store: SqliteStore, time_trusted: bool) -> None:
    """A boot with a wrong clock that ended before the time was found, or a clock that was taken as it was."""
    wrong = replace(minute(0), at=START + timedelta(days=3650), time_trusted=time_trusted)
    await store.write(Batch(minutes=(*(minute(i) for i in range(60)), wrong)))
    await store.tidy(at(60))
    await write(store, 60, DAY)
    await store.tidy(at(DAY))
    assert len(await store.pending("minute", 0, 2 * DAY)) == DAY + 1
    await write(store, 6 * DAY, 6 * DAY + 60)
    await store.tidy(at(6 * DAY + 60))
    assert len(await store.pending("minute", 0, 2 * DAY)) == 60


@security(15, shows="a store beyond its size drops its oldest minutes, and says how many")
async def test_a_file_beyond_its_size_drops_the_oldest_minutes(path: Path) -> None:
    store = new_store(path, Retention(keep_days=300, ring_days=300, max_bytes=1_000_000))
    await store.open()
    await store.write(Batch(minutes=tuple(minute(i, 50) for i in range(3000)), catalogue=NAMES))
    lost = await store.tidy(at(3000))
    rows = await store.pending("minute", 0, 5000)
    assert 1000 < len(rows) < 2500
    assert rows[-1].seq == (await store.backlog())["minute"][1]
    assert all("beyond the size" in sentence for sentence in lost)
    assert sum(int(sentence.split()[0]) for sentence in lost) == 3000 - len(rows)
    await store.close()
    assert path.stat().st_size < 1_300_000
