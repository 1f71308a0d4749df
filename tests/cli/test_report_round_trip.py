"""The round trip that `report` tells is that of the simulator's battery, read in whole points of SoC."""

import random
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.cli.report_round_trip import round_trip_note
from agent.domain.battery import Battery
from agent.domain.records import Batch, MinuteRow
from agent.domain.setpoint import Rung
from simulator.physics import BatterySpec, battery_step
from tests.adapters.store.store_rows import new_store

START = datetime(2026, 1, 12, tzinfo=UTC)
RATED = Battery(10_000, 5_000, 5_000, 0.95, 0.95, soc_min_pct=10, soc_max_pct=95)


def lived(days: int, one_way: float, seed: int = 1) -> list[MinuteRow]:
    """Quarters of the simulator's battery: it fills by day and empties by night, its SoC is shown in whole points."""
    dice, stored_wh, rows = random.Random(seed), 2_000.0, []
    spec = BatterySpec(RATED.usable_wh, RATED.charge_w, RATED.discharge_w, one_way, one_way)
    for i in range(96 * days):
        hour, powers, socs = i % 96 / 4.0, [], []
        wanted_w = -dice.uniform(500, 2500) if 9 <= hour < 15 else dice.uniform(300, 1800) if hour >= 18 else 0.0
        for _ in range(15):
            step = battery_step(spec, stored_wh, wanted_w, 60.0, floor_wh=1_000.0)
            stored_wh = step.stored_wh
            powers.append(step.battery_w)
            socs.append(round(RATED.soc_pct(stored_wh)))
        rows.append(row(START + timedelta(minutes=15 * i), sum(powers) / 15.0, sum(socs) / 15.0))
    return rows


def row(at: datetime, battery_w: float, soc_pct: float) -> MinuteRow:
    charge_wh, discharge_wh = max(-battery_w, 0.0) / 4.0, max(battery_w, 0.0) / 4.0
    return MinuteRow(
        at, 900, 900.0, 500.0, 0.0, battery_w, 500.0, soc_pct, 125.0, 0.0, charge_wh, discharge_wh, None, None, False,
        Rung.PLAN, True, (),
    )  # fmt: skip


async def said(folder: Path, rows: list[MinuteRow]) -> str | None:
    now = START + timedelta(days=len(rows) / 96, minutes=5)
    store = new_store(folder / "site.sqlite3")
    await store.open()
    await store.write(Batch(minutes=tuple(rows)))
    await store.tidy(now)
    await store.close()
    return round_trip_note(folder / "site.sqlite3", RATED, now)


@pytest.mark.parametrize(("one_way", "seed"), [(0.95, 1), (0.92, 2), (0.92, 3), (0.88, 4)])
async def test_a_known_efficiency_is_measured_within_its_uncertainty(tmp_path: Path, one_way: float, seed: int) -> None:
    note = await said(tmp_path, lived(25, one_way, seed))
    assert note is not None
    found = re.match(r"measured round trip of the battery ([\d.]+) ± ([\d.]+) over 25 days", note)
    assert found is not None, note
    value, error = float(found[1]), float(found[2])
    assert abs(value - one_way**2) <= error
    assert error <= 0.04


async def test_what_differs_is_said_and_what_does_not_too(tmp_path: Path) -> None:
    (tmp_path / "well").mkdir()
    well, worse = await said(tmp_path / "well", lived(20, 0.95)), await said(tmp_path, lived(20, 0.9))
    assert well is not None
    assert worse is not None
    assert well.endswith("as the site file says (0.90)")
    assert "; the site file says 0.90: its charge_efficiency" in worse


async def test_nothing_is_said_before_twenty_half_cycles(tmp_path: Path) -> None:
    assert await said(tmp_path, lived(8, 0.9)) is None


async def test_an_empty_store_has_nothing_to_say(tmp_path: Path) -> None:
    assert await said(tmp_path, []) is None
