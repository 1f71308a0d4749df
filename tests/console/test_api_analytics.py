"""What the analytics say of a year: views agree, a comparison is of what has passed, nothing is invented."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.console.api_examples import Api, client
from tests.console.site import NOW, ConsoleSite, copied

ENERGIES = ("load_wh", "pv_wh", "import_wh", "export_wh", "charge_wh", "discharge_wh")


def get(api: Api, path: str) -> Any:
    response = api.get(f"/api/v1/{path}")
    assert response.status_code == 200, response.text
    return response.json()


@pytest.mark.parametrize(
    "dates", ["startDate=2026-05-01&endDate=2026-05-31", "startDate=2025-10-01&endDate=2025-10-31"]
)
@pytest.mark.parametrize("what", ["consumption", "cost", "carbon"])
def test_hours_days_and_months_add_up_to_the_same(api: Api, what: str, dates: str) -> None:
    views = [get(api, f"analytics/{what}?{dates}&granularity={one}") for one in ("hour", "day", "month")]
    hours, days, months = (view["series"] for view in views)
    assert (len(days["at"]), len(months["at"])) == (31, 1)
    assert len(hours["at"]) == 744 + (dates.startswith("startDate=2025-10"))
    for name in {*ENERGIES, "cost", "co2_kg"} & set(days):
        sums = [sum(view["series"][name]) for view in views] + [view["totals"][name] for view in views]
        assert sums == pytest.approx([sums[0]] * 6, rel=1e-4, abs=1e-3), name


@pytest.mark.parametrize(("day", "hours"), [("2025-10-26", 25), ("2026-03-29", 23), ("2026-03-28", 24)])
def test_days_of_a_clock_change(api: Api, day: str, hours: int) -> None:
    found = get(api, f"analytics/consumption?startDate={day}&endDate={day}&granularity=hour")
    assert len(found["series"]["at"]) == hours
    assert found["coverage"] == 1.0
    whole = get(api, f"analytics/consumption?startDate={day}&endDate={day}&granularity=day")
    assert whole["series"]["covered_s"] == [3600.0 * hours]
    assert whole["totals"]["load_wh"] == pytest.approx(found["totals"]["load_wh"], abs=1.0)


def test_minutes_that_are_not_rolled_up_yet_count_at_once(api: Api) -> None:
    found = get(api, "analytics/consumption?period=today&granularity=quarter")
    known = [at for at, wh in zip(found["series"]["at"], found["series"]["load_wh"], strict=True) if wh is not None]
    assert known[-1] == "2026-06-03T12:00:00+01:00"
    assert found["coverage"] == pytest.approx(1.0, abs=0.002)
    minutes = get(api, "analytics/consumption?startDate=2026-06-03T12:00&endDate=2026-06-03T12:15&granularity=minute")
    assert [wh is not None for wh in minutes["series"]["load_wh"]] == [True] * 7 + [False] * 8


@pytest.mark.parametrize("granularity", ["hour", "day", "month"])
def test_a_day_of_which_nothing_is_settled_is_compared_with_nothing(api: Api, granularity: str) -> None:
    """Days are settled after two of them, so that is every today."""
    found = get(api, f"analytics/savings?period=today&compareWith=previous&granularity={granularity}")
    assert found["totals"]["saved"] is None
    compare = found["compare"]
    assert (compare["series"]["at"], compare["totals"]["saved"], compare["change"]) == ([], None, {})


def test_what_is_to_come_is_null(api: Api) -> None:
    found = get(api, "analytics/consumption?period=month")
    assert found["series"]["load_wh"][3:] == [None] * 27
    assert found["coverage"] == pytest.approx(1.0, abs=0.002)


def test_the_month_so_far_is_compared_with_as_much_of_the_one_before(api: Api) -> None:
    found = get(api, "analytics/consumption?period=month&compareWith=previous")["compare"]
    assert (found["start"], found["end"]) == ("2026-05-01T00:00:00+01:00", "2026-05-03T12:00:00+01:00")
    assert found["series"]["at"] == [f"2026-05-0{day}T00:00:00+01:00" for day in (1, 2, 3)]
    assert found["change"]["load_wh"]["change_pct"] == pytest.approx(0.0, abs=8.0)


def test_a_year_before(api: Api) -> None:
    path = "analytics/cost?startDate=2026-05-04&endDate=2026-05-10&compareWith=previous&shift=year"
    found = get(api, path)["compare"]
    assert (found["start"][:10], found["end"][:10]) == ("2025-05-04", "2025-05-11")
    assert found["totals"]["cost"] is not None


def test_the_baseline_is_the_mean_of_the_same_weekday(api: Api) -> None:
    found = get(
        api, "analytics/consumption?startDate=2026-05-23&endDate=2026-05-25&granularity=day&compareWith=baseline"
    )
    ours, usual = found["series"]["load_wh"], found["compare"]["series"]["load_wh"]
    assert usual == pytest.approx(ours, abs=1.0)
    assert ours[0] - ours[2] == pytest.approx(880.0, abs=1.0), "on a weekend in UTC the home needs 40 W more"


def test_the_ledger_is_the_baseline_of_cost_and_of_savings(api: Api) -> None:
    path = "startDate=2026-05-30&endDate=2026-06-02&compareWith=baseline"
    cost, saved = (get(api, f"analytics/{what}?{path}") for what in ("cost", "savings"))
    assert [one is not None for one in cost["compare"]["series"]["no_battery"]] == [True, True, False, False]
    bills = {one["key"]: one["cost"] for one in saved["waterfall"]}
    assert bills["no_battery"] > bills["rule"] > bills["paid"] > bills["hindsight"]
    sums = saved["totals"]
    lost = sums["achievable"] - sums["saved"]
    assert sums["forecast"] + sums["plan"] + sums["execution"] == pytest.approx(lost, abs=1e-6)
    assert saved["settled_until"] == "2026-06-01T00:00:00+01:00"
    assert any("not settled yet since 2026-06-01" in note for note in saved["notes"])


def test_what_plans_promised_stands_beside_what_was_saved(api: Api) -> None:
    found = get(api, "analytics/savings?startDate=2026-05-30&endDate=2026-06-03")
    assert found["series"]["predicted"] == [3.1] * 5
    assert found["totals"]["predicted"] == pytest.approx(15.5)
    assert get(api, "analytics/savings?period=year")["series"]["predicted"][5] == pytest.approx(3 * 3.1)


def test_the_parts_of_a_loss_are_the_loss(api: Api) -> None:
    found = get(api, "analytics/savings?period=last30&breakdown=loss")
    assert sum(part["share_pct"] for part in found["breakdown"]) == pytest.approx(100.0, abs=0.3)
    advice = get(api, "analytics/savings?period=last30&breakdown=advice")["breakdown"]
    assert {one["came_true"] for one in advice} == {True, False, None}


@pytest.mark.parametrize("what", ["consumption", "cost", "carbon", "savings"])
@pytest.mark.parametrize("compare", ["previous", "baseline"])
def test_a_year_without_data_is_null_and_no_zero(api: Api, what: str, compare: str) -> None:
    found = get(api, f"analytics/{what}?startDate=2019-01-01&endDate=2019-12-31&compareWith={compare}")
    numbers = [value for name, column in found["series"].items() if name not in ("at", "hours") for value in column]
    assert set(numbers) == {None}
    assert len(found["series"]["at"]) == 12
    assert found["coverage"] == 0.0
    assert found["notes"][0] == "nothing was measured before 2025-05-01"
    assert found["compare"]["change"] == {}


def test_ten_years_are_months(api: Api) -> None:
    path = "analytics/consumption?startDate=2017-01-01&endDate=2026-12-31&granularity=hour&breakdown=hour"
    found = get(api, path)
    assert found["granularity"] == "month" if len(found["series"]["at"]) == 120 else "day"
    assert len(found["series"]["at"]) <= 2000
    assert any("too many points" in note for note in found["notes"])
    assert any("last three years" in note for note in found["notes"])


def test_where_a_range_was_cut_it_is_said(api: Api) -> None:
    found = get(api, "analytics/consumption?startDate=2026-06-02&endDate=2026-06-03&granularity=minute")
    assert any("minutes are kept since" in note for note in found["notes"])


def test_an_array_that_was_never_there_is_a_known_zero(api: Api) -> None:
    night = "startDate=2026-05-02T00:00&endDate=2026-05-02T04:00"
    assert get(api, f"analytics/consumption?{night}")["totals"]["pv_wh"] == 0.0


def test_savings_are_compared_with_as_much_as_is_settled(api: Api) -> None:
    """Seven of fourteen days are settled: the seven days before them are as many."""
    found = get(api, "analytics/savings?startDate=2026-05-25&endDate=2026-06-07&compareWith=previous")
    assert found["settled_until"] == "2026-06-01T00:00:00+01:00"
    assert found["compare"]["end"] == "2026-05-18T00:00:00+01:00"
    assert found["compare"]["change"]["saved"]["change_pct"] == pytest.approx(0.0, abs=3.0)


def test_a_year_of_which_half_was_measured_is_no_change(api: Api) -> None:
    """The site has begun in May of the year before."""
    found = get(api, "analytics/consumption?period=year&compareWith=previous")
    assert found["compare"]["totals"]["load_wh"] < found["totals"]["load_wh"] / 4
    assert found["compare"]["change"] == {}
    assert found["notes"] == ["no change is told: only 22 % of the time that it is compared with was measured"]
    whole = get(api, "analytics/consumption?period=month&compareWith=previous")
    assert whole["compare"]["change"]["load_wh"]["change_pct"] == -3.6
    assert whole["notes"] == []


def test_before_the_first_quarter_is_over(tmp_path: Path) -> None:
    site = ConsoleSite(tmp_path)
    response = client(site).get("/api/v1/analytics/cost")
    assert response.status_code == 503
    assert response.json()["code"] == "no_store"
    assert response.headers["content-type"] == "application/problem+json"


def test_a_store_without_a_row(tmp_path: Path) -> None:
    site = ConsoleSite(tmp_path)
    asyncio.run(site.write())
    api = client(site)
    for what in ("consumption", "cost", "carbon", "savings"):
        found = get(api, f"analytics/{what}?period=last7&compareWith=previous")
        assert found["totals"]["cost" if what == "cost" else "hours" if what == "savings" else "import_wh"] in (None, 0)
        assert "nothing was measured yet" in found["notes"]
    for path in ("status", "realtime/energy-flow", "meters", "plan", "forecasts", "demand", "models", "advisories"):
        get(api, path)


def test_at_another_time_of_the_year_it_is_the_same_store(year: ConsoleSite, tmp_path: Path) -> None:
    winter = copied(year, tmp_path, datetime(2026, 1, 10, 12, tzinfo=UTC))
    assert winter.now < NOW
    found = get(client(winter), "analytics/consumption?period=year&compareWith=previous&shift=year")
    assert found["compare"]["series"]["load_wh"] == [None]
