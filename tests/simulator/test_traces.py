"""Synthetic days look like days; files are played as measured or refused with one sentence."""

import gzip
import statistics
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.short_holes import fill_short_holes
from simulator.sky import clear_sky_ghi, clearness, sun_position
from simulator.traces import TraceError, from_csv, synthetic
from site_data.unreadable import SitesUnreadable

MONDAY = datetime(2026, 6, 1, tzinfo=UTC)
HEADER = "timestamp,load_kw,pv_kw,import_price_per_kwh,carbon_kg_per_kwh"


def write_rows(path: Path, rows: list[str], header: str = HEADER) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def hourly(cells: list[str], first: datetime = MONDAY) -> list[str]:
    return [f"{(first + timedelta(hours=i)):%Y-%m-%dT%H:%M:%SZ},{cell}" for i, cell in enumerate(cells)]


# ---- synthetic


def test_a_seed_draws_the_same_days_from_any_start() -> None:
    whole, late = synthetic(7, MONDAY, 3), synthetic(7, MONDAY + timedelta(days=1, hours=5), 1)
    for column in ("load_w", "pv_w"):
        later = late.series(column)
        assert whole.series(column, late.start, late.end) == later
        assert len(later) == 1440
    assert synthetic(8, MONDAY, 1).series("load_w") != synthetic(7, MONDAY, 1).series("load_w")


@pytest.mark.parametrize("kind", ["home", "commercial"])
def test_a_synthetic_week_has_the_shape_of_a_week(kind: str) -> None:
    trace = synthetic(3, MONDAY, 14, kind=kind)  # type: ignore[arg-type]
    by_hour: dict[bool, list[list[float]]] = {flag: [[] for _ in range(24)] for flag in (True, False)}
    for when, value in trace.series("load_w"):
        local = when + timedelta(hours=2)
        assert value is not None
        assert value > 0.0
        by_hour[local.weekday() < 5][local.hour].append(value)
    week = [statistics.mean(values) for values in by_hour[True]]
    weekend = [statistics.mean(values) for values in by_hour[False]]
    if kind == "home":
        assert statistics.mean(week[18:22]) > 1.5 * statistics.mean(week[1:5])
        assert statistics.mean(weekend[10:16]) > 1.1 * statistics.mean(week[10:16])
    else:
        assert statistics.mean(week[9:17]) > 2.0 * statistics.mean(week[1:5])
        assert statistics.mean(week[9:17]) > 1.4 * statistics.mean(weekend[9:17])


def test_the_fridge_cycles_and_appliances_come_and_go() -> None:
    night = [value or 0.0 for _, value in synthetic(1, MONDAY, 1).series("load_w")][0:240]
    jumps = sum(abs(b - a) > 50.0 for a, b in pairwise(night))
    assert 8 <= jumps <= 60
    day = [value or 0.0 for _, value in synthetic(1, MONDAY, 1).series("load_w")]
    assert max(day) > 2000.0


def test_solar_power_is_none_at_night_and_plenty_in_june() -> None:
    june = [value or 0.0 for _, value in synthetic(1, MONDAY, 10, pv_rated_w=6000.0).series("pv_w")]
    january = [value or 0.0 for _, value in synthetic(1, datetime(2026, 1, 1, tzinfo=UTC), 10).series("pv_w")]
    assert all(value == 0.0 for value in june[0:120])
    assert 8.0 < sum(june) / 60000.0 / 10.0 < 45.0
    assert sum(january) < 0.5 * sum(june)
    assert max(june) < 1.1 * 6000.0


def test_clouds_break_and_close() -> None:
    values = [clearness(1, MONDAY.timestamp() + 60.0 * i) for i in range(20000)]
    assert 0.1 < min(values) < 0.4
    assert 0.95 < max(values) < 1.15
    assert sum(abs(b - a) > 0.15 for a, b in pairwise(values)) > 100


