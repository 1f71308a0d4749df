"""What the months cost where a demand is charged: to the cent, with a ratchet, by every charge."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.console.reading.demand import breakdown, demand
from agent.domain.records import Batch, MinuteRow
from agent.domain.setpoint import Rung
from agent.settings.load import load
from tests.console.site import DEMAND_CHARGE, NOW, ConsoleSite

CHARGES = """
[demand_charge]
per_kw = 10.0
interval_minutes = 15
months = [1, 5, 6]
ratchet_pct = 50
[[demand_charge.also]]
name = "on-peak"
per_kw = 4.0
ratchet_pct = 80
[[demand_charge.also.window]]
from = "16:00"
to = "21:00"
"""
NOON, EVENING = 11, 16  # 12:00 and 17:00 in London's summer


def quarter(year: int, month: int, hour: int, import_w: float) -> MinuteRow:
    at = datetime(year, month, 2, hour, tzinfo=UTC)
    return MinuteRow(
        at, 900, 900.0, import_w, 0.0, 0.0, import_w, 50.0, import_w / 4.0, 0.0, 0.0, 0.0, 0.1, 0.1, False, Rung.PLAN,
        True, (), 0.3, 0.05,
    )  # fmt: skip


async def site(folder: Path, rows: Sequence[MinuteRow]) -> ConsoleSite:
    found = ConsoleSite(folder)
    found.config.write_text(found.config.read_text().replace(DEMAND_CHARGE, CHARGES))
    found.settings = load(found.config)
    await found.write(Batch(minutes=tuple(rows)))
    return found


YEAR = [
    quarter(2025, 6, EVENING, 30_000.0),  # a year ago: over for June, held against May
    quarter(2025, 7, NOON, 90_000.0),  # is not charged, and so holds nothing
    quarter(2026, 1, NOON, 12_000.4),
    quarter(2026, 5, EVENING, 3000.0),
    quarter(2026, 6, NOON, 7000.7),
    quarter(2026, 6, EVENING, 2000.0),
]


async def test_a_ratchet_holds_what_charged_months_have_paid_for(tmp_path: Path) -> None:
    on = await site(tmp_path, YEAR)
    found = demand(on.settings, on.store, NOW)
    assert (found["month"]["peak_w"], found["month"]["paid_w"]) == (7001.0, 7001.0)
    assert found["month"]["cost"] == pytest.approx(70.01)  # 7000.7 W at 10 per kW
    by_month = {month["month"]: (month["cost"], month["is_charged"]) for month in found["history"]}
    assert by_month == {
        "2026-05": (150.0, True),  # half of last June's 30 kW
        "2026-01": (150.0, True),
        "2025-07": (0.0, False),
    }


async def test_a_further_charge_has_its_own_hours_and_ratchet(tmp_path: Path) -> None:
    on = await site(tmp_path, YEAR)
    (further,) = demand(on.settings, on.store, NOW)["others"]
    assert (further["name"], further["month"], further["peak_w"]) == ("on-peak", "2026-06", 2000.0)
    assert further["cost"] == pytest.approx(4.0 * 0.8 * 3.0)  # May's 3 kW: a year ago is over


async def test_what_is_held_is_no_rounded_peak_and_a_month_without_a_row_is_paid_for(tmp_path: Path) -> None:
    on = await site(tmp_path, [quarter(2026, 5, NOON, 12_345.4)])
    found = demand(on.settings, on.store, NOW)
    assert (found["month"]["peak_w"], found["month"]["paid_w"]) == (None, 6173.0)
    assert found["month"]["cost"] == 61.73


async def test_the_months_of_a_range_cost_the_same(tmp_path: Path) -> None:
    on = await site(tmp_path, YEAR)
    start, end = datetime(2025, 12, 31, 12, tzinfo=UTC), datetime(2026, 5, 31, 23, tzinfo=UTC)
    found = breakdown(on.settings, on.store, start, end)
    assert [(month["key"], month["cost"]) for month in found if month["peak_w"] is not None] == [
        ("2026-01", 150.0),
        ("2026-05", 150.0),
    ]
    assert [month["key"] for month in found] == [f"{at}" for at in ("2025-12", *(f"2026-0{n}" for n in range(1, 6)))]
