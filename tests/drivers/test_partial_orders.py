"""An order of several requests that breaks off in between."""

import pytest

from drivers.errors import NoAnswer, Refused
from tests.drivers.vendors import Battery


class Stubborn(Battery):
    """Refuses the write at ``refuses``, and does not answer the one at ``loses``, which it takes all the same."""

    def __init__(self, *, refuses: int | None = None, loses: int | None = None) -> None:
        super().__init__()
        self.refuses, self.loses = refuses, loses

    def take(self, address: int, words: list[int]) -> None:
        if address == self.refuses:
            raise Refused(4, f"writing {address}")
        super().take(address, words)
        if address == self.loses:
            raise NoAnswer(f"writing {address}")


async def test_an_order_that_was_taken_in_part_is_taken_back() -> None:
    battery = Stubborn(refuses=120)
    device = battery.device()
    await device.as_found()
    with pytest.raises(Refused):
        await device.set_power(-2000, 60)
    assert battery.words[103] == 0
    assert battery.words[110] == 20


async def test_an_order_whose_first_write_is_refused_leaves_what_stands() -> None:
    battery = Stubborn()
    device = battery.device()
    await device.set_power(-2000, 60)
    battery.refuses = 100
    battery.writes.clear()
    with pytest.raises(Refused):
        await device.set_power(-1000, 60)
    assert [address for address, _ in battery.writes] == [100]
    assert battery.words[103] == 1


async def test_an_order_of_which_nothing_was_heard_ends_without_grid() -> None:
    battery = Stubborn(loses=100)
    device = battery.device()
    with pytest.raises(NoAnswer):
        await device.set_power(-2000, 60)
    assert battery.words[103] == 1
    battery.words[132] = 0
    await device.read()
    assert battery.words[103] == 0
