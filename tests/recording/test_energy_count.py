"""Energies that are added up for ever: by counters, by power, over restarts, resets and exchanged devices."""

from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.documents import ENERGY_TOTALS
from agent.domain.energy_totals import CounterSeen, EnergyTotals
from agent.domain.records import MinuteRow
from agent.domain.wire import WireError, to_json
from agent.recording.energy_count import LINES, EnergyCount, sources_of
from tests.adapters.store.store_rows import minute

LONDON = ZoneInfo("Europe/London")
METER = {"import_wh": ("meter.import_wh",), "export_wh": ("meter.export_wh",), "solar_wh": ()}
NAMES = ("meter.import_wh", "meter.export_wh")
IMPORTED_WH, EXPORTED_WH, CHARGED_WH = 6.0, 2.0, 1.0  # by power, of every minute of these tests


def row(index: int, *points: float | None) -> MinuteRow:
    return replace(minute(index), export_wh=EXPORTED_WH, points=points, import_price=0.30, export_price=0.05)


def counting(kept: EnergyTotals | None = None, sources: dict[str, tuple[str, ...]] | None = None) -> EnergyCount:
    count = EnergyCount(METER if sources is None else sources, LONDON, has_solar=True)
    count.recall(kept)
    return count


def after(count: EnergyCount, *readings: tuple[float | None, float | None]) -> EnergyTotals:
    for index, points in enumerate(readings):
        count.minute(row(index, *points), NAMES)
    assert count.totals is not None
    return count.totals


def again(totals: EnergyTotals) -> EnergyTotals:
    """As it comes back from the store."""
    return ENERGY_TOTALS.read(to_json(totals))


@pytest.mark.parametrize(
    ("roles", "sources"),
    [
        (
            {"inverter": {"battery", "solar"}, "meter": {"grid"}},
            {"import_wh": ("meter.import_wh",), "export_wh": ("meter.export_wh",), "solar_wh": ()},
        ),
        (
            {"battery": {"battery"}, "east": {"solar"}, "west": {"solar"}, "m": {"grid", "load"}},
            {"import_wh": ("m.import_wh",), "export_wh": ("m.export_wh",), "solar_wh": ("east.ac_wh", "west.ac_wh")},
        ),
        ({"battery": {"battery"}}, {"import_wh": (), "export_wh": (), "solar_wh": ()}),
    ],
)
def test_whose_counters_count(roles: dict[str, set[str]], sources: dict[str, tuple[str, ...]]) -> None:
    assert sources_of({name: frozenset(found) for name, found in roles.items()}) == sources


def test_without_counters_it_is_what_the_power_says() -> None:
    totals = after(counting(sources={}), (None, None), (None, None))
    assert [getattr(totals, line) for line in LINES] == [12.0, 4.0, pytest.approx(2 * 200.0 / 60.0), 2.0, 0.0]


def test_what_a_counter_had_counted_before_is_not_ours() -> None:
    totals = after(counting(), (4_500_000.0, 100.0), (4_500_007.5, 100.0))
    assert (totals.import_wh, totals.export_wh) == (IMPORTED_WH + 7.5, EXPORTED_WH)
    assert totals.counters == (CounterSeen("meter.export_wh", 100.0), CounterSeen("meter.import_wh", 4_500_007.5))


def test_a_device_that_is_silent_for_hours_is_caught_up_with_and_not_counted_twice() -> None:
    silent = [(None, None)] * 120
    totals = after(counting(), (1000.0, 1.0), *silent, (1900.0, 1.0))
    assert totals.import_wh == IMPORTED_WH + 900.0


def test_over_a_restart_the_counter_goes_on_for_us() -> None:
    before = after(counting(), (1000.0, 50.0), (1010.0, 50.0))
    count = counting(again(before))
    assert count.totals == before
    after_a_night = after(count, (None, None), (3010.0, 50.0))
    assert after_a_night.import_wh == before.import_wh + 2000.0
    assert after_a_night.export_wh == before.export_wh


@pytest.mark.parametrize("fresh_wh", [0.0, 0.3, 999.0])
def test_a_counter_that_begins_again_lower_costs_what_power_has_measured_meanwhile(fresh_wh: float) -> None:
    """``recording/counters.py`` believes it after an hour, in which it is missing."""
    hour = [(None, None)] * 60
    totals = after(counting(), (1000.0, 1.0), *hour, (fresh_wh, 1.0), (fresh_wh + 5.0, 1.0))
    # One that stands at 0 may only have said nothing, so power stands in for it once more.
    beyond = IMPORTED_WH if fresh_wh == 0.0 else 5.0
    assert totals.import_wh == IMPORTED_WH + 61 * IMPORTED_WH + beyond


def test_an_exchanged_meter_that_stands_higher_is_no_energy() -> None:
    count = counting()
    after(count, (1000.0, 1.0), (None, None), (None, None))
    count.note_reset("meter.import_wh")
    totals = after(count, (9_000_000.0, 1.0), (9_000_004.0, 1.0))
    assert totals.import_wh == IMPORTED_WH + 3 * IMPORTED_WH + 4.0


