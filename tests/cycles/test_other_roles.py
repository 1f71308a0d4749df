"""The site file says otherwise what a device is for, while an alarm of it stands: nobody judges that any more."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from agent.cycles.alarms import Alarms
from agent.domain.alarms import AlarmKind
from tests.cycles.control_stage import ROLES, ControlStage

OTHER_METER = {**ROLES, "meter": frozenset({"load"}), "meter_2": frozenset({"grid"})}
RENAMED_METER = {"inverter": ROLES["inverter"], "meter_2": frozenset({"grid"})}
SOLAR_ALONE = {**ROLES, "inverter": frozenset({"solar"})}


@pytest.mark.parametrize(
    ("kind", "device", "roles", "stands"),
    [
        (AlarmKind.METER_CONTRADICTS, "meter", OTHER_METER, False),
        (AlarmKind.METER_CONTRADICTS, "meter", RENAMED_METER, False),
        (AlarmKind.SOC_MISSING, "inverter", SOLAR_ALONE, False),
        (AlarmKind.BATTERY_POWER_MISSING, "inverter", SOLAR_ALONE, False),
        (AlarmKind.DEVICE_LOST, "meter", RENAMED_METER, False),
        (AlarmKind.DEVICE_LOST, "meter", OTHER_METER, True),
        (AlarmKind.FROZEN, "inverter", SOLAR_ALONE, True),
    ],
)
async def test_an_alarm_ends_with_what_it_is_about(
    kind: AlarmKind, device: str, roles: Mapping[str, frozenset[str]], stands: bool
) -> None:
    stage = ControlStage()
    await stage.step()
    Alarms(stage.clock, stage.pending).alarm(kind, "something is wrong with it", device)
    stage.control.go_by(replace(stage.rules, roles=roles), None)
    assert [alarm.kind for alarm in stage.pending.standing.all] == ([kind.value] if stands else [])
