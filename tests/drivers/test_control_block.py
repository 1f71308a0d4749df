"""Points that steer: the allow-list, neighbours in one request, and what counts as read back."""

import pytest

from drivers.control_block import ControlBlock, judged
from drivers.device import Applied, Clamped
from drivers.errors import NotApplied, NotSupported
from tests.drivers.memory import MemoryTransport, SunSpecMap
from tests.security.items import security


def block_123(writable: tuple[str, ...] = ("WMaxLimPct", "WMaxLimPct_WinTms")) -> tuple[MemoryTransport, ControlBlock]:
    layout = SunSpecMap()
    model = layout.add(123, {"Conn": 1, "WMaxLimPct": 50, "WMaxLimPct_WinTms": 0, "WMaxLimPct_SF": -2})
    transport = layout.transport()
    return transport, ControlBlock(transport, model, writable, ("WMaxLimPct_SF", "Conn"))


@security(14, shows="SunSpec: a point outside the list is refused, and nothing is written")
@pytest.mark.parametrize("name", ["Conn", "WMaxLimPct_SF", "no such point"])
async def test_only_listed_points_can_be_written(name: str) -> None:
    transport, block = block_123()
    await block.read()
    with pytest.raises(NotSupported, match=f"123.{name} may not be written"):
        await block.write([(name, 0)])
    assert transport.writes == []


async def test_a_point_that_the_standard_makes_read_only_cannot_be_listed() -> None:
    transport, block = block_123(writable=("WMaxLimPct_SF",))
    await block.read()
    with pytest.raises(NotSupported, match="may not be written"):
        await block.write([("WMaxLimPct_SF", 0)])
    assert transport.writes == []


async def test_a_device_has_points_only_where_it_has_all_of_them() -> None:
    _, block = block_123()
    await block.read()
    assert block.has("WMaxLimPct", "WMaxLimPct_WinTms")
    assert not block.has("WMaxLimPct", "WMaxLimPct_RmpTms")
    assert not block.has("no such point", "WMaxLimPct")


async def test_neighbours_go_in_one_request_and_use_the_scale_factor_read() -> None:
    transport, block = block_123()
    await block.read()
    await block.write([("WMaxLimPct", 12.34), ("WMaxLimPct_WinTms", 7)])
    assert [words for _, words in transport.writes] == [[1234, 7]]
    assert block.differs([("WMaxLimPct", 12.34)]) == [("WMaxLimPct", 12.34)], "not read back yet"
    await block.read()
    assert block.differs([("WMaxLimPct", 12.341), ("WMaxLimPct_WinTms", 7)]) == []


async def test_what_does_not_fit_is_named_and_nothing_of_it_is_written() -> None:
    transport, block = block_123()
    await block.read()
    with pytest.raises(NotSupported, match=r"123\.WMaxLimPct_WinTms: 70000 does not fit uint16"):
        await block.write([("WMaxLimPct", 1), ("WMaxLimPct_WinTms", 70000)])
    assert transport.writes == []


@pytest.mark.parametrize(
    ("asked", "found", "before", "result"),
    [
        (100, 100, 0, Applied(100)),
        (100, 100, 100, Applied(100)),
        (0, 0, 50, Applied(0)),
        (100, 60, 0, "clamped"),
        (-100, -60, 10, "clamped"),
        (100, 0, 50, "clamped"),
        (100, 50, 50, None),
        (100, 120, 0, None),
        (-100, -120, 0, None),
        (100, -20, 0, None),
        (100, None, 0, None),
    ],
)
def test_what_became_of_a_setpoint(asked: float, found: float | None, before: float, result: object) -> None:
    if result is None:
        with pytest.raises(NotApplied, match=f"x was set to {asked}"):
            judged("x", asked, found, before)
    elif result == "clamped":
        verdict = judged("x", asked, found, before)
        assert isinstance(verdict, Clamped)
        assert verdict.battery_w == found
    else:
        assert judged("x", asked, found, before) == result
