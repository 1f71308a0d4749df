"""A battery's power that is missing is told of, and only where its device answers and has one."""

import pytest

from agent.domain.alarms import AlarmKind
from agent.monitoring.battery_values import power_watch
from drivers.reading import Quality, Quantity, Reading
from tests.cycles.control_stage import ControlStage

STALE_S = 15.0
ROLES = {"hybrid": frozenset({"battery", "solar"}), "roof": frozenset({"solar"})}
W, SOC = Quantity.BATTERY_W, Quantity.SOC_PCT

Shown = dict[Quantity, float | None]


def told(shown: Shown, seconds: int, device: str = "hybrid", silent: bool = False) -> list[str | None]:
    """What is said of the device in each of so many seconds; "left out" where nothing is."""
    watch = power_watch(ROLES, STALE_S)
    found: list[str | None] = []
    for second in range(seconds):
        readings = {
            quantity: Reading(quantity, value, float(second), Quality.MISSING if value is None else Quality.GOOD)
            for quantity, value in shown.items()
        }
        said = watch.update({device: readings}, {device} if silent else (), float(second))
        found.append(said.get(device, "left out"))
    return found


def test_it_is_told_after_the_time_that_a_value_may_be_old() -> None:
    found = told({W: None, SOC: 50.0}, 20)
    assert found[:16] == ["left out"] * 16
    assert set(found[16:]) == {"hybrid answers, and for 15 s it has given no power of its battery"}


@pytest.mark.parametrize(
    ("shown", "device", "silent", "said"),
    [
        ({W: 0.0, SOC: 50.0}, "hybrid", False, None),
        ({SOC: 50.0}, "hybrid", False, "left out"),
        ({W: None, SOC: None}, "hybrid", False, "left out"),
        ({W: None, SOC: 50.0}, "hybrid", True, "left out"),
        ({W: None, SOC: 50.0}, "roof", False, "left out"),
    ],
    ids=["there", "not of this family", "nothing at all", "silent", "no battery"],
)
def test_nothing_is_told_otherwise(shown: Shown, device: str, silent: bool, said: str | None) -> None:
    assert set(told(shown, 40, device, silent)) == {said}


async def test_the_control_cycle_raises_it_and_clears_it() -> None:
    stage = ControlStage()
    stage.site.obeys = False
    stage.site.values["inverter"][W] = None
    await stage.step(20)
    stage.site.values["inverter"][W] = 100.0
    await stage.step(2)
    events = stage.pending.take(stage.clock.now()).events
    kind = f"{AlarmKind.BATTERY_POWER_MISSING.value}/inverter"
    assert [event.severity for event in events if event.kind == kind] == ["alarm", "info"]
