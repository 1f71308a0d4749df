"""Caps on the sun: export keeps its limit, and what the battery could take is not given away."""

from dataclasses import replace
from datetime import timedelta

import pytest

from agent.domain.override import Override, OverrideAction
from agent.domain.policies import Policy, PolicyRecord
from agent.domain.site import Connection
from agent.domain.tariff import Flat
from drivers.reading import Quantity
from tests.cycles.control_stage import BATTERY, ROLES, START, ControlStage, plan
from tests.shown import show

LOAD_W = 1000.0


class SunnyStage(ControlStage):
    """A battery that follows, and an inverter that keeps to the cap that was written last."""

    def __init__(self, sold: float, export_limit_w: float | None, soc_pct: float = 50.0) -> None:
        super().__init__(sold=Flat(sold), connection=Connection(None, export_limit_w))
        self.site.values["inverter"][Quantity.SOC_PCT] = soc_pct
        self.load_w = LOAD_W  # less the sun that is not capped

    async def shine(self, sun_w: float, seconds: int = 60) -> tuple[float, float]:
        """The powers of sun and grid after so many seconds in which there were ``sun_w`` to be had."""
        inverter, meter = self.site.values["inverter"], self.site.values["meter"]
        pv_w = grid_w = 0.0
        for _ in range(seconds):
            written = self.site.written[-1:]
            caps_w = [one.pv_limit_w for one in written if one.pv_limit_w is not None]
            battery_w = sum(one.battery_w or 0.0 for one in written)
            pv_w = min(sun_w, *caps_w) if caps_w else sun_w
            grid_w = self.load_w - pv_w - battery_w
            inverter[Quantity.PV_W], inverter[Quantity.BATTERY_W] = pv_w, battery_w
            meter[Quantity.GRID_W] = grid_w
            await self.step()
        return pv_w, grid_w

    def by_hand(self, action: OverrideAction) -> None:
        show(self.outlet, override=Override(action, START + timedelta(hours=2), START))


@pytest.mark.parametrize(("sold", "limit_w", "grid_w"), [(0.05, 0.0, 0.0), (-0.10, None, 0.0), (0.30, 3000.0, -3000.0)])
@pytest.mark.parametrize("worth", [None, 0.2])
async def test_the_sun_rises_as_far_as_the_battery_can_take_it(
    sold: float, limit_w: float | None, grid_w: float, worth: float | None
) -> None:
    """What is capped is not seen: at what there is now the sun would stay all day, while the battery discharges."""
    stage = SunnyStage(sold, limit_w)
    if worth is not None:
        show(stage.outlet, plan=plan(worth))
    await stage.shine(50.0)
    pv_w, seen_w = await stage.shine(5000.0)
    assert pv_w == 5000.0
    assert seen_w == pytest.approx(grid_w if worth is not None else max(grid_w, 0.0), abs=1.0)


@pytest.mark.parametrize(("action", "soc_pct"), [(OverrideAction.CHARGE, 95.0), (OverrideAction.HOLD, 50.0)])
async def test_what_is_not_charged_by_hand_is_not_exported_over_the_limit(
    action: OverrideAction, soc_pct: float
) -> None:
    """Full, or held: 1 kW of load and 3 kW of export leave 4 kW to the sun."""
    stage = SunnyStage(0.05, 3000.0, soc_pct)
    stage.by_hand(action)
    assert await stage.shine(8000.0) == (4000.0, -3000.0)


async def test_a_discharge_by_hand_gives_way_to_the_sun_and_does_not_come_and_go() -> None:
    stage = SunnyStage(0.05, 0.0)
    stage.by_hand(OverrideAction.DISCHARGE)
    assert await stage.shine(400.0) == (400.0, pytest.approx(0.0, abs=1.0))
    assert len(stage.site.written) <= 4, "nothing has changed"
    assert await stage.shine(5000.0) == (LOAD_W, pytest.approx(0.0, abs=1.0))


async def test_a_battery_that_rests_leaves_the_sun_capped() -> None:
    """A rule by the clock, at an hour in which it stores nothing: no cap comes and goes to look for more."""
    stage = SunnyStage(-0.10, None)
    show(stage.outlet, plan=plan(0.2), policies=PolicyRecord(Policy.TIME_OF_USE))
    assert await stage.shine(4000.0) == (LOAD_W, pytest.approx(0.0, abs=1.0))
    assert [one.pv_limit_w for one in stage.site.written] == [LOAD_W] * len(stage.site.written)


async def test_a_battery_that_is_nearly_full_leaves_the_sun_capped() -> None:
    """By the end of the plan's quarter it is full with 421 W, though it could take more for the minute of a lease."""
    stage = SunnyStage(-0.10, None, 94.0)
    show(stage.outlet, plan=plan(1.0))
    pv_w, grid_w = await stage.shine(8000.0, 20)
    assert (pv_w - LOAD_W, grid_w) == (pytest.approx(421.0, abs=20.0), pytest.approx(0.0, abs=20.0))
    assert None not in [one.pv_limit_w for one in stage.site.written]


async def test_where_stored_energy_is_a_burden_the_cap_stays_while_the_battery_empties_into_the_grid() -> None:
    """Export costs less than what is stored: no room is left for the sun, and its 0 W are no reason to let it in."""
    stage = SunnyStage(-0.10, None)
    show(stage.outlet, plan=plan(-0.50))
    assert await stage.shine(4000.0) == (0.0, pytest.approx(LOAD_W - BATTERY.discharge_w))
    assert {one.pv_limit_w for one in stage.site.written[1:]} == {0.0}
    assert len(stage.site.written) <= 4, "nothing has changed"


async def test_sun_that_the_plan_gives_away_is_not_sought_while_its_export_costs_money() -> None:
    """The plan has weighed it, and what is stored may be a burden: the cap leaves what load and battery take now."""
    stage = SunnyStage(-0.10, None)
    made = plan(0.2)
    show(stage.outlet, plan=replace(made, steps=tuple(replace(step, curtail_w=500.0) for step in made.steps)))
    await stage.shine(900.0, 5)
    (order,) = stage.site.written
    assert (order.battery_w, order.pv_limit_w) == (pytest.approx(100.0), pytest.approx(LOAD_W - 100.0))


async def test_a_sun_that_falls_a_little_below_its_cap_keeps_it_and_one_that_sets_does_not() -> None:
    stage = SunnyStage(0.05, 0.0)
    stage.by_hand(OverrideAction.HOLD)
    for sun_w, cap_w in ((850.0, None), (4000.0, LOAD_W), (850.0, LOAD_W), (600.0, None), (850.0, None)):
        await stage.shine(sun_w, 5)
        assert stage.site.written[-1].pv_limit_w == cap_w


async def test_a_sun_that_no_cap_reaches_leaves_less_to_the_one_that_is_capped() -> None:
    """1 kW of load and 3 kW of export leave 4 kW, of which an inverter that nobody steers gives 2.5 kW."""
    stage = SunnyStage(0.05, 3000.0, soc_pct=95.0)
    stage.rules = replace(stage.rules, roles={**ROLES, "other": frozenset({"solar"})})
    stage.control.go_by(stage.rules, None)
    stage.site.values["other"] = {Quantity.AC_W: 2500.0}
    stage.load_w = LOAD_W - 2500.0
    assert await stage.shine(8000.0) == (1500.0, -3000.0)
    stage.site.values["other"] = {Quantity.AC_W: 5000.0}
    stage.load_w = LOAD_W - 5000.0
    assert await stage.shine(8000.0) == (0.0, -4000.0)