@pytest.mark.parametrize(("latitude", "longitude"), [(52.0, 5.0), (-33.9, 18.4), (32.7, -117.2), (1.3, 103.8)])
def test_the_sun_stands_where_an_independent_library_puts_it(latitude: float, longitude: float) -> None:
    pvlib = pytest.importorskip("pvlib")
    pandas = pytest.importorskip("pandas")
    times = pandas.date_range("2026-01-01", periods=60, freq="147h20min", tz="UTC")
    theirs = pvlib.solarposition.get_solarposition(times, latitude, longitude)
    haurwitz = pvlib.clearsky.haurwitz(theirs["zenith"])
    for when, row, ghi in zip(times, theirs.itertuples(), haurwitz["ghi"], strict=True):
        ours = sun_position(when.timestamp(), latitude, longitude)
        assert ours.elevation_deg == pytest.approx(row.elevation, abs=0.6)
        if 5.0 < row.elevation < 80.0:
            assert (ours.azimuth_deg - row.azimuth + 180.0) % 360.0 - 180.0 == pytest.approx(0.0, abs=3.0)
        assert clear_sky_ghi(row.elevation) == pytest.approx(ghi, abs=1.0 if row.elevation > 0.0 else 5.0)


def test_a_naive_start_is_refused() -> None:
    with pytest.raises(ValueError, match="UTC offset"):
        synthetic(1, datetime(2026, 6, 1), 1)


# ---- files


def test_a_file_is_played_in_watts_and_keeps_its_means(tmp_path: Path) -> None:
    cells = ["0.5,0,0.20,0.1", "1.5,0.4,0.25,0.2", "2.0,2.0,-0.01,0.3", "0.8,0.9,0.20,0.1", "0,0,0.2,0.1"]
    path = write_rows(tmp_path / "site.csv", hourly(cells))
    plain, lively = from_csv(path), from_csv(path, variation=0.3, seed=4)
    assert plain.at(MONDAY + timedelta(minutes=61)).load_w == 1500.0
    assert plain.at(MONDAY + timedelta(hours=2)).import_price_per_kwh == -0.01
    for trace in (plain, lively):
        for hour in range(5):
            minutes = [trace.at(MONDAY + timedelta(hours=hour, minutes=i)) for i in range(60)]
            mean = trace.at(MONDAY + timedelta(hours=hour))
            assert all(one.load_w >= 0.0 and one.pv_available_w >= 0.0 for one in minutes)
            assert statistics.fmean(one.load_w for one in minutes) == pytest.approx(trace.series("load_w")[hour][1])
            assert statistics.fmean(one.pv_available_w for one in minutes) == pytest.approx(
                trace.series("pv_w")[hour][1]
            )
            assert mean.carbon_kg_per_kwh == trace.series("carbon_kg_per_kwh")[hour][1]
    assert len({lively.at(MONDAY + timedelta(hours=1, minutes=i)).load_w for i in range(60)}) > 20
    again = from_csv(path, variation=0.3, seed=4)
    assert again.at(MONDAY + timedelta(minutes=95)) == lively.at(MONDAY + timedelta(minutes=95))


def test_gzip_quarter_hours_and_other_columns_are_read(tmp_path: Path) -> None:
    path = tmp_path / "site.csv.gz"
    rows = ["timestamp,ghi_w_m2,load_kw", "2026-06-01T00:00:00Z,1,2.0", "2026-06-01T00:15:00Z,,3.0"]
    path.write_bytes(gzip.compress("\n".join(rows).encode()))
    trace = from_csv(path)
    assert (trace.step_s, trace.end) == (900, MONDAY + timedelta(minutes=30))
    assert trace.at(MONDAY + timedelta(minutes=16)).load_w == 3000.0
    assert trace.at(MONDAY).pv_available_w == 0.0
    assert trace.series("pv_w") == []


