"""A state of charge that is missing is told of, and only where its device answers and has one."""

import pytest

from agent.domain.alarms import AlarmKind
from agent.monitoring.battery_values import soc_watch
from drivers.reading import Quality, Quantity, Reading
from tests.cycles.control_stage import ControlStage

STALE_S = 15.0
ROLES = {"hybrid": frozenset({"battery", "solar"}), "roof": frozenset({"solar"})}
W, SOC = Quantity.BATTERY_W, Quantity.SOC_PCT
TOLD = "hybrid answers, and for 15 s it has given no state of charge: its battery is left to itself"


def told(shown: dict[Quantity, float | None], device: str = "hybrid", silent: bool = False, ages: bool = False) -> str:
    """What is said of the device after forty seconds; "left out" where nothing is. Its values age or are new."""
    watch, said = soc_watch(ROLES, STALE_S), dict[str, str | None]()
    for second in range(40):
        readings = {
            quantity: Reading(
                quantity, value, 0.0 if ages else float(second), Quality.MISSING if value is None else Quality.GOOD
            )
            for quantity, value in shown.items()
        }
        said = watch.update({device: readings}, {device} if silent else (), float(second))
        assert second > STALE_S or TOLD not in said.values()
    return str(said.get(device, "left out"))


@pytest.mark.parametrize(
    ("shown", "device", "silent", "said"),
    [
        ({W: 0.0, SOC: None}, "hybrid", False, TOLD),
        ({W: None, SOC: None}, "hybrid", False, TOLD),
        ({W: 0.0, SOC: 50.0}, "hybrid", False, "None"),
        ({W: 0.0}, "hybrid", False, "left out"),
        ({W: 0.0, SOC: None}, "hybrid", True, "left out"),
        ({SOC: None}, "roof", False, "left out"),
    ],
    ids=["missing", "nothing at all", "there", "not of this family", "silent", "no battery"],
)
def test_it_is_told_where_its_device_answers(
    shown: dict[Quantity, float | None], device: str, silent: bool, said: str
) -> None:
    assert told(shown, device, silent) == said


def test_one_that_is_not_renewed_is_missing_too() -> None:
    """A read that does not come to its end is no trouble of the device."""
    assert told({W: 0.0, SOC: 50.0}, ages=True) == TOLD


async def test_the_control_cycle_raises_it_and_clears_it() -> None:
    stage = ControlStage()
    stage.site.values["inverter"][SOC] = None
    await stage.step(20)
    stage.site.values["inverter"][SOC] = 50.0
    await stage.step(2)
    events = stage.pending.take(stage.clock.now()).events
    kind = f"{AlarmKind.SOC_MISSING.value}/inverter"
    assert [event.severity for event in events if event.kind == kind] == ["alarm", "info"]
