"""From the site file to the plan: a market's quarters with fees of the grid by windows and taxes, and export prices."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.domain.overlay import Overlay, Word
from agent.domain.plan import Plan
from agent.domain.request import PlanRequest
from agent.plan_request import PlanRequests, conditions_of
from agent.settings.load import load
from agent.settings.price_renewal import PriceFiles
from agent.site_view import Outlet
from agent.workers.planner import answer
from tests.forecasting.sites import empty_site
from tests.site_files import RIVERSIDE, site_text, with_keys, written

NOON = datetime(2026, 1, 12, 12, 0, tzinfo=UTC)  # a Monday; London's clocks show UTC
QUARTER = timedelta(minutes=15)
FEES = [{"fee_per_kwh": 0.30, "from": "17:00", "to": "20:00"}]
EXPORT = [{"price_per_kwh": 0.60, "from": "18:00", "to": "19:00"}]


def market(index: int) -> float:
    """Per kWh of the quarter ``index`` after noon: one at two o'clock is far below the others, two cost less than 0."""
    return {8: -0.05, 9: -0.05, 10: 0.02}.get(index, 0.10 + 0.001 * (index % 7))


def requests(folder: Path, sold: dict[str, object], windows: list[dict[str, object]]) -> PlanRequests:
    rows = "".join(f"{NOON + index * QUARTER:%Y-%m-%dT%H:%M:%SZ},{1000 * market(index):.3f}\n" for index in range(96))
    (folder / "day-ahead.csv").write_text(f"start,price_per_mwh\n{rows}")
    bought = {
        "kind": "dynamic", "file": "day-ahead.csv", "market_factor": 1.25, "taxes_per_kwh": 0.08, "fee_per_kwh": 0.04,
    }  # fmt: skip
    changes = {
        "tariff.import": bought, "tariff.import.window": FEES, "tariff.export": sold,
        "store": {"path": str(folder / "site.sqlite3")},
        "planning": {"load_model": "none", "solar_model": "none", "horizon_h": 24},
        **({"tariff.export.window": windows} if windows else {}),
    }  # fmt: skip
    sections = {key: value for key, value in RIVERSIDE.items() if key not in changes}
    settings = load(written(folder, site_text(with_keys(sections, changes))))
    return PlanRequests(
        settings, conditions_of(settings), Outlet(), None, lambda now, until: (), lambda: None, PriceFiles(settings)
    )


def asked_at_noon(asked: PlanRequests) -> PlanRequest:
    found = asked.at(NOON, 50.0)
    assert found is not None
    return found


def planned(request: PlanRequest) -> Plan:
    return answer(request, empty_site(end=NOON), 10.0)


def energy_wh(plan: Plan, first: int, last: int) -> float:
    """Discharged from the quarter ``first`` until before ``last``, Wh; < 0 charged."""
    return sum(step.discharge_w - step.charge_w for step in plan.steps[first:last]) / 4.0


def test_a_fee_of_the_grid_adds_to_each_quarter_of_the_market(tmp_path: Path) -> None:
    request = asked_at_noon(requests(tmp_path, {"kind": "flat", "price_per_kwh": 0.02}, []))
    fees = [0.30 if 20 <= index < 32 else 0.04 for index in range(96)]
    wanted = [1.25 * market(index) + fees[index] + 0.08 for index in range(96)]
    assert request.import_price == pytest.approx(wanted)


def test_the_plan_charges_in_the_cheap_quarters_and_serves_the_dear_window(tmp_path: Path) -> None:
    plan = planned(asked_at_noon(requests(tmp_path, {"kind": "flat", "price_per_kwh": 0.02}, [])))
    assert energy_wh(plan, 8, 11) < -1500.0
    assert energy_wh(plan, 20, 32) > 0.0


def test_it_sells_in_the_window_in_which_export_is_worth_it(tmp_path: Path) -> None:
    sold = {"kind": "time_of_use", "default_per_kwh": 0.02}
    request = asked_at_noon(requests(tmp_path, sold, EXPORT))
    assert [index for index, price in enumerate(request.export_price) if price == 0.60] == [24, 25, 26, 27]
    plan = planned(request)
    assert energy_wh(plan, 24, 28) > 3000.0
    assert min(step.export_w for step in plan.steps[24:28]) > 2000.0


def test_export_follows_a_market_that_the_platform_sends(tmp_path: Path) -> None:
    asked = requests(tmp_path, {"kind": "dynamic", "taxes_per_kwh": -0.01}, [])
    prices = tuple(0.5 if 24 <= index < 28 else 0.1 for index in range(96))
    sent = Overlay().laid(Word(NOON, NOON, 900, prices))
    asked.conditions.said = replace(asked.conditions.said, export_prices=sent)
    request = asked_at_noon(asked)
    assert request.export_price == pytest.approx([price - 0.01 for price in prices])
    assert energy_wh(planned(request), 24, 28) > 3000.0
