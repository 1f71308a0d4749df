"""Cents for euros, and a place that is not where its clock is: asked back with what may be meant."""

from pathlib import Path

import pytest

from agent.settings.zone_places import place_of
from tests.site_files import TEXT, changed, problems, written


@pytest.mark.parametrize(
    ("currency", "price", "remedy"),
    [
        ("GBP", "28", "did you mean 0.28? prices are in GBP and not in pence"),
        ("GBP", "280", "did you mean 0.28? prices are per kWh and not per MWh"),
        ("EUR", "-28.5", "did you mean -0.285? prices are in EUR and not in cents"),
        ("EUR", "60", "did you mean 0.6 or 0.06? prices are in EUR and not in cents and prices are per kWh"),
        ("SEK", "150", "did you mean 1.5? prices are in SEK and not in öre"),
        ("CZK", "100", "an ordinary price is about 7 CZK per kWh"),
        ("JPY", "31", None),
        ("HUF", "70", None),
        ("INR", "8", None),
        ("ZAR", "3.5", None),
        ("USD", "1.2", None),
        ("XXX", "28", None),
    ],
)
def test_a_price_that_nobody_pays(tmp_path: Path, currency: str, price: str, remedy: str | None) -> None:
    text = changed('currency = "GBP"', f'currency = "{currency}"')
    text = changed("default_per_kwh = 0.28", f"default_per_kwh = {price}", text)
    found = problems(tmp_path, text)
    if remedy is None:
        assert found == ()
        return
    (problem,) = found
    assert problem.key == "[tariff.import] default_per_kwh"
    assert problem.reason == f"is {price}, which is more than anybody pays for a kWh in {currency}"
    assert problem.remedy.startswith(remedy)
    assert problem.line == text.splitlines().index(f"default_per_kwh = {price}") + 1


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("price_per_kwh = 0.09", "price_per_kwh = 9", "[[tariff.import.window]] 1: price_per_kwh"),
        ("price_per_kwh = 0.15", "price_per_kwh = 15", "[tariff.export] price_per_kwh"),
        ("reserve_pct = 20", "reserve_pct = 20\nwear_per_kwh = 5", "[battery] wear_per_kwh"),
    ],
)
def test_every_price_per_kwh_is_looked_at(tmp_path: Path, old: str, new: str, key: str) -> None:
    assert [problem.key for problem in problems(tmp_path, changed(old, new))] == [key]


@pytest.mark.parametrize(("prices", "good"), [("0.28 17.5 0.31", True), ("28 31 9.5", False)])
def test_a_list_is_judged_by_its_middle_and_not_by_a_spike(tmp_path: Path, prices: str, good: bool) -> None:
    rows = [f"2026-06-01T0{hour}:00:00Z,{price}" for hour, price in enumerate(prices.split())]
    (tmp_path / "prices.csv").write_text("start,price_per_kwh\n" + "\n".join(rows) + "\n")
    text = changed('kind = "flat"\nprice_per_kwh = 0.15', 'kind = "list"\nfile = "prices.csv"')
    found = problems(tmp_path, text)
    assert (found == ()) is good
    if not good:
        assert found[0].key == "[tariff.export] file"
        assert "did you mean 0.28? prices are in GBP and not in pence" in found[0].reason


@pytest.mark.parametrize(
    ("zone", "latitude", "longitude", "remedy"),
    [
        ("Europe/London", "0.1218", "52.2053", "did you mean latitude = 52.2053 and longitude = 0.1218?"),
        ("America/New_York", "40.7", "74.0", "did you mean longitude = -74? East is positive"),
        ("Europe/Berlin", "52.5", "-13.4", "did you mean longitude = 13.4? East is positive"),
        ("Australia/Sydney", "33.9", "151.2", "did you mean latitude = -33.9? North is positive"),
        ("Europe/London", "-33.9", "151.2", "correct the coordinates or the time zone"),
        ("Asia/Shanghai", "39.5", "76.0", None),  # Kashgar
        ("America/Bogota", "-4.2", "-69.9", None),  # Leticia
        ("Europe/Moscow", "69.0", "33.1", None),  # Murmansk
        ("America/Anchorage", "53.9", "-166.5", None),  # Unalaska
        ("Asia/Kolkata", "23.2", "69.7", None),  # Bhuj
        ("UTC", "52.0", "5.0", None),
    ],
)
def test_a_place_that_is_not_where_its_clock_is(
    tmp_path: Path, zone: str, latitude: str, longitude: str, remedy: str | None
) -> None:
    text = changed("latitude = 52.2\nlongitude = 0.12", f"latitude = {latitude}\nlongitude = {longitude}")
    found = problems(tmp_path, changed('timezone = "Europe/London"', f'timezone = "{zone}"', text))
    if remedy is None:
        assert found == ()
        return
    (problem,) = found
    assert f"km from where the clock is {zone}" in problem.reason
    assert problem.remedy == remedy


@pytest.mark.parametrize("zone", ["localtime", "posixrules", "right/Europe/London", "posix/Europe/London"])
def test_a_file_beside_the_zones_is_no_time_zone(tmp_path: Path, zone: str) -> None:
    """The pages' browser knows none of them, and the "right" ones are half a minute off."""
    (problem,) = problems(tmp_path, changed('timezone = "Europe/London"', f'timezone = "{zone}"'))
    assert (problem.key, problem.remedy) == ("[site] timezone", 'write an IANA name such as "Europe/London"')


def test_every_zone_that_people_live_by_has_a_place() -> None:
    assert place_of("Europe/London") == pytest.approx((51.5083, -0.1253), abs=0.001)
    assert place_of("Europe/Stockholm") is not None
    assert place_of("Etc/GMT+5") is None


def test_the_smallest_site_is_still_good(tmp_path: Path) -> None:
    assert problems(tmp_path, TEXT) == ()
    assert written(tmp_path, TEXT).exists()


def test_what_cannot_be_seen_in_a_value_is_shown(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, changed('kind = "flat"', 'kind = "fl\ufeffat"'))
    assert '"fl\\ufeffat"' in str(problem)
    assert str(problem).isprintable()


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_an_outage_beyond_all_calendars(tmp_path: Path, at: str) -> None:
    text = changed("[cloud]", f"[[advice.outage]]\nfrom = {at}\nto = 2026-06-01T10:00:00Z\n[cloud]")
    (problem,) = problems(tmp_path, text)
    assert problem.reason == "is no time of this site"
