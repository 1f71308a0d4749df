"""What the site file may say of prices, battery and machines is planned, steered and settled, whatever it is."""

from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from agent.domain.documents import LEDGER
from agent.domain.ledger import LedgerCheckpoint
from agent.domain.records import Batch
from agent.domain.setpoint import Rung
from agent.domain.wire import to_json
from tests.adapters.store.store_rows import new_store
from tests.scenarios.stage import MIDNIGHT, staged
from tests.workers.quarters import BATTERY, quarters

FIRST = MIDNIGHT - timedelta(days=4)
WINDOW = 'from = "16:00"\nto = "21:00"\nweekdays = ["monday", "tuesday", "friday"]\n'
CHARGE = "[demand_charge]\nper_kw = 8.0\ninterval_minutes = 30\nmonths = [1, 2, 3]\nratchet_pct = 80\n"
ALSO = '[[demand_charge.also]]\nname = "on-peak"\nper_kw = 12.0\n[[demand_charge.also.window]]\n'
MACHINE = '[[flexible_load]]\nname = "washer"\npower_w = 2000\nduration_min = 60\nearliest = "08:00"\n'
MACHINE += 'latest = "22:00"\n'
OUTAGES = "".join(f"[[advice.outage]]\nfrom = 2026-0{m}-12T17:00:00Z\nto = 2026-0{m}-12T19:00:00Z\n" for m in (1, 2))
FEES = 'kind = "dynamic"\nfile = "day-ahead.csv"\nmarket_factor = 1.2\ntaxes_per_kwh = 0.1\nholidays_as = "sunday"\n'
FEES += f"[[tariff.import.window]]\nfee_per_kwh = 0.12\nmonths = [3]\n{WINDOW}"

OPTIONS = {
    "a demand charge": {"cloud": CHARGE},
    "a demand charge in some hours": {"cloud": f"{CHARGE}[[demand_charge.window]]\n{WINDOW}"},
    "two demand charges": {"cloud": f"{CHARGE}[[demand_charge.window]]\n{WINDOW}{ALSO}{WINDOW}"},
    "a reserve in some hours": {"cloud": f"[[reserve]]\npct = 60\nmonths = [3]\n{WINDOW}"},
    "wear by depth": {"further": "wear_per_kwh = 0.02\ndeep_wear_per_kwh = 0.05\ndeep_below_pct = 30"},
    "wear and losses of high power": {"further": "wear_above_half_per_kwh = 0.01\nloss_above_half = 0.02"},
    "a ramp": {"further": "ramp_w_per_s = 50"},
    "carbon": {"cloud": "[carbon]\nkg_per_kwh = 0.2\n[objective]\ncost_weight = 0.7\ncarbon_weight = 0.3\n"},
    "machines and advice": {
        "cloud": f"{MACHINE}[advice]\ncritical_load_w = 300\noutage_value_per_kwh = 5.0\n{OUTAGES}{CHARGE}"
    },
    "fees on a market's prices": {"import_tariff": FEES},
    "an export that costs": {"export_price": -0.05, "export_limit_w": 2000},
}


async def fill(folder: Path) -> None:
    """Four days that an agent has left, not yet settled, and the market's prices of a week."""
    store = new_store(folder / "site.sqlite3")
    await store.open()
    carry = LedgerCheckpoint(FIRST, None, BATTERY.usable_wh)
    await store.write(Batch(minutes=tuple(quarters(4, FIRST)), kept=((LEDGER.name, to_json(carry)),)))
    await store.tidy(MIDNIGHT)
    await store.close()
    starts = [MIDNIGHT + timedelta(minutes=15 * i) for i in range(-500, 300)]
    rows = [f"{at.isoformat()},{0.02 if at.hour < 6 else 0.25}" for at in starts]
    (folder / "day-ahead.csv").write_text("\n".join(["start,price_per_kwh", *rows, ""]))


@pytest.mark.parametrize("option", OPTIONS)
async def test_it_is_planned_steered_and_settled(option: str, tmp_path: Path) -> None:
    await fill(tmp_path)
    with capture_logs() as logs:
        async with staged(tmp_path, soc_pct=70.0, **OPTIONS[option]) as stage:
            await stage.play(12.0)
            assert stage.at(12.0).rung is Rung.PLAN
            assert stage.rows("SELECT count(*) FROM ledger WHERE paid IS NOT NULL") != [(0,)]
            alarms = [text for _, severity, text in await stage.events() if severity == "alarm"]
    assert [log for log in logs if log["log_level"] in ("error", "critical")] == []
    assert alarms == []
