"""The reader of a folder of sites: what it makes of good files, and one sentence for bad ones."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.backtest.sites import Site, read_site, usual_export_price
from site_data.sites_json import described_sites
from site_data.unreadable import SitesUnreadable
from tests.backtest import folder as data

HEADER = ",".join(data.HEADER)


def read(folder: Path, name: str = "house") -> Site:
    return read_site(folder, name, described_sites(folder)[name])


def test_units_battery_and_test_period(tmp_path: Path) -> None:
    site = read(data.write(tmp_path, days=10))
    assert site.history.load_w[18] == pytest.approx(1000 * float(data.hour(18)[0]))  # type: ignore[arg-type]
    assert site.history.horizon.steps == 240
    assert (site.battery.usable_wh, site.battery.charge_w, site.battery.discharge_w) == (10_000, 4_000, 4_000)
    assert site.battery.charge_efficiency == pytest.approx(0.9)
    assert (site.battery.floor_pct, site.battery.soc_max_pct, site.solar_rated_w) == (10, 90, 5000)
    assert (site.export_price, site.day_ahead) == (0.0, False)
    assert (site.test_start, site.test_end) == (data.START + timedelta(days=6), data.START + timedelta(days=10))


def test_a_given_test_period_counts_and_a_date_alone_is_whole(tmp_path: Path) -> None:
    site = read(data.write(tmp_path, days=10, test_start="2026-03-05T12:00:00Z", test_end="2026-03-08"))
    assert site.test_start == datetime(2026, 3, 5, 12, tzinfo=UTC)
    assert site.test_end == datetime(2026, 3, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "usual"), [([0.05, 0.0], 0.0), ([0.05, 0.1], 0.05), ([], 0.0), (None, 0.0), (0.07, 0.07)]
)
def test_the_usual_export_price(given: object, usual: float, tmp_path: Path) -> None:
    assert usual_export_price(tmp_path, "house", {"export_price": given}) == usual


def test_missing_is_missing_and_columns_may_lack(tmp_path: Path) -> None:
    data.write(tmp_path, pv_kwp=None)
    lines = ["timestamp,load_kw,import_price_per_kwh", "2026-03-02T00:00Z,,0.2", "2026-03-02T02:00Z,nan,0.3",
             "2026-03-02T03:00Z,1.5,"]  # fmt: skip
    data.write_lines(tmp_path, "house", lines)
    site = read(tmp_path)
    assert site.history.load_w == (None, None, None, 1500.0)
    assert site.history.pv_w == (None,) * 4
    assert site.import_price == (0.2, None, 0.3, None)
    assert site.solar_rated_w == 0


def test_rows_may_be_unordered_and_come_twice_when_they_agree(tmp_path: Path) -> None:
    data.write(tmp_path)
    rows = ["2026-03-02T01:00:00Z,2,0,.2,", "2026-03-02T00:00:00Z,1,0,.2,", "2026-03-02T01:00:00Z,2,0,.2,"]
    data.write_lines(tmp_path, "house", [HEADER, *rows])
    assert read(tmp_path).history.load_w == (1000.0, 2000.0)


def test_a_wall_clock_source_becomes_true_time(tmp_path: Path) -> None:
    data.write(tmp_path, timezone="Etc/GMT+8 (source wall clock incl. DST)")
    data.write_lines(tmp_path, "house", [HEADER, "2026-07-01T20:00:00Z,1,0,.2,", "2026-07-01T21:00:00Z,2,0,.2,"])
    site = read(tmp_path)
    assert site.history.horizon.start == datetime(2026, 7, 1, 19, tzinfo=UTC)
    assert site.place.timezone == "America/Los_Angeles"


def test_weather_of_a_model_comes_along(tmp_path: Path) -> None:
    data.write(tmp_path)
    header = "timestamp,load_kw,import_price_per_kwh,wm_temperature_c,wm_poa_direct_w_m2,wm_poa_diffuse_w_m2"
    data.write_lines(tmp_path, "house", [header, "2026-03-02T00:00Z,1,.2,7.5,100,50", "2026-03-02T01:00Z,1,.2,,100,"])
    weather = read(tmp_path).history.weather
    assert weather is not None
    assert weather.temperature_c == (7.5, None)
    assert weather.ghi_w_m2 == (150.0, None)


BAD_FILES = [
    ([HEADER], "has no rows"),
    (["timestamp,pv_kw", "2026-03-02T00:00Z,1"], ":1: the header has no column load_kw"),
    ([HEADER, "2026-03-02T00:00Z,1,0,.2,", "2026-03-02T01:00Z,much,0,.2,"], ":3: load_kw is 'much', not a number"),
    ([HEADER, "yesterday,1,0,.2,"], ":2: 'yesterday' is not an ISO 8601"),
    ([HEADER, "2026-03-02T00:00Z,1,0,.2,", "2026-03-02T00:00Z,2,0,.2,"], ":3: 2026-03-02T00:00Z comes twice"),
    ([HEADER, "2026-03-02T00:00Z,1,0,.2,", "2026-03-02T00:20Z,2,0,.2,"], "is not on the raster of 3600 s"),
    ([HEADER, "2026-03-02T00:00Z,,0,.2,"], "has no load at all"),
    ([HEADER, "2026-03-02T00:00Z,1,0,,"], "has no import price"),
    ([HEADER, "2026-03-02T00:00Z,1,-3,.2,", "2026-03-02T01:00Z,1,.1,.2,"], "pv_kw is below zero in all; turn its sign"),
    ([HEADER, "2026-03-02T00:00Z,-1,0,.2,"], "load_kw is below zero in all; turn its sign"),
    ([HEADER, "2026-03-02T00:00Z,1,0,1e300,"], ":2: import_price_per_kwh is 1e300, which nothing on a site can be"),
]


@pytest.mark.parametrize(("lines", "said"), BAD_FILES)
def test_a_bad_file_is_one_sentence_with_its_place(lines: list[str], said: str, tmp_path: Path) -> None:
    data.write(tmp_path)
    data.write_lines(tmp_path, "house", lines)
    with pytest.raises(SitesUnreadable, match=said) as error:
        read(tmp_path)
    assert "house.csv" in str(error.value)
    assert "\n" not in str(error.value)


BAD_FACTS = [
    ({"battery": None}, "house has no battery"),
    ({"battery": {**data.DESCRIBED["battery"], "roundtrip": 1.2}}, "is not possible"),
    ({"battery": {**data.DESCRIBED["battery"], "power_kw": "much"}}, "power_kw of house is 'much'"),
    ({"timezone": "Europe/Atlantis"}, "time zone or holidays of house"),
    ({"lat": None}, "lat of house is None"),
    ({"lat": 5205}, "lat of house is 5205, not from -90 to 90"),
    ({"lon": -181}, "lon of house is -181, not from -180 to 180"),
    ({"pv_kwp": -4}, "pv_kwp of house is -4, not from 0 to 1000000"),
    ({"cadence_min": 15}, "its rows are at least 1:00:00 apart, so that it has none every 900 s as described"),
    ({"cadence_min": 0}, "cadence of house is 0 min"),
    ({"test_start": "soon"}, "test_start of house is 'soon'"),
    ({"test_start": "2030-01-01"}, "the test period of house is not within its rows"),
    ({"export_price": ["dear"]}, "export_price of house"),
    ({"export_price": [0.0, 5.5]}, "export_price of house is 5.5, which is more than anybody pays .* mean 0.055"),
]


@pytest.mark.parametrize(("changed", "said"), BAD_FACTS)
def test_bad_facts_are_one_sentence(changed: dict[str, object], said: str, tmp_path: Path) -> None:
    data.write(tmp_path, days=2)
    described = {**data.DESCRIBED, **changed}
    (tmp_path / "sites.json").write_text(json.dumps({"sites": {"house": described}}))
    with pytest.raises(SitesUnreadable, match=said):
        read(tmp_path)


def priced(*prices: float) -> Callable[[int], data.Cells]:
    """The house by prices that follow each other."""
    return lambda index: (*data.hour(index)[:2], prices[index % len(prices)], 0.2)


@pytest.mark.parametrize(
    ("currency", "prices", "said"),
    [
        ("EUR", (25.0, 31.0), "is 25, which is more than anybody pays for a kWh in EUR; did you mean 0.25"),
        ("GBP", (250.0, -3.0, 90.0), "is 90, which .* in GBP; did you mean 0.09. prices are per kWh and not per MWh"),
        ("SEK", (150.0,), "is 150, .* prices are in SEK and not in öre"),
        ("JPY", (31000.0,), "is 31000, .* prices are per kWh and not per MWh"),
    ],
)
def test_prices_that_cannot_be_meant_in_their_currency_are_refused(
    currency: str, prices: tuple[float, ...], said: str, tmp_path: Path
) -> None:
    data.write(tmp_path, days=2, row=priced(*prices), currency=currency)
    place = r"house\.csv\.gz: import_price_per_kwh cannot be meant: the middle of the prices "
    with pytest.raises(SitesUnreadable, match=place + said):
        read(tmp_path)


@pytest.mark.parametrize(
    ("currency", "prices"),
    [
        ("AUD", (0.3, 15.0, -1.0, 0.2, 0.25)),  # a market's spike every few hours
        ("EUR", (0.9, 0.02, 1.4)),
        ("SEK", (2.5, 8.0)),
        ("HUF", (45.0, 70.0)),
        ("JPY", (31.0, 80.0)),
        ("XAU", (25.0,)),  # what a kWh costs in it nobody here knows
        (None, (25.0,)),
    ],
)
def test_prices_of_a_real_market_are_taken(currency: str | None, prices: tuple[float, ...], tmp_path: Path) -> None:
    data.write(tmp_path, days=2, row=priced(*prices), currency=currency, export_price=None)
    assert read(tmp_path).import_price[: len(prices)] == prices


def test_a_load_that_dwarfs_the_battery_is_doubted(tmp_path: Path) -> None:
    assert read(data.write(tmp_path / "kw", days=2)).doubts == ()
    in_w = data.write(tmp_path / "w", days=2, row=lambda index: (1000.0 * float(str(data.hour(index)[0])), 0, 0.2, 0.2))
    (said,) = read(in_w).doubts
    assert "house.csv.gz: the middle of load_kw is 1" in said
    assert "and the battery holds 10 kWh: are the powers in W?" in said


@pytest.mark.parametrize("text", [None, "", "[]", '{"sites": 5}', '{"sites": {"ghost": {}}}'])
def test_a_folder_without_sites(text: str | None, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "sites.json").write_text(text)
    with pytest.raises(SitesUnreadable) as refused:
        described_sites(tmp_path)
    assert "Error" not in str(refused.value)


def test_a_file_that_is_no_gzip(tmp_path: Path) -> None:
    data.write(tmp_path)
    (tmp_path / "sites" / "house.csv.gz").write_bytes(b"timestamp,load_kw\n")
    with pytest.raises(SitesUnreadable, match="cannot be read"):
        read(tmp_path)
