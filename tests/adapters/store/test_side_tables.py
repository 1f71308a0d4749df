"""The weather's words and the flags beside the measurements: written in the same transaction, read with the history."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from agent.adapters.store import store_reader
from agent.adapters.store.sqlite_store import SqliteStore
from agent.domain.records import Batch, Flags, WeatherRow
from agent.domain.suspect import DATA_FAULT, UNUSUAL, Suspect
from tests.adapters.store.store_rows import START, minute, new_store


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = new_store(tmp_path / "site.db")
    await opened.open()
    yield opened
    await opened.close()


def hour(index: float, *values: float | None) -> WeatherRow:
    return WeatherRow(START + timedelta(hours=index), *values)  # type: ignore[arg-type]


def fault(
    from_h: float, to_h: float, quantity: str = "load_w", kind: str = DATA_FAULT, reason: str = "dead"
) -> Suspect:
    return Suspect(quantity, START + timedelta(hours=from_h), START + timedelta(hours=to_h), kind, reason)


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


async def test_the_first_word_of_an_hour_stays_and_later_ones_add_what_it_lacked(
    store: SqliteStore, tmp_path: Path
) -> None:
    await store.write(Batch(weather=(hour(0, 15.0, None, None), hour(2, 17.0, 500.0, None))))
    await store.write(Batch(weather=(hour(0, 99.0, 400.0, None), hour(1, None, None, None))))
    weather = store_reader.history(tmp_path / "site.db", at(-1), at(4), 900).weather
    assert weather is not None
    assert (weather.horizon.start, weather.horizon.step_s, weather.horizon.steps) == (at(-1), 3600, 5)
    assert weather.temperature_c == (None, 15.0, None, 17.0, None)
    assert weather.ghi_w_m2 == (None, 400.0, None, 500.0, None)
    assert weather.cloud_pct == (), "the feed has no such column"


async def test_without_a_feed_there_is_no_weather(store: SqliteStore, tmp_path: Path) -> None:
    await store.write(Batch(weather=(hour(-30, 15.0, 1.0, 1.0),)))
    assert store_reader.history(tmp_path / "site.db", at(0), at(4), 3600).weather is None


async def test_the_weather_is_kept_for_sixty_days(store: SqliteStore, tmp_path: Path) -> None:
    await store.write(Batch(weather=(hour(0, 1.0, 1.0, 1.0), hour(1, 2.0, 2.0, 2.0))))
    await store.tidy(at(0.5) + timedelta(days=60))
    weather = store_reader.history(tmp_path / "site.db", at(0), at(2), 3600).weather
    assert weather is not None
    assert weather.temperature_c == (None, 2.0)


async def test_data_faults_are_left_out_of_the_history_and_stay_in_the_store(
    store: SqliteStore, tmp_path: Path
) -> None:
    path = tmp_path / "site.db"
    await store.write(Batch(minutes=tuple(minute(index) for index in range(120))))
    raw = await store.pending("minute", 0, 200)
    suspects = (fault(0.25, 0.6), fault(0.75, 1.0, "pv_w"), fault(1.5, 2.0, kind=UNUSUAL))
    await store.write(Batch(flags=Flags(at(-5), suspects)))
    found = store_reader.history(path, at(0), at(2), 900)
    assert found.load_w == (500.0, None, None, 500.0, 500.0, 500.0, 500.0, 500.0)
    assert found.pv_w == (200.0, 200.0, 200.0, None, 200.0, 200.0, 200.0, 200.0)
    assert store_reader.history(path, at(0.5), at(2), 1800).load_w == (None, 500.0, 500.0), "it began before"
    assert store_reader.history(path, at(0), at(0.5), 900).load_w == (500.0, None), "it goes on behind"
    assert None not in store_reader.history(path, at(0), at(2), 900, doubtful=True).load_w
    assert await store.pending("minute", 0, 200) == raw


async def test_flags_are_replaced_from_where_they_were_examined(store: SqliteStore, tmp_path: Path) -> None:
    old, gone, stays = fault(-100, -90), fault(-20, -10), fault(-5, -4, "pv_w")
    await store.write(Batch(flags=Flags(at(-200), (old, gone, stays))))
    grown = fault(-5, -3, "pv_w", reason="dead for longer")
    await store.write(Batch(flags=Flags(at(-50), (grown,))))
    assert await store.flags() == [old, grown]
    await store.write(Batch(events=()))
    assert await store.flags() == [old, grown], "a batch without a word about flags leaves them"
    assert store_reader.flags(tmp_path / "site.db", at(-10)) == [grown]
    await store.write(Batch(flags=Flags(at(-50), ())))
    assert await store.flags() == [old]


async def test_a_stretch_that_reaches_out_of_what_is_examined_stays_one(store: SqliteStore) -> None:
    await store.write(Batch(flags=Flags(at(-100), (fault(-20, 0),))))
    for hours in range(1, 4):  # the beginning of what is examined moves on, and the fault with it
        since = -20 + hours
        await store.write(Batch(flags=Flags(at(since), (fault(since, hours),))))
    assert await store.flags() == [fault(-20, 3)]


async def test_flags_leave_with_the_quarters_that_they_are_about(store: SqliteStore) -> None:
    await store.write(Batch(flags=Flags(at(-200), (fault(-100, -90), fault(0, 1)))))
    await store.tidy(at(-50) + timedelta(days=800))
    assert await store.flags() == [fault(0, 1)]
