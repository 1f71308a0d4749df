"""What may be in force without an answer that says so is ended all the same: a cap, a power, what was found late."""

import json
from datetime import date

import pytest

from agent.adapters.devices.steered_battery import SteeredBattery
from agent.adapters.devices.steering_memory import SteeringMemory
from agent.adapters.devices.steering_terms import SteeringTerms
from agent.dispatch.write_budget import WriteBudget
from agent.domain.setpoint import Applied, Refused, Rung, Setpoint, Unreachable
from agent.ports import StoreFailure
from drivers import device as driver
from drivers.device import SteerResult
from drivers.errors import NoAnswer, NotApplied, NotSupported
from tests.adapters.devices.test_steered_battery import NOW, Inverter, Stage


class Capped(Inverter):
    """Takes a cap on its sun; its answer to that is ``lost`` when it is made to be."""

    def __init__(self, log: list[str]) -> None:
        super().__init__(log)
        self.cap_w: float | None = None
        self.lost = False

    async def limit_pv(self, pv_w: float | None, hold_s: float) -> SteerResult:
        self.cap_w = pv_w
        if self.lost:
            raise NoAnswer("silent")
        return driver.Applied(0.0)


def setpoint(battery_w: float | None, cap_w: float | None = None) -> Setpoint:
    return Setpoint(NOW, battery_w, 60.0, Rung.PLAN, "a reason", cap_w)


async def test_a_cap_that_was_perhaps_taken_is_lifted_with_the_next_setpoint() -> None:
    inverter = Capped([])
    battery = SteeredBattery(inverter, 5.0, lambda: 0.0)
    inverter.lost = True
    assert isinstance(await battery.steer(setpoint(500.0, 2000.0)), Unreachable)
    inverter.lost = False
    assert await battery.steer(setpoint(500.0)) == Applied(500.0)
    assert inverter.cap_w is None


class Wearing(Inverter):
    """Every order wears it, and nothing but another order ends one."""

    reverts, wears = False, True


async def test_a_power_that_is_perhaps_in_force_is_ended_though_the_writes_of_the_day_are_used_up() -> None:
    inverter = Wearing([])
    budget = WriteBudget(10, 5000.0)
    battery = SteeredBattery(inverter, 5.0, lambda: 0.0, SteeringTerms("a", budget, SteeringMemory(), lambda: NOW))
    assert await battery.steer(setpoint(3000.0)) == Applied(3000.0)
    inverter.write_fails = True
    assert isinstance(await battery.steer(setpoint(-3000.0)), Unreachable)
    budget.spend({"power": 9}, date(2026, 3, 17))
    inverter.write_fails = False
    assert battery.left_alone is None, "nothing would end what is in force"
    assert await battery.steer(setpoint(-3000.0)) == Applied(None)
    assert inverter.holds == {}
    assert battery.left_alone is not None, "from now on nothing is written"


async def test_what_an_earlier_process_found_is_given_back_also_where_the_store_was_read_late() -> None:
    kept = {"at 1": {"steering": True, "found": {"mode": 1.0, "limit": 20.0}}}
    stage = Stage()
    stage.memory = SteeringMemory(stage.write, awaits_recall=True)
    terms = SteeringTerms("at 1", WriteBudget(), stage.memory, lambda: NOW)
    stage.battery = SteeredBattery(stage.inverter, 5.0, lambda: stage.now_s, terms)
    await stage.steer(2000.0)
    stage.memory.recall(json.dumps(kept))
    await stage.steer(None)
    assert stage.inverter.recalled == kept["at 1"]["found"]


async def test_what_a_full_disk_did_not_take_is_written_once_there_is_room() -> None:
    stage = Stage()
    stage.failure = StoreFailure("the disk is full")
    await stage.steer(1000.0)
    stage.failure = None
    for _ in range(2):
        stage.memory.try_again()
        await stage.memory.settle(1.0)
    assert stage.memory.trouble is None
    assert len(stage.documents) == 1
    assert json.loads(stage.documents[0])["at 1"]["steering"] is True


async def test_what_an_earlier_process_found_is_given_back_though_nothing_is_steered_since() -> None:
    kept = {"at 1": {"steering": True, "found": {"mode": 1.0, "limit": 20.0}}}
    stage = Stage()
    await stage.steer(None)
    stage.battery.recalled()
    assert not stage.battery.lost
    stage.memory.recall(json.dumps(kept))
    stage.battery.recalled()
    assert stage.battery.lost, "the next step writes again"
    await stage.steer(None)
    assert stage.inverter.recalled == kept["at 1"]["found"]
    assert not stage.battery.lost


class Stubborn(Inverter):
    """Ends no order by itself, and refuses every other one while it is ``busy``."""

    reverts = False
    busy = False

    async def set_power(self, battery_w: float, hold_s: float) -> SteerResult:
        if self.busy:
            raise NotSupported("its limits are not known now")
        return await super().set_power(battery_w, hold_s)


async def test_an_order_that_nothing_ends_is_given_back_when_no_other_is_taken_for_longer_than_its_lease() -> None:
    now, log = [0.0], list[str]()
    inverter = Stubborn(log)
    battery = SteeredBattery(inverter, 5.0, lambda: now[0])
    await battery.steer(setpoint(-3000.0))
    inverter.busy = True
    now[0] = 59.0
    assert isinstance(await battery.steer(setpoint(500.0)), Refused)
    assert inverter.holds == {"watts": -3000.0}
    now[0] = 60.0
    for _ in range(3):
        assert isinstance(await battery.steer(setpoint(500.0)), Refused)
    assert inverter.holds == {}
    assert log.count("released") == 1
    inverter.busy = False
    assert await battery.steer(setpoint(500.0)) == Applied(500.0)


class Unheard(Stubborn):
    """Takes its first order, and its answer is lost; then it is ``busy``."""

    async def set_power(self, battery_w: float, hold_s: float) -> SteerResult:
        await super().set_power(battery_w, hold_s)
        self.busy = True
        raise NoAnswer("silent")


class WithoutCap(Capped, Stubborn):
    """Takes the power of an order and refuses its cap; then it is ``busy``."""

    async def limit_pv(self, pv_w: float | None, hold_s: float) -> SteerResult:
        self.busy = True
        raise NotApplied("the cap reads something else")


@pytest.mark.parametrize(("kind", "cap_w"), [(Unheard, None), (WithoutCap, 2000.0)])
async def test_a_first_order_that_was_taken_without_a_good_answer_is_given_back_as_well(
    kind: type[Stubborn], cap_w: float | None
) -> None:
    now, log = [0.0], list[str]()
    inverter = kind(log)
    battery = SteeredBattery(inverter, 5.0, lambda: now[0])
    assert isinstance(await battery.steer(setpoint(-3000.0, cap_w)), Unreachable | Refused)
    assert inverter.holds == {"watts": -3000.0}
    for now[0] in (20.0, 40.0, 60.0):
        assert isinstance(await battery.steer(setpoint(500.0)), Refused)
    assert inverter.holds == {}


async def test_a_defect_of_a_driver_is_a_refusal_and_ends_no_control_step() -> None:
    class Defective(Inverter):
        async def set_power(self, battery_w: float, hold_s: float) -> SteerResult:
            raise KeyError("47083 forced minutes")

        async def release(self) -> None:
            raise KeyError("47083 forced minutes")

    battery = SteeredBattery(Defective([]), 5.0, lambda: 0.0)
    for watts in (500.0, None):
        outcome = await battery.steer(setpoint(watts))
        assert outcome == Refused("inverter could not be steered, a defect: KeyError: '47083 forced minutes'")
