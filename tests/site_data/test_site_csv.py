"""The one reader of measured rows: one rule for times, gaps, cadence and units, whoever reads."""

import gzip
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from site_data.site_csv import SiteRows, Wanted, read_site_csv, watts
from site_data.unreadable import SitesUnreadable

HEADER = "timestamp,load_kw,pv_kw"
WANTED = Wanted(("load_kw", "pv_kw", "carbon_kg_per_kwh"))
HOUR_S = 3600


def read(folder: Path, *rows: str, header: str = HEADER, cadence_s: int | None = HOUR_S) -> SiteRows:
    path = folder / "here.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return read_site_csv(path, WANTED, cadence_s)


def test_a_time_without_an_offset_is_utc_where_the_file_is_described(tmp_path: Path) -> None:
    rows = read(tmp_path, "2026-06-01T00:00:00,1,0", "2026-06-01T01:00:00,2,0")
    assert rows.start == datetime(2026, 6, 1, tzinfo=UTC)


def test_a_time_without_an_offset_is_refused_elsewhere_with_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(SitesUnreadable) as refused:
        read(tmp_path, "2026-06-01T00:00:00Z,1,0", "2026-06-01T01:00:00,1,0", cadence_s=None)
    assert str(refused.value) == (
        f"{tmp_path / 'here.csv'}:3: the time stamp 2026-06-01T01:00:00 has no UTC offset; "
        "write 2026-06-01T01:00:00Z if it is UTC"
    )


@pytest.mark.parametrize("cadence_s", [HOUR_S, None])
def test_every_offset_says_which_hour_is_meant(tmp_path: Path, cadence_s: int | None) -> None:
    rows = read(tmp_path, "2026-06-01T00:00:00+02:00,1,0", "2026-06-01T00:00:00+01:00,2,0", cadence_s=cadence_s)
    assert (rows.start, rows.step_s) == (datetime(2026, 5, 31, 22, tzinfo=UTC), HOUR_S)
    assert rows.columns["load_kw"] == (1.0, 2.0)


def test_an_empty_cell_nan_and_a_row_left_out_are_missing(tmp_path: Path) -> None:
    rows = read(tmp_path, "2026-06-01T00:00Z,,1", "2026-06-01T01:00Z,nan,NaN", "2026-06-01T03:00Z,2,-0.5")
    assert rows.columns["load_kw"] == (None, None, None, 2.0)
    assert rows.columns["pv_kw"] == (1.0, None, None, -0.5)
    assert rows.columns["carbon_kg_per_kwh"] == (None,) * 4
    assert rows.found == {"load_kw", "pv_kw"}
    assert watts(rows.columns["pv_kw"]) == (1000.0, None, None, -500.0)


def test_without_a_described_cadence_no_row_may_be_left_out(tmp_path: Path) -> None:
    lines = [f"2026-06-01T0{hour}:00Z,1,0" for hour in (0, 1, 3)]
    assert len(read(tmp_path, *lines).columns["load_kw"]) == 4
    with pytest.raises(SitesUnreadable, match=r"here\.csv:4: expected the row of 2026-06-01T02:00:00\+00:00"):
        read(tmp_path, *lines, cadence_s=None)


def test_packed_and_plain_with_a_byte_order_mark_read_the_same(tmp_path: Path) -> None:
    text = f"\ufeff{HEADER}\n2026-06-01T00:00Z,1,0\n\n2026-06-01T01:00Z,2,0\n".encode()
    (tmp_path / "a.csv").write_bytes(text)
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(text))
    plain, packed = (read_site_csv(tmp_path / name, WANTED) for name in ("a.csv", "a.csv.gz"))
    assert plain == packed
    assert plain.columns["load_kw"] == (1.0, 2.0)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("2026-06-01T00:20Z,1,0", ":3: 2026-06-01T00:20:00Z is not on the raster of 3600 s"),
        ("2026-06-01T01:00Z,-inf,0", ":3: load_kw is -inf, not a finite number"),
        ("2026-06-01T01:00Z,1", ":3: 2 cells where the header has 3"),
        ("2026-06-01T00:00Z,2,0", ":3: 2026-06-01T00:00Z comes twice with other values"),
    ],
)
def test_a_bad_row_is_named_by_its_line(tmp_path: Path, row: str, said: str) -> None:
    with pytest.raises(SitesUnreadable) as refused:
        read(tmp_path, "2026-06-01T00:00Z,1,0", row)
    assert str(refused.value) == f"{tmp_path / 'here.csv'}{said}"


def test_the_reader_loads_nothing_but_the_standard_library() -> None:
    probe = "import sys, site_data.sites_json; print({'numpy', 'pandas', 'agent'} & set(sys.modules))"
    told = subprocess.run([sys.executable, "-c", probe], check=True, capture_output=True, text=True)
    assert told.stdout.strip() == "set()"
