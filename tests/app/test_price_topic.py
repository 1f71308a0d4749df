"""A market's prices by topic cost a site that has none nothing: their room is not loaded."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.app.processes import ROOT, quick_site
from tests.site_files import FLAT_TARIFF, free_ports

BROKER = '\n[local_broker]\nhost = "127.0.0.1"\nport = 1\ntls = false\n'
TARIFF = 'kind = "dynamic"\ntopic = "energy/day-ahead"'


@pytest.mark.parametrize("has_topic", [True, False])
def test_its_room_is_loaded_only_where_a_tariff_has_a_topic(tmp_path: Path, has_topic: bool) -> None:
    tariff = TARIFF if has_topic else FLAT_TARIFF
    config = quick_site(tmp_path, *free_ports(2), cloud=BROKER, import_tariff=tariff)
    code = (
        "import asyncio, sys\nfrom pathlib import Path\nfrom agent.adapters.host.clock import SystemClock\n"
        "from agent.app import build\nfrom agent.settings.load import load\n"
        f"async def made(): return build(load(Path({str(config)!r})), SystemClock())\n"
        "asyncio.run(made())\nprint(*(name in sys.modules for name in "
        "('agent.price_bridge', 'agent.adapters.mqtt.price_message', 'agent.cycles.market_prices')))"
    )
    around = {**os.environ, "PYTHONPATH": str(ROOT)}
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=around, capture_output=True, text=True, timeout=120
    )
    assert said.stdout.split() == [str(has_topic)] * 3, said.stderr
