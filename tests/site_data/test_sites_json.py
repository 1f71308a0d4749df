"""The facts of a measured site: times follow the rule of the rows."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from site_data.site_csv import Wanted
from site_data.sites_json import SiteFacts
from site_data.unreadable import SitesUnreadable

DAY_KW = [0.0] * 10 + [0.5, 1.4, 3.0, 4.2, 4.8, 4.1, 2.9, 1.3] + [0.002] * 6


def facts(**described: object) -> SiteFacts:
    return SiteFacts(Path("sites.json"), "here", described)


def test_a_date_alone_is_a_day_in_utc_and_so_is_a_time_without_an_offset() -> None:
    days = facts(test_start="2026-06-01", test_end="2026-06-02")
    assert (days.test_start(), days.test_end()) == (datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 6, 3, tzinfo=UTC))
    assert facts(test_end="2026-06-01T12:00+02:00").test_end() == datetime(2026, 6, 1, 10, tzinfo=UTC)
    assert facts(test_start="2026-06-01T12:00").test_start() == datetime(2026, 6, 1, 12, tzinfo=UTC)


def test_a_site_without_a_time_zone_is_refused() -> None:
    with pytest.raises(SitesUnreadable, match="time zone or holidays of here"):
        facts().timezone()


@pytest.mark.parametrize(("minutes", "step_s"), [(1, 60), (15, 900), (60, 3600)])
def test_a_cadence_divides_the_hour(minutes: float, step_s: int) -> None:
    assert facts(cadence_min=minutes).cadence_s() == step_s


@pytest.mark.parametrize("minutes", [0, 0.5, 7, 120])
def test_another_cadence_is_refused(minutes: float) -> None:
    with pytest.raises(SitesUnreadable, match=f"the cadence of here is {minutes:g} min"):
        facts(cadence_min=minutes).cadence_s()


def sunny(folder: Path, rated_kw: float | None, values: list[float]) -> SiteFacts:
    rows = [f"2026-06-{1 + hour // 24:02d}T{hour % 24:02d}:00Z,{value}" for hour, value in enumerate(values)]
    (folder / "sites").mkdir()
    (folder / "sites" / "here.csv").write_text("\n".join(["timestamp,pv_kw", *rows]) + "\n")
    return SiteFacts(folder / "sites.json", "here", {"cadence_min": 60, "pv_kwp": rated_kw})


def test_solar_power_in_watts_is_refused_by_the_nameplate(tmp_path: Path) -> None:
    with pytest.raises(SitesUnreadable) as refused:
        sunny(tmp_path, 5.0, [1000.0 * value for value in 5 * DAY_KW]).rows(Wanted(("pv_kw",)))
    assert str(refused.value) == (
        f"{tmp_path / 'sites' / 'here.csv'}: pv_kw is 4200 or more in one row of 20, and pv_kwp of here in sites.json "
        "is 5: powers are in kW and not in W"
    )


@pytest.mark.parametrize(
    ("rated_kw", "values"),
    [
        (5.0, 5 * DAY_KW),
        (5.0, [65535.0, *DAY_KW, *DAY_KW]),  # what a meter says once
        (1.5, 5 * DAY_KW),  # the array has grown since
        (0.0, 5 * DAY_KW),
        (None, [1000.0 * value for value in 5 * DAY_KW]),
    ],
)
def test_solar_power_that_may_be_is_read(rated_kw: float | None, values: list[float], tmp_path: Path) -> None:
    assert sunny(tmp_path, rated_kw, values).rows(Wanted(("pv_kw",))).columns["pv_kw"] == tuple(values)
