"""A meter of another name takes the place of the old one under the running agent: its energies are counted on."""

from dataclasses import replace
from pathlib import Path

from agent.adapters.host.clock import VirtualClock
from agent.app import build
from agent.domain.energy_totals import CounterSeen, EnergyTotals
from agent.reconfigure import Reconfigure
from agent.settings.load import load
from agent.settings.site_file import SiteFile
from tests.adapters.store.store_rows import minute
from tests.home_assistant.listener import section
from tests.scenarios.stage import MIDNIGHT
from tests.site_files import changed, free_ports, write_home


async def test_the_counter_of_a_meter_with_another_name_goes_on(tmp_path: Path) -> None:
    inverter, meter, broker = free_ports(3)
    path = write_home(tmp_path, inverter_port=inverter, meter_port=meter, cloud=section(broker))
    app = build(load(path), VirtualClock(MIDNIGHT))
    energies = app.control.minutes.energies
    assert energies is not None
    energies.recall(EnergyTotals(1000.0, counters=(CounterSeen("meter.import_wh", 70.0),)))
    path.write_text(changed('name = "meter"', 'name = "house"', path.read_text("utf-8")), "utf-8")
    await (await Reconfigure(app, SiteFile(path)).prepare(load(path)))()
    for index, wh in enumerate([500.0, 508.0, 511.0]):
        row = minute(index)
        energies.minute(replace(row, points=(wh, 0.0)), ("house.import_wh", "house.export_wh"))
    assert energies.totals is not None
    assert energies.totals.import_wh == 1000.0 + minute(0).import_wh + 11.0