@pytest.mark.parametrize(
    ("header", "rows", "sentence"),
    [
        (HEADER, [], "site.csv: fewer than two rows"),
        ("time,load_kw", hourly(["1", "2"]), "site.csv:1: the header has no column timestamp"),
        ("timestamp,pv_kw", hourly(["1", "2"]), "site.csv:1: the header has no column load_kw"),
        ("timestamp,load_kw,load_kw", hourly(["1,1", "2,2"]), ":1: the column load_kw stands in the header twice"),
        (
            HEADER,
            [*hourly(["1,1,1,1"] * 2), "2026-06-01T04:00:00Z,1,1,1,1"],
            "site.csv:4: expected the row of 2026-06-01T02:00:00+00:00, found 2026-06-01T04:00:00Z",
        ),
        (HEADER, ["2026-06-01T00:00:00,1,1,1,1"], ":2: the time stamp 2026-06-01T00:00:00 has no UTC offset"),
        (HEADER, hourly(["1,1,1,1", "1,x,1,1"]), ":3: pv_kw is 'x', not a number"),
        (HEADER, hourly(["1,1,1,1", "inf,1,1,1"]), ":3: load_kw is inf, not a finite number"),
        (HEADER, hourly(["-0.1,1,1,1", "1,1,1,1"]), ":2: load_kw is -0.1, and it can never be negative"),
        (HEADER, hourly(["1,1,1", "1,1,1,1"]), ":2: 4 cells where the header has 5"),
        (HEADER, ["yesterday,1,1,1,1"], ":2: 'yesterday' is not an ISO 8601 time stamp"),
        (
            HEADER,
            ["2026-06-01T00:00:00Z,1,1,1,1", "2026-06-01T00:07:00Z,1,1,1,1"],
            ":3: 2026-06-01T00:07:00Z is 0:07:00 after the row before; rows must be 15 or 60 minutes apart",
        ),
    ],
)
def test_a_wrong_file_is_refused_with_place_and_reason(
    tmp_path: Path, header: str, rows: list[str], sentence: str
) -> None:
    path = write_rows(tmp_path / "site.csv", rows, header)
    with pytest.raises(SitesUnreadable) as caught:
        from_csv(path)
    assert sentence in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.csv.gz"
    broken.write_bytes(b"not gzip at all")
    for path in (tmp_path / "absent.csv", broken):
        with pytest.raises(SitesUnreadable, match=f"{path.name}: cannot be read"):
            from_csv(path)
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(SitesUnreadable, match="the file is empty"):
        from_csv(tmp_path / "empty.csv")


def test_short_holes_are_closed_and_counted_long_ones_raise_when_played(tmp_path: Path) -> None:
    cells = ["1,1,0.2,0.1"] + [",1,,0.1"] * 2 + ["4,1,0.5,0.1"] + [",1,0.5,0.1"] * 4 + ["2,1,0.5,0.1"] * 6
    trace = from_csv(write_rows(tmp_path / "site.csv", hourly(cells)))
    assert trace.filled == {"load_w": 2, "pv_w": 0, "import_price_per_kwh": 2, "carbon_kg_per_kwh": 0}
    assert trace.at(MONDAY + timedelta(hours=1)).load_w == pytest.approx(2000.0)
    assert trace.at(MONDAY + timedelta(hours=2)).import_price_per_kwh == 0.2
    assert trace.series("load_w")[5] == (MONDAY + timedelta(hours=5), None)
    with pytest.raises(TraceError) as caught:
        trace.at(MONDAY + timedelta(hours=5))
    assert str(caught.value) == (
        "load_w is missing at 2026-06-01T05:00Z; the longest complete period is 2026-06-01T08:00Z to 2026-06-01T14:00Z"
    )
    begin, end = trace.complete_period()
    trace.require_complete(begin, end)
    with pytest.raises(TraceError, match="load_w is missing at 2026-06-01T04:00Z"):
        trace.require_complete(MONDAY, end)
    with pytest.raises(TraceError, match="the trace covers"):
        trace.at(end)


def test_a_moved_trace_plays_the_same_values_later(tmp_path: Path) -> None:
    trace = from_csv(write_rows(tmp_path / "site.csv", hourly([f"{i},0,0.1,0.1" for i in range(6)])))
    moved = trace.moved(timedelta(days=7))
    assert moved.start == MONDAY + timedelta(days=7)
    assert moved.at(MONDAY + timedelta(days=7, hours=3)) == trace.at(MONDAY + timedelta(hours=3))
    assert moved.series("load_w", moved.start + timedelta(hours=2), moved.start + timedelta(hours=3)) == [
        (MONDAY + timedelta(days=7, hours=2), 2000.0)
    ]


cells = st.lists(st.one_of(st.none(), st.floats(0.0, 1e4)), min_size=2, max_size=60)


@settings(max_examples=60)
@given(cells, st.booleans(), st.sampled_from([900, 3600]))
def test_filling_touches_nothing_that_was_measured(found: list[float | None], hold: bool, step_s: int) -> None:
    closed = fill_short_holes(found, step_s, hold)
    missing = {i for first, last in closed.gaps for i in range(first, last + 1)}
    measured = [cell for cell in found if cell is not None]
    for i, (before, after) in enumerate(zip(found, closed.cells, strict=True)):
        assert (after is None) == (i in missing)
        if before is not None:
            assert after == before
        elif after is not None:
            assert min(measured) - 1e-9 <= after <= max(measured) + 1e-9
    assert closed.filled == sum(cell is None for cell in found) - len(missing)
    assert all(last - first + 1 > 3 * 3600 / step_s or not measured for first, last in closed.gaps)
