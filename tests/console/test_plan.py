"""What came beside the plan: in the plan's own steps, with its gaps and its prices."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from agent.domain.documents import PLAN
from agent.domain.horizon import Horizon
from agent.domain.plan import Plan
from agent.domain.records import Batch
from agent.domain.wire import to_json
from tests.console import site as console_site
from tests.console.api_examples import Api, client
from tests.console.site import MINUTES_FROM, NOW, ConsoleSite

instant = datetime.fromisoformat


def in_steps_of(step_s: int) -> Plan:
    """The site's plan with steps of another length; there are as many of them."""
    found = console_site.plan()
    horizon = Horizon(found.horizon.start, step_s, len(found.steps))
    load, pv = (replace(one, horizon=horizon) for one in (found.load, found.pv))
    return replace(found, horizon=horizon, load=load, pv=pv)


@pytest.mark.parametrize("step_s", [300, 900, 1800, 3600])
def test_what_came_stands_in_the_steps_of_the_plan(own: ConsoleSite, step_s: int) -> None:
    asyncio.run(own.write(Batch(kept=((PLAN.name, to_json(in_steps_of(step_s))),))))
    found = client(own).get("/api/v1/plan").json()
    came, planned = found["actual"]["at"], found["series"]["at"]
    times = sorted({*map(instant, came), *map(instant, planned)})
    assert {later - earlier for earlier, later in pairwise(times)} == {timedelta(seconds=step_s)}
    in_force = max(at for at in map(instant, planned) if at <= NOW)
    assert instant(came[-1]) == in_force


def test_a_gap_stays_a_gap(own: ConsoleSite) -> None:
    before = client(own).get("/api/v1/plan").json()["actual"]
    start, end = MINUTES_FROM - timedelta(hours=3), MINUTES_FROM - timedelta(hours=1)
    own.forget(f"rollup WHERE at >= {start.timestamp()} AND at < ?", end)
    after = client(own).get("/api/v1/plan").json()["actual"]
    assert after["at"] == before["at"]
    empty = [at for at, value in zip(after["at"], after["load_w"], strict=True) if value is None]
    assert len(empty) == 8
    assert instant(empty[0]) == start


def test_nothing_stands_before_the_first_measurement(own: ConsoleSite) -> None:
    own.forget("rollup WHERE at < ?", MINUTES_FROM - timedelta(hours=1))
    found = client(own).get("/api/v1/plan").json()["actual"]
    assert instant(found["at"][0]) == MINUTES_FROM - timedelta(hours=1)


def test_what_energy_has_cost_before_now_is_known(api: Api) -> None:
    found = api.get("/api/v1/plan").json()["actual"]
    assert found["import_price"][0] == pytest.approx(0.08)
    assert found["import_price"][-1] == pytest.approx(0.6)
    assert set(found["export_price"]) == {0.05}


def test_the_band_says_how_much_it_holds(api: Api) -> None:
    plan, forecasts = (api.get(f"/api/v1/{what}").json() for what in ("plan", "forecasts"))
    load = forecasts["quantities"]["load_w"]
    assert plan["band_pct"] == pytest.approx(100.0 * (load["levels"][-1] - load["levels"][0])) == 90.0
    assert plan["series"]["load_low_w"][0] == load["values"][0][0]
