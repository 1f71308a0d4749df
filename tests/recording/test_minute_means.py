"""Minute rows: nothing is made up, nothing is counted twice, and no watt-second gets lost."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.adapters.store.points_blob import from_blob, to_blob
from agent.domain.records import MinuteRow
from agent.domain.setpoint import Rung
from agent.domain.site import MISSING, Measured, SiteState
from agent.recording.minute_means import ControlStep, MinuteMeans
from drivers.reading import Quality

START = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
LATER = START + timedelta(days=1)


def state(second: float, grid_w: float | None, battery_w: float = 0.0, pv_w: float = 0.0) -> SiteState:
    at = START + timedelta(seconds=second)
    grid = MISSING if grid_w is None else Measured(grid_w)
    load = MISSING if grid_w is None else Measured(grid_w + battery_w + pv_w, Quality.ESTIMATED)
    return SiteState(at, grid, Measured(pv_w), Measured(battery_w), load, Measured(50.0))


def add(means: MinuteMeans, picture: SiteState, duration_s: float, readings: dict[str, float | None] | None = None,
        rung: Rung | None = Rung.PLAN, curtailed: bool = False, trusted: bool = True) -> None:  # fmt: skip
    means.add(ControlStep(picture, readings or {}, 0.30, 0.08, 0.4, rung, curtailed, trusted), duration_s)


def test_a_minute_of_equal_steps() -> None:
    means = MinuteMeans()
    for second in range(60):
        add(means, state(second, 1200.0 if second < 30 else -600.0, 300.0), 1.0, {"meter.grid_w": float(second)})
    assert means.finished(START + timedelta(seconds=59)) == []
    (row,) = means.finished(START + timedelta(seconds=60))
    assert means.finished(START + timedelta(seconds=60)) == []
    assert (row.at, row.span_s, row.covered_s) == (START, 60, pytest.approx(60.0))
    assert row.grid_w == pytest.approx(300.0)
    assert row.load_w == pytest.approx(600.0)
    assert row.import_wh == pytest.approx(10.0)
    assert row.export_wh == pytest.approx(5.0)
    assert (row.charge_wh, row.discharge_wh) == (0.0, pytest.approx(5.0))
    assert row.cost == pytest.approx(0.010 * 0.30 - 0.005 * 0.08)
    assert row.co2_kg == pytest.approx(0.010 * 0.4)
    assert row.points == (pytest.approx(29.5),)
    assert (row.rung, row.curtailed, row.time_trusted) == (Rung.PLAN, False, True)


def test_a_step_over_the_end_of_a_minute_is_shared_out() -> None:
    means = MinuteMeans()
    for second in (30, 90):
        add(means, state(second, 600.0), 60.0)
    rows = means.finished(LATER)
    assert [(row.at, row.covered_s) for row in rows] == [
        (START, 30.0),
        (START + timedelta(minutes=1), 60.0),
        (START + timedelta(minutes=2), 30.0),
    ]
    assert [row.import_wh for row in rows] == pytest.approx([5.0, 10.0, 5.0])


def test_missing_is_left_out_and_lowers_the_coverage() -> None:
    means = MinuteMeans()
    add(means, state(0, 1000.0), 15.0, {"a.soc_pct": None, "b.grid_w": 4.0})
    add(means, state(15, None), 15.0, {"a.soc_pct": float("nan")})
    stale = SiteState(START + timedelta(seconds=30), load_w=Measured(5.0, Quality.STALE, 99.0))
    add(means, stale, 15.0)
    (row,) = means.finished(LATER)
    assert row.covered_s == 15.0
    assert row.grid_w == row.load_w == 1000.0
    assert row.points == (None, 4.0)
    assert row.import_wh == pytest.approx(1000.0 * 15 / 3600)


def test_nothing_known_is_nothing_said() -> None:
    means = MinuteMeans()
    means.add(ControlStep(SiteState(START), {}, None, None, None, None, False, True), 60.0)
    (row,) = means.finished(LATER)
    values = (row.grid_w, row.pv_w, row.battery_w, row.load_w, row.soc_pct, row.cost, row.co2_kg, row.rung)
    assert values == (None,) * 8
    assert (row.covered_s, row.import_wh) == (0.0, 0.0)


def test_the_rung_of_most_of_the_minute_counts_and_any_doubt_about_the_time() -> None:
    means = MinuteMeans()
    add(means, state(0, 1.0), 20.0, rung=Rung.RULES, curtailed=True)
    add(means, state(20, 1.0), 40.0, trusted=False)
    (row,) = means.finished(LATER)
    assert (row.rung, row.curtailed, row.time_trusted) == (Rung.PLAN, True, False)


def test_steps_that_overlap_are_counted_once() -> None:
    means = MinuteMeans()
    for i in range(60):
        add(means, state(i * 0.98, 3600.0), 1.0)
    (row,) = means.finished(LATER)
    assert row.covered_s == pytest.approx(59 * 0.98 + 1.0)


def test_a_clock_set_back_loses_no_row() -> None:
    means = MinuteMeans()
    add(means, state(0, 100.0), 60.0)
    add(means, state(-5 * 3600, 200.0), 60.0)
    rows = means.finished(START - timedelta(hours=5) + timedelta(minutes=1))
    assert [row.grid_w for row in rows] == [200.0, 100.0]


def test_what_a_clock_set_back_by_seconds_repeats_is_counted_once() -> None:
    means = MinuteMeans()
    for second in range(40):
        add(means, state(second, 100.0), 1.0)
    for second in range(20, 60):
        add(means, state(second, 100.0), 1.0)
    (row,) = means.finished(LATER)
    assert (row.covered_s, row.time_trusted) == (60.0, True)


def test_a_minute_that_comes_again_is_marked() -> None:
    means = MinuteMeans()
    add(means, state(0, 100.0), 300.0)
    first = means.finished(START + timedelta(minutes=5))
    add(means, state(60, 200.0), 60.0)
    (again,) = means.finished(START + timedelta(minutes=2))
    assert [row.time_trusted for row in first] == [True] * 5
    assert (again.at, again.grid_w, again.time_trusted) == (START + timedelta(minutes=1), 200.0, False)


def test_minutes_without_a_date_move_with_the_clock() -> None:
    means = MinuteMeans()
    add(means, state(0, 100.0), 40.0, trusted=False)
    means.redate(7205.0)
    means.trust(START + timedelta(hours=2))
    add(means, state(7245, 100.0), 15.0)
    (row,) = means.finished(START + timedelta(hours=3))
    assert (row.at, row.covered_s, row.time_trusted) == (START + timedelta(hours=2), 55.0, True)


def test_the_catalogue_grows_at_its_end() -> None:
    means = MinuteMeans()
    add(means, state(0, 1.0), 60.0, {"b.x": 1.0, "a.y": 2.0})
    add(means, state(60, 1.0), 60.0, {"a.a": 3.0, "b.x": 4.0})
    assert means.catalogue == ("b.x", "a.y", "a.a")
    assert [row.points for row in means.finished(LATER)] == [(1.0, 2.0, None), (4.0, None, 3.0)]


def test_prices_are_means_over_the_time_in_which_they_were_known() -> None:
    means = MinuteMeans()
    for second, known in ((0, (0.30, None)), (15, (0.10, None)), (30, (None, None)), (45, (0.10, 0.05))):
        means.add(ControlStep(state(second, 1.0), {}, 0.9, 0.9, None, None, False, True, known), 15.0)
    (row,) = means.finished(LATER)
    assert (row.import_price, row.export_price) == (pytest.approx(0.5 / 3), 0.05)
    assert row.cost is not None, "what was assumed counts as before"


@pytest.mark.parametrize("duration_s", [0.0, -1.0, float("nan"), float("inf"), 3601.0])
def test_a_duration_that_cannot_be_is_refused(duration_s: float) -> None:
    with pytest.raises(ValueError, match="cannot last"):
        add(MinuteMeans(), state(0, 1.0), duration_s)


STEPS = st.lists(
    st.tuples(st.floats(0.1, 60.0), st.floats(-2e4, 2e4), st.floats(-1e4, 1e4), st.booleans()), min_size=1, max_size=60
)


@given(steps=STEPS, offset=st.floats(0.0, 59.0))
def test_energy_is_conserved(steps: list[tuple[float, float, float, bool]], offset: float) -> None:
    means, second = MinuteMeans(), offset
    rows: list[MinuteRow] = []
    expected = {"import": 0.0, "export": 0.0, "charge": 0.0, "discharge": 0.0, "covered": 0.0}
    for duration_s, grid_w, battery_w, known in steps:
        add(means, state(second, grid_w if known else None, battery_w), duration_s)
        rows += means.finished(START + timedelta(seconds=second))
        second += duration_s
        expected["charge" if battery_w < 0 else "discharge"] += abs(battery_w) * duration_s / 3600
        if known:
            expected["export" if grid_w < 0 else "import"] += abs(grid_w) * duration_s / 3600
            expected["covered"] += duration_s
    rows += means.finished(LATER)
    assert [row.at for row in rows] == sorted({row.at for row in rows})
    assert all(row.covered_s <= 60.0 + 1e-3 for row in rows)
    assert sum(row.covered_s for row in rows) == pytest.approx(expected["covered"], abs=1e-3)
    assert sum(row.import_wh for row in rows) == pytest.approx(expected["import"], rel=1e-4, abs=1e-2)
    assert sum(row.export_wh for row in rows) == pytest.approx(expected["export"], rel=1e-4, abs=1e-2)
    assert sum(row.charge_wh for row in rows) == pytest.approx(expected["charge"], rel=1e-4, abs=1e-2)
    assert sum(row.discharge_wh for row in rows) == pytest.approx(expected["discharge"], rel=1e-4, abs=1e-2)


def test_counters_and_codes_are_taken_last_and_never_averaged() -> None:
    means = MinuteMeans()
    counted = {0: 4500.0, 20: None, 40: 4503.0}
    for second, wh in counted.items():
        code = 4.0 if second < 40 else 7.0
        readings = {"meter.import_wh": wh, "inverter.state": code, "meter.grid_w": float(second)}
        add(means, state(second, 100.0), 20.0, readings)
    (row,) = means.finished(LATER)
    assert dict(zip(means.catalogue, row.points, strict=True)) == {
        "meter.import_wh": 4503.0,
        "inverter.state": 7.0,
        "meter.grid_w": 20.0,
    }


def test_a_counter_that_is_missing_at_the_end_of_a_minute_is_what_was_last_known_of_it() -> None:
    means = MinuteMeans()
    add(means, state(0, 100.0), 30.0, {"meter.import_wh": 4500.0})
    add(means, state(30, 100.0), 60.0, {"meter.import_wh": None})
    assert [row.points for row in means.finished(LATER)] == [(4500.0,), (None,)]


@pytest.mark.parametrize("value", [1.7e308, -1e306, float("inf"), float("nan")])
def test_what_is_no_measurement_of_anything_is_left_out_and_the_minute_can_be_stored(value: float) -> None:
    means = MinuteMeans()
    for second in range(60):
        add(means, state(second, 500.0), 1.0, {"ess.battery_w": value if second else 100.0, "ess.import_wh": value})
    (row,) = means.finished(LATER)
    assert row.points == (100.0, None)
    assert from_blob(to_blob(row.points, 2)) == [100.0, None]
