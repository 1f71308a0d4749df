"""An order to a slow device: all its requests fit into the time that an order is given."""

from collections.abc import Callable
from itertools import count

import pytest

from agent.adapters.devices.steered_battery import ORDER_WITHIN_S
from drivers.device import Steerable
from drivers.registry import FAMILIES, build
from tests.drivers.hybrids import hybrid_7xx
from tests.drivers.memory import MemoryTransport
from tests.drivers.reference.rows import image
from tests.drivers.reference.test_deye_hybrid import single
from tests.drivers.reference.test_fenecon_openems import edge
from tests.drivers.reference.test_fronius_gen24 import gen24
from tests.drivers.reference.test_huawei_luna import luna
from tests.drivers.reference.test_kostal_plenticore import plenticore
from tests.drivers.reference.test_sma_hybrid import Sma
from tests.drivers.reference.test_solaredge_storedge import hub
from tests.drivers.reference.test_solax_hybrid import Solax
from tests.drivers.reference.test_sungrow_sh import new
from tests.drivers.reference.test_victron_gx import ROWS

TICK_S = 0.5  # a dongle answers once in about half a second, however many registers are asked for
BY_DONGLE: dict[str, Callable[[], MemoryTransport]] = {
    "fenecon_openems": lambda: edge(phases=False),
    "fronius_gen24": gen24,
    "huawei_luna": luna,
    "kostal_plenticore": plenticore,
    "sma_hybrid": Sma,
    "solaredge_storedge": hub,
    "solax_hybrid": Solax,
    "sungrow_sh": new,
    "sunspec_hybrid": hybrid_7xx,
    "victron_gx": lambda: MemoryTransport(image(ROWS)),
}


async def longest_s(family: str, made: MemoryTransport, request_s: float) -> float:
    """Of the orders that are given one after the other, with what is read before each, and of the release at last."""
    device = build(family, family, made, {}, count(0.0, 100.0).__next__)
    assert isinstance(device, Steerable)
    await device.read()
    took_s: list[float] = []
    for power_w in (-1000.0, -2000.0, 1500.0, 0.0, None):
        made.reads.clear()
        made.writes.clear()
        made.pauses.clear()
        if power_w is None:
            await device.release()
        else:
            await (device.in_force() if took_s else device.as_found())
            await device.set_power(power_w, 60.0)
        took_s.append((len(made.reads) + len(made.writes)) * request_s + sum(made.pauses))
    return max(took_s)


@pytest.mark.parametrize("family", BY_DONGLE)
async def test_an_order_by_a_dongle_fits(family: str) -> None:
    gap_s = FAMILIES[family].link.gap_s
    assert await longest_s(family, BY_DONGLE[family](), TICK_S + gap_s) <= ORDER_WITHIN_S


async def test_an_order_to_a_deye_on_its_line_fits() -> None:
    link = FAMILIES["deye_hybrid"].link
    assert await longest_s("deye_hybrid", single(), link.serial[0].read_s(20, link.gap_s)) <= ORDER_WITHIN_S
