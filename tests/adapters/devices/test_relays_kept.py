"""A relay on Modbus stays as it was put: what is held away from its rest is known to the next process."""

import pytest

from agent.adapters.devices.site_devices import Devices
from agent.adapters.devices.steering_memory import SteeringMemory
from agent.adapters.devices.steering_terms import RelayTerms
from agent.switch_ports import SwitchFailure
from drivers.errors import NoAnswer
from drivers.reading import Reading

ADDRESS = "10.0.0.7:502 unit 1 coil 2"


class Board:
    """One relay that notes what was kept when it was switched; raises ``error`` instead."""

    name = "relay"

    def __init__(self, kept: list[str]) -> None:
        self._kept = kept
        self.kept_before: list[list[str]] = []
        self.error: Exception | None = None

    async def read(self) -> list[Reading]:
        return []

    async def switch(self, on: bool) -> None:
        self.kept_before.append(list(self._kept))
        if self.error is not None:
            raise self.error

    async def close(self) -> None:
        return


class Site:
    """``document`` is what an earlier process has kept. The relay rests on."""

    def __init__(self, document: str | None = None, address: str = ADDRESS) -> None:
        self.kept: list[str] = []
        self.board = Board(self.kept)
        memory = SteeringMemory(self._write, awaits_recall=True)
        self.devices = Devices([self.board], memory=memory, relays={"relay": RelayTerms(address, True)})
        self.devices.recall(document)

    async def _write(self, document: str) -> None:
        self.kept.append(document)

    @property
    def is_owed(self) -> bool:
        return self.devices.is_owed_rest("relay")

    async def next_one(self, address: str = ADDRESS) -> "Site":
        await self.devices.settle(1.0)
        return Site(self.kept[-1] if self.kept else None, address)


async def test_it_is_written_down_before_it_leaves_its_rest_and_until_it_is_back() -> None:
    site = Site()
    await site.devices.switch("relay", False)
    assert [len(kept) for kept in site.board.kept_before] == [1]
    after = await site.next_one()
    assert after.is_owed
    await after.devices.switch("relay", True)
    assert not after.is_owed
    assert not (await after.next_one()).is_owed


async def test_one_whose_switching_failed_is_owed_its_rest() -> None:
    site = Site()
    site.board.error = NoAnswer("silence")
    with pytest.raises(SwitchFailure):
        await site.devices.switch("relay", False)
    after = await site.next_one()
    after.board.error = NoAnswer("silence")
    with pytest.raises(SwitchFailure):
        await after.devices.switch("relay", True)
    assert after.is_owed


async def test_one_that_was_away_when_we_came_and_stays_so_by_us_is_owed_its_rest() -> None:
    site = Site()
    await site.devices.renew("relay", True)
    assert not site.is_owed
    await site.devices.renew("relay", False)
    assert (await site.next_one()).is_owed


async def test_who_takes_it_over_has_it() -> None:
    site = Site()
    await site.devices.switch("relay", False)
    await site.devices.let_go("relay")
    assert not (await site.next_one()).is_owed


async def test_another_relay_of_the_board_is_owed_nothing() -> None:
    site = Site()
    await site.devices.switch("relay", False)
    assert not (await site.next_one("10.0.0.7:502 unit 1 coil 3")).is_owed


async def test_one_that_could_not_be_given_back_is_owed_its_rest_where_it_was_and_where_it_perhaps_is() -> None:
    site = Site()
    await site.devices.switch("relay", False)
    moved = RelayTerms("10.0.0.8:502 unit 1 coil 2", True)
    await site.devices.exchange(["relay"], [Board(site.kept)], {}, None, {"relay": moved})
    assert site.is_owed
    assert site.devices.owed_elsewhere == (ADDRESS,)
    after = await site.next_one(moved.address)
    assert after.is_owed
    await after.devices.switch("relay", True)
    assert not after.is_owed
    assert after.devices.owed_elsewhere == (ADDRESS,), "until somebody says that it is gone"
