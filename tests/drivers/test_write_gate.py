"""What is behind a gate that is shut is read and never written."""

from contextlib import suppress

import pytest

from drivers.device import Span, Steerable
from drivers.errors import DriverError, NotSupported
from drivers.registry import FAMILIES, build
from drivers.write_gate import GatedTransport, WriteGate
from tests.drivers.memory import MemoryTransport
from tests.security.items import security


async def test_nothing_reaches_the_device_until_the_gate_is_opened() -> None:
    device, gate = MemoryTransport({7: 1}), WriteGate("it has not been commissioned")
    transport = GatedTransport(device, gate)
    assert await transport.read(Span("holding", 7, 1)) == [1]
    with pytest.raises(NotSupported, match="writing 2 registers from 7: it has not been commissioned"):
        await transport.write(7, [5, 6])
    assert device.writes == []
    with gate.opened():
        await transport.write(7, [5])
    with pytest.raises(NotSupported):
        await transport.write(7, [6])
    gate.shut = None
    await transport.write(7, [9])
    assert device.writes == [(7, [5]), (7, [9])]


async def test_a_coil_is_held_by_the_gate_as_a_register_is_and_either_may_be_let_go() -> None:
    device, gate = MemoryTransport(), WriteGate("shut")
    transport = GatedTransport(device, gate)
    with pytest.raises(NotSupported, match="writing coil 3: shut"):
        await transport.write_coil(3, True)
    assert device.writes == []
    with gate.opened():
        await transport.write_coil(3, True)
    assert await transport.read_coil(3)
    await transport.close()
    assert device.closed == 1


def test_what_is_said_while_it_is_opened_holds_afterwards() -> None:
    gate = WriteGate("shut")
    for why in (None, "another reason"):
        with gate.opened():
            gate.shut = why
            assert gate.shut is None
        assert gate.shut == why


async def test_a_release_that_fails_shuts_the_gate_again() -> None:
    gate = WriteGate("shut")

    def give_back() -> None:
        with gate.opened():
            raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        give_back()
    assert gate.shut == "shut"


@security(14, shows="an uncommissioned device of any family is never written")
@pytest.mark.parametrize("name", sorted(name for name, family in FAMILIES.items() if family.steerable))
async def test_no_family_steers_through_a_gate_that_is_shut(name: str) -> None:
    device = MemoryTransport(dict.fromkeys(range(65536), 0))
    steered = build(name, "inverter", GatedTransport(device, WriteGate("shut")), {})
    assert isinstance(steered, Steerable)
    for act in (steered.set_power(1000.0, 60.0), steered.limit_pv(0.0, 60.0), steered.release()):
        with suppress(DriverError):  # whatever it says to a device of zeros: nothing may be written
            await act
    assert device.writes == []