def test_a_counter_that_says_nothing_but_zero_at_first_is_not_believed_when_it_speaks() -> None:
    totals = after(counting(), (0.0, 0.0), (4_500_000.0, 0.0), (4_500_003.0, 0.0))
    assert totals.import_wh == 2 * IMPORTED_WH + 3.0


def test_two_inverters_count_once_both_have_spoken() -> None:
    sources = {"solar_wh": ("east.ac_wh", "west.ac_wh")}
    count, names = counting(sources=sources), ("east.ac_wh", "west.ac_wh")
    by_power = 200.0 / 60.0
    for index, points in enumerate([(10.0, None), (20.0, 500.0), (25.0, 501.0), (30.0, None), (30.0, 510.0)]):
        count.minute(row(index, *points), names)
    assert count.totals is not None
    assert count.totals.solar_wh == pytest.approx(2 * by_power + (5.0 + 1.0) + 5.0 + 9.0)


def test_a_device_that_is_no_source_any_more_is_forgotten() -> None:
    kept = EnergyTotals(100.0, counters=(CounterSeen("old.import_wh", 7.0), CounterSeen("meter.export_wh", 8.0)))
    totals = after(counting(kept), (5000.0, 9.0))
    assert totals.import_wh == 100.0 + IMPORTED_WH
    assert totals.export_wh == 1.0
    assert {one.name for one in totals.counters} == set(NAMES)


def test_another_meter_counts_from_where_it_stands_and_what_the_old_one_did_not_say_stays() -> None:
    """The site file names another one while the agent runs; the old one had been silent for two minutes."""
    count, names = counting(), (*NAMES, "new.import_wh")
    for index, points in enumerate([(1000.0, 1.0, None), (1007.0, 1.0, None), (None, 1.0, None), (None, 1.0, None)]):
        count.minute(row(index, *points), names)
    count.go_by(METER | {"import_wh": ("new.import_wh",)}, has_solar=True)
    for index, points in enumerate([(None, 1.0, 500.0), (None, 1.0, 508.0)]):
        count.minute(row(4 + index, *points), names)
    assert count.totals is not None
    assert count.totals.import_wh == IMPORTED_WH + 7.0 + 2 * IMPORTED_WH + IMPORTED_WH + 8.0
    assert count.totals.export_wh == EXPORTED_WH
    count.note_reset("new.import_wh")
    count.minute(row(6, None, 1.0, 3.0), names)
    assert count.totals.import_wh == 5 * IMPORTED_WH + 7.0 + 8.0, "nothing twice"


@pytest.mark.parametrize(
    "text", ['{"import_wh":-1.0}', '{"solar_wh":NaN}', '{"charge_wh":1e999}', '{"saved":Infinity}']
)
def test_a_kept_document_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(WireError):
        ENERGY_TOTALS.read(text)


def test_nothing_is_counted_before_it_is_known_from_where() -> None:
    count = EnergyCount(METER, LONDON, has_solar=True)
    count.minute(row(0, 1.0, 1.0), NAMES)
    assert count.totals is None


readings = st.one_of(st.none(), st.floats(0.0, 1e9))


@given(st.lists(st.tuples(readings, readings, st.booleans(), st.booleans()), max_size=40))
def test_no_total_ever_falls_whatever_counters_say(said: list[tuple[float | None, float | None, bool, bool]]) -> None:
    count = counting()
    last = count.totals
    assert last is not None
    for index, (imported, exported, reset, restarted) in enumerate(said):
        if reset:
            count.note_reset("meter.import_wh")
        if restarted and count.totals is not None:
            count = counting(again(count.totals))
        count.minute(row(index, imported, exported), NAMES)
        assert count.totals is not None
        assert all(getattr(count.totals, line) >= getattr(last, line) for line in LINES)
        last = count.totals


def test_the_saving_begins_again_at_the_sites_midnight_and_goes_on_over_a_restart() -> None:
    """Minutes of 500 W load and 200 W sun, the battery charging with 100 W: from 13:00 to 1:00 there."""
    count, gain = counting(), -100.0 / 60.0 / 1000.0 * 0.30
    after(count, *[(None, None)] * 60)
    assert count.totals is not None
    assert (count.totals.day, count.totals.saved) == (date(2026, 6, 1), pytest.approx(60 * gain))
    count = counting(again(count.totals))
    count.minute(row(60, None, None), NAMES)
    assert count.totals is not None
    assert count.totals.saved == pytest.approx(61 * gain)
    midnight = replace(row(0, None, None), at=row(0).at + timedelta(hours=11))
    count.minute(midnight, NAMES)
    assert count.totals is not None
    assert (count.totals.day, count.totals.saved) == (date(2026, 6, 2), pytest.approx(gain))


def test_a_minute_without_a_known_time_or_price_saves_nothing() -> None:
    count = counting()
    count.minute(replace(row(0, None, None), time_trusted=False), NAMES)
    assert count.totals is not None
    assert (count.totals.day, count.totals.saved) == (None, None)
    count.minute(replace(row(1, None, None), import_price=None), NAMES)
    assert count.totals is not None
    assert (count.totals.day, count.totals.saved) == (date(2026, 6, 1), None)
