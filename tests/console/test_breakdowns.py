"""A range taken apart: the parts add up to the whole, and what is missing is not shared out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.console.reading import breakdowns
from agent.console.reading.series import COLUMNS, columns, totals
from agent.console.reading.shapes import change
from agent.recording.rollups import Rollup

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 10, 25, 0, tzinfo=UTC)
WATTS = st.floats(0.0, 9000.0)


def hour(place: int, load_w: float, pv_w: float, battery_w: float, price: float | None = 0.28) -> Rollup:
    grid_w = load_w - pv_w - battery_w
    return Rollup(
        START + timedelta(hours=place), 3600.0, 0.0, grid_w, pv_w, battery_w, load_w, 50.0, 40.0, 60.0,
        max(0.0, grid_w), max(0.0, -grid_w), max(0.0, -battery_w), max(0.0, battery_w), 0.1, 0.2, price, 0.05,
    )  # fmt: skip


@given(st.lists(st.tuples(WATTS, WATTS, st.floats(-4000.0, 4000.0)), min_size=1, max_size=5))
def test_what_covered_the_load_is_the_load_and_no_part_is_negative(flows: list[tuple[float, float, float]]) -> None:
    rows = [hour(place, *one) for place, one in enumerate(flows)]
    parts = breakdowns.covered_by(rows)
    assert all(part["load_wh"] >= 0.0 for part in parts)
    found = breakdowns.flows_of(rows)
    total_wh = sum(row.load_w or 0.0 for row in rows)
    assert sum(part["load_wh"] for part in parts) == pytest.approx(total_wh, abs=1.0)
    assert found.unexplained_w == pytest.approx(0.0, abs=1e-6)


def test_an_hour_of_which_a_part_is_missing_is_not_shared_out() -> None:
    whole, part = hour(0, 500.0, 0.0, 0.0), replace(hour(1, 500.0, 0.0, 0.0), pv_w=None)
    assert [one["load_wh"] for one in breakdowns.covered_by([whole, part])] == [0.0, 0.0, 500.0]


def test_the_hour_that_comes_twice_is_one_part_and_the_parts_add_up() -> None:
    rows = [hour(place, 100.0, 0.0, 0.0) for place in range(-2, 23)]
    parts = breakdowns.parts_document(breakdowns.by_hour(rows, BERLIN), columns("load_wh"), "load_wh")
    assert [part["hour"] for part in parts] == list(range(24))
    assert {part["hour"]: part["load_wh"] for part in parts}[2] == 200.0
    assert sum(part["load_wh"] for part in parts) == 2500.0
    assert sum(part["share_pct"] for part in parts) == pytest.approx(100.0, abs=1.0)


def test_a_little_is_shared_out_before_it_is_rounded() -> None:
    rows = [replace(hour(0, 100.0, 0.0, 0.0), import_wh=0.175)]
    (part,) = breakdowns.parts_document(breakdowns.by_price(rows), columns("cost", "import_wh"), "import_wh")
    assert (part["import_wh"], part["share_pct"]) == (0.2, 100.0)


def test_weekdays_begin_on_monday() -> None:
    rows = [hour(24 * place, 100.0, 0.0, 0.0) for place in range(8)]
    assert [part.key for part in breakdowns.by_weekday(rows, BERLIN)] == list(breakdowns.WEEKDAYS)


def test_prices_are_parts_and_many_are_bands() -> None:
    few = [hour(place, 100.0, 0.0, 0.0, price) for place, price in enumerate((0.3, 0.1, None, 0.3))]
    assert [part.key for part in breakdowns.by_price(few)] == ["0.1", "0.3", "unknown"]
    many = [hour(place, 100.0, 0.0, 0.0, place / 100.0) for place in range(25)]
    parts = breakdowns.by_price([*many, few[2]])
    assert [part.key for part in parts] == [
        "0 to 0.04", "0.04 to 0.08", "0.08 to 0.12", "0.12 to 0.16", "0.16 to 0.2", "0.2 to 0.24", "unknown",
    ]  # fmt: skip
    assert sum(len(part.rows) for part in parts) == 26


def test_what_was_paid_and_earned() -> None:
    rows = [hour(0, 1000.0, 0.0, 0.0), hour(1, 0.0, 2000.0, 0.0), hour(2, 500.0, 0.0, 0.0, None)]
    bought, sold = breakdowns.by_direction(rows)
    assert (bought["wh"], bought["cost"]) == (1500.0, 0.28)
    assert (sold["wh"], sold["cost"]) == (2000.0, -0.1)


def test_carbon_goes_where_the_import_went() -> None:
    home, battery = breakdowns.carbon_by_use([hour(0, 1000.0, 0.0, -3000.0)])
    assert (home["key"], home["co2_kg"], battery["key"], battery["co2_kg"]) == (
        "grid_to_home", 0.05, "grid_to_battery", 0.15,
    )  # fmt: skip


def test_nothing_measured_is_null_and_a_measured_zero_is_zero() -> None:
    nothing = replace(hour(0, 0.0, 0.0, 0.0), grid_w=None, battery_w=None, load_w=None, pv_w=None, covered_s=0.0)
    names = ("load_wh", "pv_wh", "import_wh", "charge_wh")
    assert [COLUMNS[name].of([nothing]) for name in names] == [None] * 4
    assert [COLUMNS[name].of([hour(0, 0.0, 0.0, 0.0)]) for name in names] == [0.0] * 4
    assert totals([], columns(*names)) == dict.fromkeys(names)


def test_a_change_is_told_only_where_both_are_known() -> None:
    ours, theirs = {"a": 2.0, "b": None, "c": 1.0, "d": 1.0}, {"a": 1.0, "b": 1.0, "c": 0.0}
    assert change(ours, theirs) == {
        "a": {"difference": 1.0, "change_pct": 100.0},
        "c": {"difference": 1.0, "change_pct": None},
    }
