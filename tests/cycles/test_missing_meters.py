"""Sites without one of the usual meters: what is derived, what works, and what is released and why."""

from dataclasses import replace

import pytest

from agent.cycles.control import Control
from agent.domain.battery import BatteryUnit
from agent.domain.setpoint import Rung, Setpoint
from drivers.reading import Quantity
from tests.cycles.control_stage import BATTERY, ControlStage, plan
from tests.shown import show

GRID_W, PV_W, BATTERY_W, LOAD_W, SOC_PCT = (
    Quantity.GRID_W,
    Quantity.PV_W,
    Quantity.BATTERY_W,
    Quantity.LOAD_W,
    Quantity.SOC_PCT,
)


async def settled(values: dict[str, dict[Quantity, float | None]], roles: dict[str, set[str]]) -> Setpoint:
    """The setpoint of one step on a site of these devices."""
    stage = ControlStage()
    named = {name: frozenset(words) for name, words in roles.items()}
    rules = replace(stage.control._rules, roles=named, units=(BatteryUnit("inverter", BATTERY),))
    stage.control = Control(stage.clock, stage.site, stage.conditions, stage.pending, stage.outlet, rules)
    stage.site.values, stage.site.obeys = values, False
    show(stage.outlet, plan=plan(0.2))  # cheap stored energy: it covers the net load
    return await stage.step()


@pytest.mark.parametrize(
    ("values", "roles", "net_load_w"),
    [
        pytest.param(
            {"inverter": {BATTERY_W: 0.0, SOC_PCT: 50.0}, "meter": {GRID_W: 1000.0}},
            {"inverter": {"battery"}, "meter": {"grid"}},
            1000.0,
            id="no sun, no load meter",
        ),
        pytest.param(
            {"inverter": {BATTERY_W: 500.0, PV_W: 300.0, SOC_PCT: 50.0}, "meter": {GRID_W: 1000.0}},
            {"inverter": {"battery", "solar"}, "meter": {"grid"}},
            1500.0,
            id="no load meter",
        ),
        pytest.param(
            {"inverter": {SOC_PCT: 50.0}, "meter": {GRID_W: 1000.0}, "house": {LOAD_W: 1500.0}},
            {"inverter": {"battery"}, "meter": {"grid"}, "house": {"load"}},
            1500.0,
            id="no sun, battery power not measured",
        ),
        pytest.param(
            {"inverter": {PV_W: 300.0, SOC_PCT: 50.0}, "meter": {GRID_W: 1000.0}, "house": {LOAD_W: 1500.0}},
            {"inverter": {"battery", "solar"}, "meter": {"grid"}, "house": {"load"}},
            1200.0,
            id="battery power not measured",
        ),
        pytest.param(
            {"inverter": {BATTERY_W: 200.0, SOC_PCT: 50.0, PV_W: None}, "meter": {GRID_W: 1000.0}},
            {"inverter": {"battery", "solar"}, "meter": {"grid"}},
            1200.0,
            id="neither sun nor load known",
        ),
    ],
)
async def test_two_of_three_are_enough(
    values: dict[str, dict[Quantity, float | None]], roles: dict[str, set[str]], net_load_w: float
) -> None:
    setpoint = await settled(values, roles)
    assert (setpoint.rung, setpoint.battery_w) == (Rung.PLAN, pytest.approx(net_load_w))


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"inverter": {SOC_PCT: 50.0}, "meter": {GRID_W: 1000.0}}, "released: the battery power is missing"),
        ({"inverter": {BATTERY_W: 0.0}, "meter": {GRID_W: 1000.0}}, "released: the state of charge is missing"),
        ({"inverter": {BATTERY_W: 0.0, SOC_PCT: 50.0}, "meter": {}}, "released: the grid power is missing"),
    ],
)
async def test_what_cannot_be_derived_releases_and_is_named(
    values: dict[str, dict[Quantity, float | None]], reason: str
) -> None:
    setpoint = await settled(values, {"inverter": {"battery"}, "meter": {"grid"}})
    assert (setpoint.rung, setpoint.reason) == (Rung.RELEASE, reason)
