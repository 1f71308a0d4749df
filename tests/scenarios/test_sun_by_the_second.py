"""A sun that changes from second to second: an export limit is kept as well as meter and battery let it."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from agent.domain.permit import Permission, Permit
from simulator.columns import MeasuredColumn
from simulator.orders import Ramp
from simulator.plant_state import PlantState
from simulator.traces import Trace
from tests.scenarios.stage import MIDNIGHT, staged
from tests.site_files import FLAT_TARIFF

LIMIT_W, LOAD_W, MINUTES = 2000.0, 600.0, 30
# Between clouds: until which second, and the sun there, W.
SUNS: tuple[tuple[int, float], ...] = (
    (300, 1000.0),
    (340, 3000.0),
    (430, 500.0),
    (580, 4500.0),
    (620, 1500.0),
    (710, 4500.0),
    (800, 1500.0),
)
SUNS += ((840, 3000.0), (990, 500.0), (1080, 3000.0), (1120, 4500.0), (1270, 500.0), (1360, 4500.0), (1800, 1500.0))


def drifting_clouds() -> Trace:
    """From one sun to the next the power goes evenly, up to 67 W a second."""
    suns = [SUNS[0][1]] * SUNS[0][0]
    for (began_s, from_w), (until_s, to_w) in pairwise(SUNS):
        suns += [from_w + (to_w - from_w) * part / (until_s - began_s) for part in range(until_s - began_s)]
    first = int(MIDNIGHT.timestamp())
    return Trace({"load_w": MeasuredColumn(first, 3600, [LOAD_W]), "pv_w": MeasuredColumn(first, 1, suns)})


def turned_w(powers_w: list[float]) -> float:
    """By how much a power has changed in all."""
    return sum(abs(now - before) for before, now in pairwise(powers_w))


async def played(
    folder: Path, meter_lag_s: float, dead_time_s: float, permission: Permission | None, poll_s: float = 1.0
) -> list[PlantState]:
    folder.mkdir()
    words: dict[str, Any] = {"step_s": 1, "hold_s": 60, "stale_s": 15, "import_tariff": FLAT_TARIFF}
    words |= {"export_limit_w": LIMIT_W, "export_price": 0.6, "permission": permission}
    words["inverter"] = {"poll_s": poll_s}
    async with staged(folder, trace=drifting_clouds(), soc_pct=90.0, usable_wh=40_000.0, **words) as stage:
        stage.plant.ramp = Ramp(dead_time_s=dead_time_s)
        stage.site.meter_lag_s = meter_lag_s
        await stage.play(MINUTES - 1.0)
        return [moment.site for moment in stage.between(3.0, MINUTES - 1.0)]


def over_wh(sites: list[PlantState]) -> float:
    """What was exported above the limit."""
    return sum(max(0.0, -site.grid_w - LIMIT_W) for site in sites) / 3600.0


def is_followed(sites: list[PlantState]) -> bool:
    """The sun is met, and the battery moves no more than the sun does."""
    calm = turned_w([site.battery_w for site in sites]) < 1.2 * turned_w([site.pv_w for site in sites])
    return calm and sum(-site.grid_w for site in sites) / len(sites) > 0.95 * LIMIT_W


@pytest.mark.parametrize(("meter_lag_s", "dead_time_s"), [(0.0, 1.0), (2.0, 2.0)])
async def test_an_export_limit_is_kept_closer_where_the_delays_are_known_and_nothing_swings(
    tmp_path: Path, meter_lag_s: float, dead_time_s: float
) -> None:
    permit = Permit(MIDNIGHT, "a test", "passed", (), True, meter_lag_s, dead_time_s, off_w=5.0)
    permission = Permission(permit=permit)
    unknown = await played(tmp_path / "unknown", meter_lag_s, dead_time_s, None)
    known = await played(tmp_path / "known", meter_lag_s, dead_time_s, permission)
    assert is_followed(unknown)
    assert is_followed(known)
    assert over_wh(known) < 0.75 * over_wh(unknown)


async def test_a_battery_that_is_asked_every_five_seconds_keeps_the_limit_as_well(tmp_path: Path) -> None:
    often = await played(tmp_path / "often", 0.0, 1.0, None)
    seldom = await played(tmp_path / "seldom", 0.0, 1.0, None, poll_s=5.0)
    assert is_followed(seldom)
    assert over_wh(seldom) < 1.2 * over_wh(often)
