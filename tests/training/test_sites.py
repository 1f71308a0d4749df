"""The door through which measured sites come in, and what it refuses."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from site_data.unreadable import SitesUnreadable
from tests.training.site_folder import DESCRIBED, table_of, workshop, write_folder
from training.sites.measured_site import WeatherKind, read_site, read_sites

HEAD = "timestamp,load_kw,pv_kw\n"


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("", r"here\.csv\.gz: the file is empty"),
        ("time,load_kw\n2023-05-01T00:00Z,1\n", r":1: the header has no column timestamp"),
        ("timestamp,grid_kw\n2023-05-01T00:00Z,1\n", r":1: the header has neither load_kw nor pv_kw"),
        (HEAD, r"here\.csv\.gz has no rows"),
        (HEAD + "2023-05-01T00:00Z,1,0\nyesterday,1,0\n", r":3: 'yesterday' is not an ISO 8601 time stamp"),
        (HEAD + "2023-05-01T00:00Z,1,0\n,1,0\n", r":3: '' is not an ISO 8601 time stamp"),
        (HEAD + "2023-05-01T00:00Z,much,0\n", r":2: load_kw is 'much', not a number"),
        (HEAD + "0001-01-01T00:00+14:00,1,0\n", r":2: .*out of range"),
        (HEAD + "2023-05-01T00:00Z,1,0\n2023-05-01T00:00Z,2,0\n", r":3: 2023-05-01T00:00Z comes twice with other val"),
        (HEAD + "2023-05-01T00:00Z,1,0\n2023-05-01T00:20Z,2,0\n", r"2023-05-01T00:20:00Z is not on the raster"),
        (HEAD + "2023-05-01T00:07Z,1,0\n", r"2023-05-01T00:07:00Z is not on the raster"),
        (HEAD + "1970-01-01T00:00Z,1,0\n2023-05-01T00:00Z,2,0\n", r"more than 40 years"),
    ],
)
def test_a_bad_file_is_refused_with_place_and_reason(tmp_path: Path, table: str, said: str) -> None:
    write_folder(tmp_path, {"here": DESCRIBED}, {"here": table})
    with pytest.raises(SitesUnreadable, match=said) as refused:
        read_sites(tmp_path)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_packed_as_its_name_says_is_refused(tmp_path: Path) -> None:
    write_folder(tmp_path, {"here": DESCRIBED}, {"here": HEAD})
    (tmp_path / "sites" / "here.csv.gz").write_bytes(b"timestamp,load_kw\n")
    with pytest.raises(SitesUnreadable, match="cannot be read: Not a gzipped file"):
        read_sites(tmp_path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"lat": "north"}, "lat of here is 'north', not a number"),
        ({"cadence_min": 0}, "cadence of here is 0 min"),
        ({"cadence_min": 7}, "cadence of here is 7 min"),
        ({"timezone": "Atlantis/Town"}, "time zone or holidays of here"),
        ({"holidays": ["soon"]}, "time zone or holidays of here"),
        ({"test_start": "spring"}, "test_start of here is 'spring', not a time"),
        ({"test_start": "2030-01-01"}, "the test period of here is not within its rows"),
        ({"test_end": "2020-01-01"}, "the test period of here is not within its rows"),
    ],
)
def test_a_bad_description_is_refused(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    write_folder(tmp_path, {"here": DESCRIBED | change}, {"here": HEAD + "2023-05-01T00:00Z,1,0\n"})
    with pytest.raises(SitesUnreadable, match=said):
        read_sites(tmp_path)


def test_rows_in_any_order_and_rows_said_twice_alike_are_one_history(tmp_path: Path) -> None:
    table = HEAD + "2023-05-01T02:00Z,3,0\n2023-05-01T00:00Z,1,0\n2023-05-01T02:00Z,3,0\n2023-05-01T03:00:00+02:00,2,\n"
    write_folder(tmp_path, {"here": DESCRIBED}, {"here": table})
    (site,) = read_sites(tmp_path)
    assert site.history.load_w == (1000.0, 2000.0, 3000.0)
    assert site.history.pv_w == (0.0, None, 0.0)


def test_every_column_but_the_time_is_optional(tmp_path: Path) -> None:
    described = {key: value for key, value in DESCRIBED.items() if key != "pv_kwp"}
    write_folder(tmp_path, {"a": described, "b": described}, {"a": "timestamp,load_kw\n2023-05-01T00:00Z,nan\n"})
    (folder := tmp_path / "sites" / "b.csv").write_text("timestamp,pv_kw\n2023-05-01T00:00Z,2\n2023-05-01T01:00Z,3\n")
    assert folder.exists()
    first, second = read_sites(tmp_path)
    assert (first.history.load_w, first.history.pv_w, first.rated_w) == ((None,), (None,), 0.0)
    assert (second.history.load_w, second.rated_w) == ((None, None), 3000.0)
    assert (first.history.weather, first.test_start, first.clear_sky_w_m2) == (None, None, ())


@pytest.mark.parametrize(
    ("kind", "columns", "wanted"),
    [
        ("model", {"wm_temperature_c": [3], "wm_poa_direct_w_m2": [100], "wm_poa_diffuse_w_m2": [50]}, ((3,), (150,))),
        ("model", {"wm_temperature_c": [-3]}, ((-3,), ())),
        ("model", {"wm_temperature_c": [3], "wm_poa_direct_w_m2": [100], "wm_poa_diffuse_w_m2": [""]}, ((3,), ())),
        ("model", {"temperature_c": [3], "ghi_w_m2": [100]}, None),
        ("measured", {"temperature_c": [4], "ghi_w_m2": [200], "poa_proxy_w_m2": [300]}, ((4,), (200,))),
        ("measured", {"poa_proxy_w_m2": [300]}, ((), (300,))),
        ("measured", {"wm_temperature_c": [3]}, None),
        ("none", {"wm_temperature_c": [3], "temperature_c": [4]}, None),
    ],
)
def test_the_weather_asked_for_comes_with_the_history(
    tmp_path: Path, kind: WeatherKind, columns: dict[str, list[float]], wanted: tuple[Any, Any] | None
) -> None:
    write_folder(tmp_path, {"here": DESCRIBED}, {"here": table_of({"load_kw": [1]} | columns)})
    weather = read_site(tmp_path, "here", kind).history.weather
    assert (weather and (weather.temperature_c, weather.ghi_w_m2)) == wanted


def test_a_test_period_given_as_days_ends_with_its_last_day(tmp_path: Path) -> None:
    dates = {"test_start": "2023-05-10", "test_end": "2023-05-14"}
    write_folder(tmp_path, {"here": DESCRIBED | dates}, {"here": table_of(workshop(days=20))})
    site = read_site(tmp_path, "here")
    assert site.test_start == datetime(2023, 5, 10, tzinfo=UTC)
    assert site.test_end == datetime(2023, 5, 15, tzinfo=UTC)


def test_sites_are_chosen_by_name(tmp_path: Path) -> None:
    table = table_of({"load_kw": [1]})
    write_folder(tmp_path, {"a": DESCRIBED, "b": DESCRIBED}, {"a": table, "b": table})
    assert [site.name for site in read_sites(tmp_path, names=["b"])] == ["b"]
    with pytest.raises(SitesUnreadable, match="has no site c; it has a, b"):
        read_sites(tmp_path, names=["b", "c"])
