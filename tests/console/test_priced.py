"""Money by direction and by price, where the price changes within an hour."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.console.reading.analytics import Question, cost
from agent.console.reading.ranges import Range
from agent.console.reading.shapes import Document
from agent.domain.records import Batch, MinuteRow
from agent.domain.setpoint import Rung
from tests.console.site import NOW, ZONE, ConsoleSite

MIDNIGHT = datetime(2026, 6, 1, 23, tzinfo=UTC)  # in London
QUARTERS = [(0.30, 100.0, 0.0), (0.30, 0.0, 0.0), (0.10, 700.0, 0.0), (-0.05, 0.0, 400.0)]  # price, Wh bought, Wh sold


def row(place: int) -> MinuteRow:
    price, bought, sold = QUARTERS[place % 4]
    grid_w, paid = 4.0 * (bought - sold), (bought * price - sold * (price - 0.02)) / 1000.0
    return MinuteRow(
        MIDNIGHT + timedelta(minutes=15 * place), 900, 900.0, grid_w, 0.0, 0.0, grid_w, 50.0, bought, sold, 0.0, 0.0,
        paid, 0.1, False, Rung.PLAN, True, (), price, price - 0.02,
    )  # fmt: skip


async def broken_down(folder: Path, kind: str, granularity: str) -> tuple[ConsoleSite, Document]:
    site = ConsoleSite(folder)
    await site.write(Batch(minutes=tuple(row(place) for place in range(48))))
    asked = Range(MIDNIGHT, MIDNIGHT + timedelta(days=1), ZONE)
    return site, cost(site.settings, site.store, Question(asked, NOW, granularity, kind), lambda found: {})


@pytest.mark.parametrize("granularity", ["hour", "day"])
async def test_what_was_paid_and_earned_adds_up_to_the_cost(tmp_path: Path, granularity: str) -> None:
    _, found = await broken_down(tmp_path, "direction", granularity)
    bought, sold = found["breakdown"]
    assert bought["cost"] == pytest.approx(12 * (0.1 * 0.30 + 0.7 * 0.10))
    assert sold["cost"] == pytest.approx(12 * 0.4 * 0.07)  # the price is negative: feeding in costs
    assert bought["cost"] + sold["cost"] == pytest.approx(found["totals"]["cost"])


async def test_only_prices_that_held_are_named(tmp_path: Path) -> None:
    _, found = await broken_down(tmp_path, "tariff", "day")
    by_price = {part["key"]: (part["import_wh"], part["export_wh"]) for part in found["breakdown"]}
    assert by_price == {"-0.05": (0.0, 4800.0), "0.1": (8400.0, 0.0), "0.3": (1200.0, 0.0)}


async def test_where_quarters_are_not_kept_any_more_hours_do(tmp_path: Path) -> None:
    site, _ = await broken_down(tmp_path, "direction", "day")
    site.forget("rollup WHERE span = 'quarter' AND at < ?", MIDNIGHT + timedelta(hours=6))
    asked = Range(MIDNIGHT, MIDNIGHT + timedelta(days=1), ZONE)
    found = cost(site.settings, site.store, Question(asked, NOW, "day", "direction"), lambda found: {})
    assert [part["wh"] for part in found["breakdown"]] == [9600.0, 4800.0]
