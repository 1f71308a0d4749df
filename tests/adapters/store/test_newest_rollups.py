"""Roll-ups with the minutes that wait for them, and what plans expect of a day."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.adapters.store.console_reader import highest_import, marks, newest_points, predicted
from agent.adapters.store.newest_rollups import minutes, spans
from agent.adapters.store.row_reader import rollups
from agent.domain.ledger import PredictedDay
from agent.domain.records import Batch
from tests.adapters.store.store_rows import BERLIN, NAMES, START, minute, new_store

DAY = timedelta(days=1)


@pytest.mark.parametrize("span", ["quarter", "hour", "day", "month"])
async def test_what_waits_counts_as_if_it_were_rolled_up(tmp_path: Path, span: str) -> None:
    path = tmp_path / "site.sqlite3"
    store = new_store(path)
    await store.open()
    await store.write(Batch(minutes=tuple(minute(place) for place in range(100))))
    await store.tidy(START + timedelta(minutes=100))
    await store.write(Batch(minutes=tuple(minute(place) for place in range(100, 190))))
    begin = START - 40 * DAY
    early = spans(path, span, begin, START + DAY, BERLIN)
    assert sum(one.covered_s for one in early) == 190 * 60.0
    assert sum(one.covered_s for one in rollups(path, span, begin, START + DAY)) == 100 * 60.0
    await store.tidy(START + timedelta(minutes=190))
    await store.close()
    late = rollups(path, span, begin, START + DAY)
    assert [(one.at, one.covered_s, pytest.approx(one.soc_pct)) for one in early] == [
        (one.at, one.covered_s, one.soc_pct) for one in late
    ]
    assert spans(path, span, begin, START + DAY, BERLIN) == late


async def test_minutes_of_a_doubtful_clock_do_not_count_beside_those_that_were_there(tmp_path: Path) -> None:
    path = tmp_path / "site.sqlite3"
    store = new_store(path)
    await store.open()
    doubted = replace(minute(3, load_w=9000.0), time_trusted=False)
    await store.write(Batch(minutes=(*(minute(place) for place in range(15)), doubted)))
    await store.close()
    (quarter,) = spans(path, "quarter", START, START + DAY, BERLIN)
    assert (quarter.covered_s, quarter.load_w) == (900.0, 500.0)
    assert [one.at for one in minutes(path, START, START + timedelta(minutes=2), BERLIN)] == [
        START,
        START + timedelta(minutes=1),
    ]


async def test_the_newest_word_of_a_day_counts_and_is_read_in_order(tmp_path: Path) -> None:
    path = tmp_path / "site.sqlite3"
    store = new_store(path)
    await store.open()
    days = [PredictedDay(START + place * DAY, START, 5_000_000, 3_000_000) for place in (1, 0)]
    await store.write(Batch(predicted=tuple(days)))
    later = replace(days[0], made_at=START + timedelta(hours=1), plan=2_000_000)
    await store.write(Batch(predicted=(later,)))
    await store.close()
    assert predicted(path, START, START + 2 * DAY) == [days[1], later]
    assert predicted(path, START + DAY, START + 2 * DAY) == [later]


async def test_points_marks_and_the_worst_interval(tmp_path: Path) -> None:
    path = tmp_path / "site.sqlite3"
    store = new_store(path)
    await store.open()
    assert newest_points(path) is None
    assert marks(path).committed_at is None
    busy = [replace(minute(place), import_wh=6.0 if place < 15 else 20.0) for place in range(30)]
    few = minute(30, points=2)
    await store.write(Batch(minutes=(*busy, few), catalogue=NAMES[:2], kept=(("n", "1"),)))
    await store.tidy(START)
    await store.close()
    found = newest_points(path)
    assert found is not None
    assert (found.at, found.values) == (few.at, (("meter.point_0", 30.0), ("meter.point_1", 30.143)))
    assert marks(path).rolled == marks(path).minute
    peak = highest_import(path, START, START + DAY, 900)
    assert peak is not None
    assert (peak.at, peak.import_w) == (START + timedelta(minutes=15), 1200.0)
    assert highest_import(path, START, START + DAY, 1800) is not None
    assert highest_import(path, datetime(2020, 1, 1, tzinfo=UTC), START, 900) is None
