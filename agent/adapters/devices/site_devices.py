"""The site's devices behind one door: buses, transports and families from the site file's list."""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from agent.adapters.devices.joint_outcome import together
from agent.adapters.devices.known_device import KnownDevice
from agent.adapters.devices.polled_device import PolledDevice, closed
from agent.adapters.devices.relay_memory import RelayMemory
from agent.adapters.devices.steered_battery import ORDER_WITHIN_S, SteeredBattery
from agent.adapters.devices.steering_memory import SteeringMemory, set_aside
from agent.adapters.devices.steering_terms import RelayTerms, SteeringTerms
from agent.domain.sentences import devices as say
from agent.domain.setpoint import Applied, Held, Outcome, Setpoint, Unreachable
from agent.domain.steering import SteeringReport
from agent.switch_ports import SwitchFailure
from drivers.device import Readable, Remark, Remarked, Switchable, Watching
from drivers.errors import DriverError
from drivers.reading import Quantity, Reading
from drivers.sentence import sentence_of

_ANSWER_WITHIN_S = 5.0


class Devices:
    """Implements ``agent.ports.Site``. Each device is read by a task of its own, so a dead one delays nobody.

    ``poll_s`` is how often a device is asked, by its name; one without is asked whenever the site is read.
    """

    def __init__(
        self,
        devices: Sequence[Readable],
        *batteries: str,
        steer_deadline_s: float = ORDER_WITHIN_S,
        monotonic: Callable[[], float] = time.monotonic,
        terms: Mapping[str, SteeringTerms] | None = None,
        memory: SteeringMemory | None = None,
        relays: Mapping[str, RelayTerms] | None = None,
        poll_s: Mapping[str, float] | None = None,
    ) -> None:
        self.poll_s = poll_s or {}
        self._deadline_s, self._monotonic = steer_deadline_s, monotonic
        self._terms, self.memory = dict(terms or {}), memory or SteeringMemory()
        self.relays = RelayMemory(self.memory, relays)
        self._polled = {device.name: PolledDevice(device) for device in devices}
        self._steered = [
            SteeredBattery(self._polled[name].device, steer_deadline_s, monotonic, self._terms.get(name))
            for name in batteries
        ]
        self._known = {name: KnownDevice(one, _ANSWER_WITHIN_S) for name, one in self._terms.items()}

    def recall(self, document: str | None) -> None:
        """Take up what an earlier process kept of the devices that steer. Best before the first setpoint."""
        self.memory.recall(document)
        for one in self._terms.values():
            self.memory.fill(one.address, one.budget)
        for battery in self._steered:
            battery.recalled()

    def keep_again(self) -> None:
        """Write what the store did not take of what was found; nothing where it holds the newest."""
        self.memory.try_again()

    async def exchange(
        self,
        gone: Collection[str],
        new: Sequence[Readable],
        terms: Mapping[str, SteeringTerms],
        release: Setpoint | None,
        relays: Mapping[str, RelayTerms] | None = None,
    ) -> Mapping[str, Outcome]:
        """Between two control steps: close the devices ``gone`` and take ``new``, which may have their names.

        A battery among them is given back by ``release`` before its device goes (None: it is not written). The outcomes
        of that, by name. One that took none is owed it at its old address, until it is known again at another. Which
        devices steer and switch stays; ``terms`` and ``relays`` are those of all that do.
        """
        changed = [battery for battery in self._steered if battery.name in gone]
        outcomes = {one.name: await self._order(one.name, release) for one in changed if release is not None}
        before = {name: self._polled.pop(name) for name in gone}
        self._polled |= {device.name: PolledDevice(device) for device in new}
        for battery in changed:
            found = terms[battery.name]
            self.memory.stands_at(found.address, None)
            self.memory.fill(found.address, found.budget)
            self._terms[battery.name], self._known[battery.name] = found, KnownDevice(found, _ANSWER_WITHIN_S)
            self._steer_anew(battery.name)
        self.relays.go_by(relays or {})
        await closed(before.values())
        return outcomes

    def _steer_anew(self, name: str) -> SteeredBattery:
        """Nothing that was known of the device that was steered is true of the one that stands there now."""
        anew = SteeredBattery(self._polled[name].device, self._deadline_s, self._monotonic, self._terms[name])
        self._steered = [anew if one.name == name else one for one in self._steered]
        return anew

    def device(self, name: str) -> Readable:
        """The device of this name, for what is not asked of all of them."""
        return self._polled[name].device

    @property
    def left_behind(self) -> bool:
        """True when an earlier process has steered one of the batteries and could not give it back."""
        return any(self.memory.left_behind(one.address) is not None for one in self._terms.values())

    @property
    def owed_elsewhere(self) -> tuple[str, ...]:
        """The addresses of what was steered and not given back, where no battery or relay of the site is any more."""
        here = {one.address for one in self._terms.values()} | self.relays.addresses
        return tuple(address for address in self.memory.not_given_back if address not in here)

    @property
    def owed_to_exchanged(self) -> tuple[str, ...]:
        """Those of them where another device stands now."""
        here = tuple(set_aside(one.address) for one in self._terms.values())
        return tuple(address for address in self.owed_elsewhere if address.startswith(here))

    @property
    def were_steered(self) -> bool:
        """True when one of the batteries was ever steered from this site."""
        return any(self.memory.was_steered(one.address) for one in self._terms.values())

    async def know_again(self) -> None:
        """Take up what was left behind under addresses that the site has no more, by devices that it has elsewhere."""
        await asyncio.gather(*(self._know_again(battery.name) for battery in self._steered))

    async def _know_again(self, name: str) -> bool:
        """True where it is another one than was steered at its address: that one is steered anew."""
        known = self._known.get(name)
        is_another = known is not None and await known.ask()
        if is_another:
            self._steer_anew(name).lost = True
        if known is not None and known.takes_up(self.owed_elsewhere):
            self._battery(name).recalled()
        return is_another

    def _battery(self, name: str) -> SteeredBattery:
        return next(one for one in self._steered if one.name == name)

    async def _order(self, name: str, setpoint: Setpoint) -> Outcome:
        """Nothing is written while it is in doubt whether what is owed at an address is owed to what answers there."""
        is_another, known = await self._know_again(name), self._known.get(name)
        if known is not None and known.doubt is not None:
            return Unreachable(known.doubt)
        if is_another and setpoint.battery_w is None:
            return Applied(None)  # nothing was ordered of this one
        return await self._battery(name).steer(setpoint)

    async def _share(self, name: str, setpoint: Setpoint, share_w: float | None) -> Outcome:
        share = replace(setpoint, battery_w=share_w)
        if setpoint.battery_w is not None and self._battery(name).holds(share):
            return Held()
        return await self._order(name, share)

    async def settle(self, within_s: float) -> None:
        """Wait until what is to be kept of the devices has been written."""
        await self.memory.settle(within_s)

    @property
    def reverts(self) -> bool:
        """True when every battery's device goes back to self-consumption by itself when a lease lapses."""
        return all(one.reverts for one in self._steered)

    @property
    def longest_hold_s(self) -> float:
        """The shortest of what the batteries' devices keep without another write, s."""
        return min((one.longest_hold_s for one in self._steered), default=float("inf"))

    async def read(self, deadline_s: float) -> Mapping[str, Mapping[Quantity, Reading]]:
        now_s = self._monotonic()
        for name, polled in self._polled.items():
            if polled.is_due(now_s, self.poll_s.get(name, 0.0)):
                polled.began_s, polled.running = now_s, asyncio.create_task(self._read_one(polled))
            elif isinstance(polled.device, Watching) and polled.is_idle and polled.trouble is None:
                polled.running = asyncio.create_task(self._beat(polled.device))
        running = [polled.running for polled in self._polled.values() if polled.running is not None]
        await asyncio.wait(running, timeout=max(deadline_s, 0.1))
        return {name: polled.readings for name, polled in self._polled.items()}

    def troubles(self) -> Mapping[str, str]:
        return {name: polled.trouble for name, polled in self._polled.items() if polled.trouble is not None}

    def remarks(self) -> Mapping[str, tuple[Remark, ...]]:
        found = {
            name: polled.device.remarks for name, polled in self._polled.items() if isinstance(polled.device, Remarked)
        }
        return {name: remarks for name, remarks in found.items() if remarks}

    def steering(self) -> SteeringReport:
        alone = [one.left_alone for one in self._steered]
        return SteeringReport(
            foreign={one.name: told for one in self._steered if (told := one.foreign) is not None},
            left_alone="; ".join(why for why in alone if why) if all(alone) else None,
            lost=any(one.lost for one in self._steered),
            writes={one.name: made for one in self._steered if (made := one.writes) is not None},
            not_kept=self.memory.trouble,
            used_up={one.name: told for one in self._steered if (told := one.used_up) is not None},
            owed_elsewhere=self.owed_elsewhere,
            owed_to_exchanged=self.owed_to_exchanged,
        )

    async def steer(self, setpoint: Setpoint) -> Outcome:
        """Several batteries are written side by side, so that one which does not answer delays no other."""
        if len(self._steered) == 1:
            return await self._order(self._steered[0].name, setpoint)
        shares, names = dict(setpoint.shares), [one.name for one in self._steered]
        suns = setpoint.suns or names
        # How much sun is on which inverter is not known, so each may make an equal part of what is allowed.
        cap_w = None if setpoint.pv_limit_w is None else setpoint.pv_limit_w / len(suns)
        caps_w = {name: cap_w if name in suns else None for name in names}
        each = {name: replace(setpoint, pv_limit_w=caps_w[name]) for name in names}
        outcomes = await asyncio.gather(*(self._share(name, each[name], shares.get(name)) for name in names))
        return together(dict(zip(names, outcomes, strict=True)), setpoint)

    def is_on(self, name: str, stale_s: float) -> bool | None:
        """Implements ``agent.switch_ports.Switches``."""
        reading = self._polled[name].readings.get(Quantity.SWITCHED_ON)
        if reading is None or reading.value is None or self._monotonic() - reading.at > stale_s:
            return None
        return reading.value > 0.0

    def trouble(self, name: str) -> str | None:
        """A device that does not answer has an alarm of its own."""
        return None

    def takes_orders(self, name: str) -> bool:
        return False

    def holds(self, name: str, on: bool) -> bool:
        """A relay on Modbus stays as it was put, and nothing could end that with us."""
        return True

    async def renew(self, name: str, on: bool) -> None:
        await self.relays.told(name, on)  # perhaps it was away from its rest when we came, and stays so by us

    async def let_go(self, name: str) -> None:
        self.relays.ended(name)

    def is_owed_rest(self, name: str) -> bool:
        return self.relays.is_owed(name)

    async def switch(self, name: str, on: bool) -> None:
        device = self._polled[name].device
        if not isinstance(device, Switchable):
            raise SwitchFailure("it is no relay")
        await self.relays.told(name, on)
        try:
            async with asyncio.timeout(_ANSWER_WITHIN_S):
                await device.switch(on)
        except TimeoutError:
            raise SwitchFailure(say.relay_did_not_answer(within_s=_ANSWER_WITHIN_S)) from None
        except DriverError as error:
            raise SwitchFailure(sentence_of(error)) from error
        now = Reading(Quantity.SWITCHED_ON, float(on), self._monotonic())
        self._polled[name].readings = {Quantity.SWITCHED_ON: now}
        self.relays.seen(name, on)

    async def close(self) -> None:
        """Stop the reads under way and close every connection."""
        await closed(self._polled.values())

    async def _read_one(self, polled: PolledDevice) -> None:
        if not await polled.ask():
            if polled.is_silent and polled.device.name in self._known:
                self._known[polled.device.name].was_silent()
            return
        for battery in self._steered:
            if battery.name == polled.device.name:
                await self._know_again(battery.name)
                await self._beat(polled.device)
                await self._battery(battery.name).look()

    async def _beat(self, device: Readable) -> None:
        """Tell a device that watches whether we live that we do, while an order of ours may stand.

        What fails is tried again with the next step. What may be another device now is told nothing.
        """
        known = self._known.get(device.name)
        rules = any(battery.name == device.name and battery.rules for battery in self._steered)
        if rules and isinstance(device, Watching) and (known is None or known.doubt is None):
            with suppress(DriverError):
                await device.beat()
