"""Days of a site in its store: a night tariff, a battery that does a part of what it could, no sun."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from agent.domain.battery import Battery
from agent.domain.ledger import LedgerCheckpoint, SettlementRequest
from agent.domain.records import MinuteRow
from agent.domain.setpoint import Rung
from agent.domain.site import Connection

START = datetime(2026, 1, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
BATTERY = Battery(40_000, 3_000, 8_000, 0.95, 0.95, soc_min_pct=10.0, soc_max_pct=95.0)


def quarters(days: int, start: datetime = START, first_day: int = 0) -> list[MinuteRow]:
    """A load of 2 kW; the battery buys 6 kWh at night and gives 5.415 kWh in the evening, a little more each day.

    Each row covers a quarter and knows its prices: .08 until six, .60 after, .05 for what is sold.
    """
    rows, soc_pct = [], 50.0
    for i in range(96 * days):
        hour = i % 96 // 4
        battery_w = {1: -3000.0, 2: -3000.0, 18: 2000.0, 19: 2000.0, 20: 1415.0}.get(hour, 0.0)
        change = -battery_w * (0.95 if battery_w < 0 else 1 / 0.95) * 0.25 / 400.0
        if i >= 96 * first_day:
            rows.append(row(start + QUARTER * i, battery_w, soc_pct + change / 2.0, 2000.0 + 10.0 * (i // 96)))
        soc_pct += change
    return rows


def row(at: datetime, battery_w: float, soc_pct: float, load_w: float) -> MinuteRow:
    grid_w = load_w - battery_w
    return MinuteRow(
        at, 900, 900.0, grid_w, 0.0, battery_w, load_w, soc_pct, grid_w / 4.0, 0.0, 0.0, 0.0, None, None, False,
        Rung.PLAN, True, (), 0.08 if at.hour < 6 else 0.60, 0.05,
    )  # fmt: skip


def without(rows: Sequence[MinuteRow], *places: int) -> list[MinuteRow]:
    return [one for place, one in enumerate(rows) if place not in places]


def request(store: object, now: datetime, carry: LedgerCheckpoint | None = None) -> SettlementRequest:
    return SettlementRequest(now, str(store), "UTC", BATTERY, Connection(), False, 0.0, carry)
