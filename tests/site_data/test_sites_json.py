"""The facts of a measured site: times follow the rule of the rows."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from site_data.sites_json import SiteFacts
from site_data.unreadable import SitesUnreadable


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
