"""A sound battery that begins to follow an order seconds after it, and a load that moves: the whole loop."""

from random import Random

from agent.domain.alarms import AlarmKind
from drivers.reading import Quantity
from tests.cycles.control_stage import ControlStage, plan
from tests.shown import show

LATE_S, OFF = 4, -0.04
CALM_S, RISE_W_PER_S, CALM_W, MOST_W = 60, 200.0, 1500.0, 4500.0


class LateBattery(ControlStage):
    """Its battery has the power that was written ``LATE_S`` seconds ago, but for a share of ``off``.

    The grid gives the rest of the load.
    """

    def __init__(self, off: float = 0.0) -> None:
        super().__init__()
        self.off = off
        self.site.obeys = False
        self.orders_w: list[float] = []
        show(self.outlet, plan=plan(0.1))

    async def second(self, load_w: float) -> float:
        """What was imported in it, W."""
        self.orders_w.append(self.site.written[-1].battery_w or 0.0 if self.site.written else 0.0)
        battery_w = self.orders_w[-1 - min(LATE_S, len(self.orders_w) - 1)] * (1.0 + self.off)
        self.site.values["inverter"][Quantity.BATTERY_W] = battery_w
        self.site.values["meter"][Quantity.GRID_W] = load_w - battery_w
        await self.step()
        assert AlarmKind.BATTERY_LIMITED.value not in {alarm.kind for alarm in self.pending.standing.all}
        return load_w - battery_w


async def test_a_battery_that_comes_a_little_late_to_a_rising_load_is_not_taken_for_a_weak_one() -> None:
    site, imported_w = LateBattery(), 0.0
    for second in range(CALM_S + 150):
        imported_w = await site.second(min(CALM_W + RISE_W_PER_S * max(0, second - CALM_S), MOST_W))
    assert imported_w < 100.0, "the load is covered again"


async def test_nor_is_one_that_gives_a_little_less_beside_a_load_that_never_rests() -> None:
    site, chance, load_w, next_w = LateBattery(OFF), Random(1), CALM_W, CALM_W
    for second in range(600):
        if second % 20 == 0:
            next_w = chance.uniform(-MOST_W, MOST_W)
        load_w += max(-RISE_W_PER_S, min(RISE_W_PER_S, next_w - load_w)) * chance.random()
        await site.second(load_w)


async def test_a_battery_that_does_as_it_likes_for_half_an_hour_is_told_once() -> None:
    """It is tried again every ten minutes: that it still does not follow is no news."""
    stage = ControlStage()
    stage.site.obeys = False
    stage.site.values["inverter"][Quantity.BATTERY_W] = -3000.0
    await stage.step(2000)
    stage.site.obeys = True
    await stage.step(900)
    events = stage.pending.take(stage.clock.now()).events
    for kind in (AlarmKind.NO_CONTROL, AlarmKind.BATTERY_LIMITED):
        assert [event.severity for event in events if event.kind == kind.value] == ["alarm", "info"]
