"""What must outlive us about the devices that are steered: what was found there, and how often they were written.

One kept document. It is written before the first register, and waited for only so long: a battery is not left in the
wrong state because a disk is slow.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date
from typing import Any

from agent.dispatch.write_budget import WriteBudget
from agent.domain.sentence import sentence_of
from agent.domain.sentences.devices import found_not_kept
from agent.ports import StoreFailure

KEEP_WITHIN_S = 1.0
_SHOWN = 8


def set_aside(address: str, device: str = "") -> str:
    """Under which address stands what is owed to a ``device`` that was exchanged for another at ``address``.

    It is told and typed, so it has no more of the word for the device than tells a few of them apart.
    """
    return f"{address} device {device[:_SHOWN]}"


class SteeringMemory:
    """By device address. ``write`` makes the document durable; without it nothing is kept.

    With ``awaits_recall`` nothing is written before ``recall``: a store that opens late still holds what an earlier
    process found.
    """

    def __init__(self, write: Callable[[str], Awaitable[None]] | None = None, *, awaits_recall: bool = False) -> None:
        self._write = write
        self._devices: dict[str, dict[str, Any]] = {}
        self._standing: dict[str, str | None] = {}  # which device has answered at an address
        self._writing: asyncio.Task[None] | None = None
        self._stale, self._recalled = False, not awaits_recall
        self.trouble: str | None = None  # one sentence while the store does not hold the newest

    def recall(self, document: str | None) -> None:
        """Take up what an earlier process kept, also late. A document that cannot be read is none.

        What was found by a process that did not end its steering goes before what was found since: that was its own.
        """
        self._recalled, late = True, bool(self._devices)
        try:
            found = json.loads(document or "{}")
        except ValueError:
            found = None
        if not isinstance(found, dict):
            self.trouble = "what was kept of the steered devices cannot be read"
            return
        for address, kept in found.items():
            if isinstance(kept, dict):
                self._take_up(address, kept)
        if late:
            self.keep_soon()

    def _take_up(self, address: str, kept: dict[str, Any]) -> None:
        owed, stands = kept.get("steering") is True, self._standing.get(address)
        if owed and stands is not None and kept.get("device") not in (None, stands):
            address = set_aside(address, kept["device"])
        if owed or address not in self._devices:
            self._devices[address] = self._devices.get(address, {}) | kept

    def left_behind(self, address: str) -> dict[str, float] | None:
        """The settings found before a steering that was not ended, by the datasheet's names; else None."""
        entry = self._devices.get(address, {})
        found = entry.get("found")
        if entry.get("steering") is not True or not isinstance(found, dict):
            return None
        return {str(name): float(value) for name, value in found.items() if isinstance(value, int | float)}

    @property
    def not_given_back(self) -> tuple[str, ...]:
        """The addresses of all devices whose steering was not ended, whether the site still has them or not."""
        return tuple(address for address in self._devices if self.left_behind(address) is not None)

    def was_steered(self, address: str) -> bool:
        """True when a steering of this device was ever begun."""
        return "found" in self._devices.get(address, {})

    def begun(self, address: str, found: Mapping[str, float]) -> None:
        """The device is about to be steered; before, it held ``found``."""
        self._entry(address).update(steering=True, found=dict(found), device=self._standing.get(address))

    def ended(self, address: str) -> None:
        """What was found has been given back, or nobody is to do that any more. The writes of the day stay counted."""
        self._entry(address)["steering"] = False

    def stands_at(self, address: str, device: str | None) -> bool:
        """Which device is there, as a word that no other has; None where it does not say.

        True where that is another one than what is left behind there: what that one is owed is owed to it alone, under
        an address of its own (``set_aside``).
        """
        self._standing[address] = device
        owed_to = self.owed_device(address)
        if device is None or device == owed_to or self.left_behind(address) is None:
            return False
        if owed_to is None:
            self._devices[address]["device"] = device
        else:
            self._devices[set_aside(address, owed_to)] = self._devices.pop(address)
        self.keep_soon()
        return owed_to is not None

    def owed_device(self, address: str) -> str | None:
        """Which device was left behind there, where it has said so."""
        device = self._devices.get(address, {}).get("device")
        return device if isinstance(device, str) and self.left_behind(address) is not None else None

    def moved(self, elsewhere: Sequence[str], to: str) -> bool:
        """What the device that stands at ``to`` was left with under addresses ``elsewhere`` is owed there from now on.

        False where there is nothing, or nobody knows. What was found first was the owner's.
        """
        device, here = self._standing.get(to), self._devices.get(to, {})
        if device is None or (self.left_behind(to) is not None and here.get("device") != device):
            return False
        its = [address for address in elsewhere if self._devices[address].get("device") == device]
        for address in reversed(its):
            self._devices[to] = self._devices.pop(address)
        if its:
            self.keep_soon()
        return bool(its)

    def owed_also(self, address: str, to: str) -> None:
        """What could not be given back at ``address`` is perhaps at ``to`` now: it is owed there, too."""
        if (found := self.left_behind(address)) is not None:
            self.begun(to, found)
            self.keep_soon()

    def count(self, address: str, budget: WriteBudget) -> None:
        self._entry(address).update(day=budget.day.isoformat(), writes=dict(budget.used))

    def fill(self, address: str, budget: WriteBudget) -> None:
        """Give ``budget`` the writes that were counted before."""
        entry = self._devices.get(address, {})
        writes = entry.get("writes")
        with suppress(ValueError, TypeError):
            day = date.fromisoformat(entry.get("day", ""))
            if isinstance(writes, dict):
                budget.spend({str(name): int(count) for name, count in writes.items()}, day)

    async def keep(self) -> None:
        """Write the document, and wait for that a second at the longest."""
        self.keep_soon()
        await self.settle(KEEP_WITHIN_S)

    def keep_soon(self) -> None:
        self._stale = True
        if not self._recalled:
            self.trouble = "what was found at the steered devices is not kept: the store was not read yet"
        elif self._write is not None and (self._writing is None or self._writing.done()):
            self._writing = asyncio.create_task(self._keep(self._write))

    def try_again(self) -> None:
        """Write what the store did not take; nothing where it holds the newest."""
        if self._stale:
            self.keep_soon()

    async def settle(self, within_s: float) -> None:
        """Wait for what is being written."""
        if self._writing is not None and not self._writing.done():
            await asyncio.wait([self._writing], timeout=within_s)

    async def _keep(self, write: Callable[[str], Awaitable[None]]) -> None:
        while self._stale:
            self._stale = False
            try:
                await write(json.dumps(self._devices))
            except StoreFailure as failure:
                self.trouble, self._stale = found_not_kept(cause=sentence_of(failure)), True
                return
            self.trouble = None

    def _entry(self, address: str) -> dict[str, Any]:
        return self._devices.setdefault(address, {})
