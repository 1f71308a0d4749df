"""Registers that wear: no day passes its budget, whatever the prices do and however often the agent is restarted."""

import math
import random
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import pytest

from agent.adapters.devices.steered_battery import SteeredBattery
from agent.adapters.devices.steering_memory import SteeringMemory
from agent.adapters.devices.steering_terms import SteeringTerms
from agent.dispatch.write_budget import WriteBudget
from agent.domain.setpoint import Applied, Clamped, Held, Outcome, Refused, Rung, Setpoint
from drivers.device import Action, ControlState, SteerResult
from drivers.device import Applied as DeviceApplied
from drivers.errors import NotSupported
from drivers.families.sunspec_hybrid import SunSpecHybrid
from drivers.reading import Reading
from drivers.registry import build
from tests.drivers.hybrids import Hybrid, gen24, hybrid_7xx
from tests.faults.catalogue import Outcome as Shown
from tests.faults.catalogue import fault

START = datetime(2026, 1, 1, tzinfo=UTC)


class Wall:
    """A device whose writes are counted by UTC day and register, and agents that come and go on one clock."""

    def __init__(self, device: Hybrid, per_day: int) -> None:
        self.device, self.per_day = device, per_day
        self.passed_s = 0.0
        self.document: str | None = None
        self.written: Counter[tuple[date, str]] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.battery = self.start()

    def now(self) -> datetime:
        return START + timedelta(seconds=self.passed_s)

    def start(self) -> SteeredBattery:
        """A new process: all that it knows is what was kept."""

        async def write(document: str) -> None:
            self.document = document

        memory, budget = SteeringMemory(write), WriteBudget(self.per_day, 5000.0)
        memory.recall(self.document)
        memory.fill("here", budget)
        options = {"persistent_setpoints": True}
        hybrid = build("sunspec_hybrid", "hybrid", self.device, options, lambda: self.passed_s)
        assert isinstance(hybrid, SunSpecHybrid)
        self.battery = SteeredBattery(
            hybrid, 5.0, lambda: self.passed_s, SteeringTerms("here", budget, memory, self.now)
        )
        self.memory = memory
        return self.battery

    async def steer(self, battery_w: float | None) -> Outcome:
        self.device.names.clear()
        setpoint = Setpoint(self.now(), battery_w, 60.0, Rung.PLAN, "noise")
        outcome = await self.battery.steer(setpoint)
        await self.memory.settle(1.0)
        self.written.update((self.now().date(), name) for name in self.device.names)
        self.outcomes[type(outcome).__name__] += 1
        return outcome

    def most(self) -> int:
        return max(self.written.values())


@fault(35, injected="30 days of a setpoint that changes at random each minute, with a restart every 37 hours")
@pytest.mark.parametrize(("make", "per_day"), [(hybrid_7xx, 100), (gen24, 24)])
async def test_a_month_of_noise_and_restarts_never_passes_the_budget(
    make: object, per_day: int, outcome: Shown
) -> None:
    wall, chance = Wall(make(), per_day), random.Random(7)  # type: ignore[operator]
    for step in range(30 * 24 * 60):
        if step % (37 * 60) == 0:
            wall.start()
            await wall.steer(None)
        await wall.steer(chance.uniform(-5000.0, 5000.0))
        wall.passed_s += 60.0
    assert wall.most() <= per_day
    assert wall.most() > 0.6 * per_day, "the budget is there to be used"
    assert wall.outcomes["Refused"] < 0.3 * wall.outcomes.total(), "spread over the day, it lasts for most of it"


class Counting:
    """As far as a device that wears can be had for nothing: one register, written at each setpoint and release."""

    name, reverts, wears = "counting", True, True
    actions, longest_hold_s = frozenset({Action.SETPOINT}), math.inf
    written: ControlState | None = None

    def __init__(self) -> None:
        self.persistent_writes: dict[str, int] = {"WSet": 0}
        self.order: dict[str, float] = {}

    async def read(self) -> list[Reading]:
        return []

    async def close(self) -> None: ...

    async def set_power(self, battery_w: float, hold_s: float) -> SteerResult:
        self._write({"WSet": battery_w})
        return DeviceApplied(battery_w)

    async def limit_pv(self, pv_w: float | None, hold_s: float) -> SteerResult:
        raise NotSupported("it has no sun")

    async def in_force(self) -> ControlState:
        return ControlState(self.order, self.order)

    async def as_found(self) -> dict[str, float]:
        return {}

    def recall(self, found: Mapping[str, float]) -> None: ...

    async def release(self) -> None:
        if self.order:
            self._write({})

    def _write(self, order: dict[str, float]) -> None:
        self.order, self.written = order, ControlState(order, order)
        self.persistent_writes["WSet"] += 1


async def test_a_year_of_noisy_prices_never_passes_the_budget() -> None:
    device, chance, passed_s = Counting(), random.Random(8), 0.0
    terms = SteeringTerms(
        "here", WriteBudget(100, 5000.0), SteeringMemory(), lambda: START + timedelta(seconds=passed_s)
    )
    battery, days = SteeredBattery(device, 5.0, lambda: passed_s, terms), Counter[int]()
    while passed_s < 365 * 86400.0:
        before = device.persistent_writes["WSet"]
        wanted_w = None if chance.random() < 0.002 else chance.choice((-5000.0, -1000.0, 0.0, 5000.0))
        await battery.steer(Setpoint(START, wanted_w, 60.0, Rung.PLAN, "noise"))
        days[int(passed_s // 86400)] += device.persistent_writes["WSet"] - before
        passed_s += 600.0
    assert len(days) == 365
    assert 60 < max(days.values()) <= 100


async def test_with_the_budget_used_up_a_setpoint_runs_out_and_only_less_than_it_is_written() -> None:
    wall = Wall(hybrid_7xx(), 10)
    await wall.steer(-1000.0)
    while wall.battery.used_up is None:
        wall.passed_s += 600.0
        await wall.steer(-5000.0 if wall.device.raw(704, "WSet") == 0 or wall.most() % 2 else 5000.0)
    held_w = -5000.0 if wall.device.raw(704, "WSet") else 5000.0
    assert isinstance(await wall.steer(held_w), Held)
    used = wall.most()
    assert isinstance(await wall.steer(0.0), Applied | Clamped), "less is wanted: it is released"
    assert wall.device.raw(704, "WSetEna") == 0
    refused = await wall.steer(3000.0)
    assert isinstance(refused, Refused)
    assert "of the 10 writes a day of hybrid's persistent registers are used up" in refused.reason
    assert wall.battery.left_alone == refused.reason
    assert wall.most() <= used + 1 <= 10
    wall.passed_s += 86400.0
    assert isinstance(await wall.steer(3000.0), Applied)


async def test_the_dead_band_holds_back_small_changes() -> None:
    wall = Wall(hybrid_7xx(), 100)
    assert isinstance(await wall.steer(3000.0), Applied)
    assert isinstance(await wall.steer(3090.0), Held)
    assert isinstance(await wall.steer(3200.0), Applied)
    wall.passed_s += 1728.0
    assert isinstance(await wall.steer(3200.0), Applied), "renewed at half of its life"
    assert wall.device.words[wall.device.layout.address(704, "WSetRvrtTms") + 1] == 3456
