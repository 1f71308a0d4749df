"""An order of several requests that breaks off in between."""

from collections.abc import Callable
from itertools import count

import pytest

from drivers.errors import NoAnswer, Refused
from tests.drivers.hybrids import WIDE, Hybrid, gen24, hybrid_7xx
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


@pytest.mark.parametrize("lost", range(1, 4))
async def test_an_order_over_one_of_another_by_704_never_stands_without_its_timer(lost: int) -> None:
    device = hybrid_7xx()
    foreign = {"WSetMod": 1, "WSet": 500, "WSetRvrtTms": 0, "WSetEna": 1}
    for name, value in foreign.items():
        device.put(704, name, value)
    loses_after(device, lost)
    with pytest.raises(NoAnswer):
        await device.hybrid().set_power(-1500, 60)
    at = device.layout.address
    is_foreign = device.words[at(704, "WSet") + 1] == 500
    assert is_foreign or device.words[at(704, "WSetRvrtTms") + 1] == 60


@pytest.mark.parametrize("lost", range(1, 4))
@pytest.mark.parametrize(
    ("make", "model", "enable", "timer"),
    [(gen24, 123, "WMaxLim_Ena", "WMaxLimPct_RvrtTms"), (hybrid_7xx, 704, "WMaxLimPctEna", "WMaxLimPctRvrtTms")],
)
async def test_a_cap_under_one_of_the_owner_never_stands_without_its_timer(
    make: Callable[[], Hybrid], model: int, enable: str, timer: str, lost: int
) -> None:
    device = make()
    device.put(model, "WMaxLimPct", 70)
    device.put(model, enable, 1)
    hybrid = device.hybrid()
    await hybrid.as_found()
    loses_after(device, lost)
    with pytest.raises(NoAnswer):
        await hybrid.limit_pv(2500, 60)
    wide = 1 if timer in WIDE else 0
    is_owners = device.raw(model, "WMaxLimPct") == 7000
    assert is_owners or device.words[device.layout.address(model, timer) + wide] == 60


def loses_after(device: Hybrid, writes: int) -> None:
    """The device takes so many writes, and of the last of them and of all that follow it says nothing more."""
    tamper, taken = device.tamper, count(1)

    def fall_silent(words: dict[int, int]) -> None:
        tamper(words)
        if next(taken) >= writes:
            raise NoAnswer("it is gone")

    device.tamper = fall_silent


class NoForcing(Hybrid):
    """Refuses a rate below 0, which the standard does not know; what comes before it in the request is taken."""

    def take(self, address: int, words: list[int]) -> None:
        for at, word in enumerate(words, start=address):
            rates = [self.layout.address(124, name) for name in ("OutWRte", "InWRte")]
            if at in rates and word >= 0x8000:
                raise Refused(3, f"writing {address}")
            super().take(at, [word])


async def test_rates_of_which_one_is_refused_are_taken_back() -> None:
    made = gen24()
    device = NoForcing(made.layout, (123, 124))
    hybrid = device.hybrid()
    await hybrid.as_found()
    before = dict(device.words)
    await hybrid.set_power(0, 60)
    with pytest.raises(Refused):
        await hybrid.set_power(1000, 60)
    assert device.words == before


async def test_rates_that_are_refused_as_a_whole_leave_what_stands() -> None:
    made = gen24()
    device = NoForcing(made.layout, (123, 124))
    hybrid = device.hybrid()
    await hybrid.set_power(0, 60)
    device.names.clear()
    with pytest.raises(Refused):
        await hybrid.set_power(-1000, 60)
    assert device.names == []
    assert device.raw(124, "StorCtl_Mod") == 3
