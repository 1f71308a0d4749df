"""A site that may export nothing: its sun is capped, and rises all the same as far as load and battery take it."""

from pathlib import Path

import pytest

from simulator.columns import MeasuredColumn
from simulator.traces import Trace
from tests.scenarios.stage import MIDNIGHT, staged
from tests.site_files import FLAT_TARIFF

LOAD_W, CHARGE_W = 800.0, 3000.0
SETTLED_W = 50.0
MINUTES = 60


def a_morning() -> Trace:
    """Five minutes of dawn, forty in which the sun rises by 100 W each, then a cloud of five."""
    rising = [50.0] * 5 + [50.0 + 100.0 * minute for minute in range(40)]
    columns = {"load_w": [LOAD_W] * (MINUTES + 3), "pv_w": [*rising, *[1000.0] * 5, *[4000.0] * (MINUTES - 47)]}
    return Trace({name: MeasuredColumn(int(MIDNIGHT.timestamp()), 60, values) for name, values in columns.items()})


@pytest.mark.parametrize("meter_lag_s", [0.0, 10.0])
async def test_the_sun_is_stored_and_not_kept_where_it_was_at_dawn(tmp_path: Path, meter_lag_s: float) -> None:
    words = {"step_s": 1, "hold_s": 60, "stale_s": 15, "import_tariff": FLAT_TARIFF, "export_limit_w": 0}
    async with staged(tmp_path, trace=a_morning(), soc_pct=30.0, usable_wh=10_000.0, **words) as stage:
        stage.site.meter_lag_s = meter_lag_s
        await stage.play(float(MINUTES))
        moments = stage.between(0.0, float(MINUTES))
    last = moments[-1].site
    assert last.pv_w == pytest.approx(LOAD_W + CHARGE_W, abs=SETTLED_W)
    assert last.battery_w == pytest.approx(-CHARGE_W, abs=SETTLED_W)
    exported_w = sum(max(0.0, -moment.site.grid_w) for moment in moments)
    assert exported_w < 0.015 * sum(moment.site.pv_w for moment in moments), "what meter and battery are late by"
