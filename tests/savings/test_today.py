"""What the battery has saved today, against minutes worked out by hand."""

from dataclasses import replace

import pytest

from agent.domain.battery import Battery
from agent.domain.records import MinuteRow
from agent.savings.today import SavedToday, saved_today
from tests.adapters.store.store_rows import minute

BATTERY = Battery(10_000.0, 5000.0, 5000.0, discharge_efficiency=0.9)


def hour(index: int, load_w: float, battery_w: float, pv_w: float | None = 0.0, soc_pct: float = 50.0) -> MinuteRow:
    """An hour as one row, at .30 bought and .05 sold."""
    return replace(
        minute(60 * index),
        span_s=3600, covered_s=3600.0, load_w=load_w, pv_w=pv_w, battery_w=battery_w, soc_pct=soc_pct,
        import_price=0.30, export_price=0.05,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("row", "saved"),
    [
        (hour(0, 1000.0, 1000.0), 0.30),
        (hour(0, 1000.0, 3000.0), 0.30 + 2 * 0.05),
        (hour(0, 1000.0, -2000.0), -2 * 0.30),
        (hour(0, 1000.0, -2000.0, pv_w=3000.0), -2 * 0.05),
        (hour(0, 1000.0, 0.0), 0.0),
        (replace(hour(0, 1000.0, 1000.0), covered_s=1800.0), 0.15),
    ],
)
def test_an_hour_by_hand(row: MinuteRow, saved: float) -> None:
    found = saved_today([row], BATTERY, has_solar=True)
    assert found == SavedToday(pytest.approx(saved), None, row.covered_s)


def test_what_is_stored_is_told_apart_as_what_it_could_deliver() -> None:
    rows = [hour(0, 500.0, -2000.0, soc_pct=40.0), hour(1, 500.0, 0.0, soc_pct=60.0)]
    found = saved_today(rows, BATTERY, has_solar=True)
    assert found == SavedToday(pytest.approx(-0.60), pytest.approx(1800.0), 7200.0)


def test_what_was_not_measured_is_not_counted_and_a_site_without_sun_has_no_hole() -> None:
    rows = [hour(0, 1000.0, 1000.0, pv_w=None), replace(hour(1, 1000.0, 1000.0), import_price=None)]
    assert saved_today(rows, BATTERY, has_solar=True) is None
    found = saved_today(rows, BATTERY, has_solar=False)
    assert found is not None
    assert (found.saved, found.covered_s) == (pytest.approx(0.30), 3600.0)
    assert saved_today([], BATTERY, has_solar=True) is None
