"""What a family needs of its link reaches the bus, whatever the site file leaves out."""

from typing import Any

import pytest

from agent.adapters.devices.field_bus import _buses
from agent.adapters.host.clock import SystemClock
from agent.settings.sections import Device


def device(family: str, **given: Any) -> Device:
    return Device(name=family, family=family, roles=["battery"], host="192.0.2.7", **given)


@pytest.mark.parametrize(
    ("listed", "settle_s", "gap_s"),
    [
        ([device("sunspec_hybrid")], 0.0, 0.0),
        ([device("huawei_luna")], 1.5, 0.05),
        ([device("huawei_luna", gap_s=0.2)], 1.5, 0.2),
        ([device("sdm630", gap_s=0.1, unit_id=2), device("huawei_luna")], 1.5, 0.1),
    ],
)
def test_a_bus_is_as_its_families_need_it(listed: list[Device], settle_s: float, gap_s: float) -> None:
    (bus,) = _buses(listed, SystemClock()).values()
    assert (bus._settle_s, bus._gap_s) == (settle_s, gap_s)
