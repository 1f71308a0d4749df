"""What `status` says of energy that is still in the battery."""

from dataclasses import replace
from datetime import timedelta
from io import StringIO
from pathlib import Path

from rich.console import Console

from agent.cli.status_saved import show_saved
from agent.domain.horizon import Horizon
from agent.domain.records import Batch
from agent.settings.load import load
from tests import site_files
from tests.adapters.store.store_rows import minute, new_store
from tests.cycles.control_stage import plan


async def test_what_is_stored_is_worth_what_the_plan_has_it_worth(tmp_path: Path) -> None:
    """A tenth more of 40 kWh, 4 at .20 each, of which .95 can be delivered."""
    settings = load(site_files.write_home(tmp_path, inverter_port=1, meter_port=2, models=""))
    store = new_store(Path(settings.store.path))
    await store.open()
    rows = [
        replace(minute(60 * hour), span_s=3600, covered_s=3600.0, load_w=500.0, pv_w=0.0, battery_w=-1000.0,
                import_price=0.30, export_price=0.05, soc_pct=soc_pct)
        for hour, soc_pct in ((0, 40.0), (1, 50.0))
    ]  # fmt: skip
    await store.write(Batch(minutes=tuple(rows)))
    await store.close()
    text, seen_at = StringIO(), rows[1].at + timedelta(minutes=50)
    ahead = replace(plan(0.2), horizon=Horizon(rows[0].at, 900, 16))
    show_saved(Console(file=text, width=200), Path(settings.store.path), ahead, settings, seen_at, seen_at)
    assert "it holds 3.8 kWh more than at midnight, worth 0.80 GBP" in text.getvalue()
