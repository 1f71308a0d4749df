"""Asks networks and serial ports for devices: at most so many at once, one request at a time a host, and only reads."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Protocol

from agent.adapters.devices.device_lock import steered_here
from agent.discovery.found import FoundDevice, Scan, found_device, in_order, place_of, without_twins
from agent.discovery.probes import STRANGE_UNIT, LinkPlan, UnitProbe, is_shared, on_line, serial_lines
from drivers.endpoint import Endpoint, SerialEndpoint, TcpEndpoint
from drivers.errors import LinkDown
from drivers.family import Family
from drivers.modbus import Bus
from drivers.recognise import Recognised, recognise
from drivers.write_gate import GatedTransport, only_reads

CONNECTS_AT_ONCE = 64
CONNECT_S = 0.5
HOSTS_AT_ONCE = 24
HOST_S = 45.0  # after which a host is asked no more
ANSWER_S, SERIAL_ANSWER_S = 1.0, 0.4
REST_S = 0.5  # for a device that serves one client, after a connection
_SILENT = "takes connections, and no unit id answers there"
_LINK_FAILURES_ALLOWED = 6  # some devices hang up where a unit id is not theirs


class Watcher(Protocol):
    """Who is told what the scan does."""

    def tried(self) -> None:
        """One host, or one unit id of a serial line, has been tried."""
        ...

    def asks(self, what: str) -> None: ...


@dataclass(slots=True)
class Findings:
    """What has been found so far, whether or not the scan came to its end.

    ``unopened`` are the serial ports that could not be opened: nothing was asked there.
    """

    devices: list[FoundDevice] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    unopened: list[str] = field(default_factory=list)

    def scan(self, asked: Sequence[str], is_whole: bool) -> Scan:
        return Scan(tuple(asked), in_order(without_twins(self.devices)), tuple(self.remarks), is_whole)


class NetworkScan:
    """``plans`` says by port what is asked there."""

    def __init__(
        self, plans: Mapping[int, LinkPlan], families: Mapping[str, Family], findings: Findings, watcher: Watcher
    ) -> None:
        self._plans = plans
        self._families = families
        self._findings = findings
        self._watcher = watcher
        self._connects = asyncio.Semaphore(CONNECTS_AT_ONCE)
        self._hosts = asyncio.Semaphore(HOSTS_AT_ONCE)

    async def run(self, hosts: Iterable[str]) -> None:
        async with asyncio.TaskGroup() as group:
            for host in hosts:
                group.create_task(self._host(host))

    async def _host(self, host: str) -> None:
        async with self._connects:
            listening = [port for port in self._plans if await _listens(host, port)]
        if listening:
            async with self._hosts:
                self._watcher.asks(host)
                await self._ask(host, listening)
        self._watcher.tried()

    async def _ask(self, host: str, listening: Sequence[int]) -> None:
        until = asyncio.get_running_loop().time() + HOST_S
        done: set[int] = set()
        for port in listening:
            if port not in done:
                link = _Link(TcpEndpoint(host, port), self._plans[port], self._families, self._findings, ANSWER_S)
                done |= {port, *await link.ask(until)}


class SerialScan:
    """Tries the ways in which the families' lines are set, until one brings an answer."""

    def __init__(self, families: Mapping[str, Family], findings: Findings, watcher: Watcher) -> None:
        self._families = families
        self._findings = findings
        self._watcher = watcher

    async def run(self, port: str) -> None:
        was_opened = False
        for line in serial_lines(self._families.values()):
            self._watcher.asks(f"{port} {line.baud} 8{line.parity}{line.stop_bits}")
            endpoint = SerialEndpoint(port, line.baud, line.parity, line.stop_bits)
            plan = on_line(line, self._families.values())
            link = _Link(endpoint, plan, self._families, self._findings, SERIAL_ANSWER_S, self._watcher.tried)
            await link.ask(None)
            was_opened = was_opened or link.was_opened
            if link.has_failed and not was_opened:
                self._findings.unopened.append(port)
            if link.has_answered or link.has_failed:
                return


class _Link:
    """One port or serial line, asked from its first unit id to its last."""

    def __init__(
        self,
        endpoint: Endpoint,
        plan: LinkPlan,
        families: Mapping[str, Family],
        findings: Findings,
        answer_s: float,
        tried: Callable[[], None] = lambda: None,
    ) -> None:
        self._endpoint = endpoint
        self._plan = plan
        self._families = families
        self._findings = findings
        self._tried = tried
        gap_s = plan.gap_s or None  # the bus knows what a serial line needs
        self._bus = Bus(endpoint, timeout_s=answer_s, retries=0, gap_s=gap_s, settle_s=plan.settle_s)
        self._found: list[FoundDevice] = []
        self._used: list[GatedTransport] = []
        self._failures = 0
        self.has_answered = False
        self.has_failed = False
        self.was_opened = False

    async def ask(self, until: float | None) -> tuple[int, ...]:
        """Note what is found. Returns the other ports that are the same device's, and need not be asked."""
        if steered_here(self._endpoint, [probe.unit_id for probe in self._plan.units]):
            self._remark("is steered by an agent that runs on this machine, and is not asked")
            return ()
        if isinstance(self._endpoint, TcpEndpoint):
            await asyncio.sleep(REST_S)
        try:
            async with asyncio.timeout_at(until):
                ports = await self._ask_units()
        except TimeoutError:
            ports = ()
            self._remark(
                "is too slow: not every unit id was asked" if self.has_answered else f"{_SILENT} in {HOST_S:g} s"
            )
            self.has_failed = True
        finally:
            for transport in self._used:
                await transport.close()
            self._findings.devices += self._found
        if not self.has_answered and not self.has_failed and isinstance(self._endpoint, TcpEndpoint):
            self._remark(_SILENT)
        return ports

    async def _ask_units(self) -> tuple[int, ...]:
        for probe in self._plan.units:
            family = await self._unit(probe)
            self._tried()
            if family is not None and (family.link.single_client or not is_shared(family)):
                self._found = [one for one in self._found if one.family is not None]  # it refuses at other ids
                return family.link.ports
            if self.has_failed:
                return ()
        self._found = await self._without_echoes()
        return ()

    async def _unit(self, probe: UnitProbe) -> Family | None:
        """The family of the device at one unit id, None where none is known or nothing answers."""
        recognised = await self._recognised(probe.unit_id, probe.families, 2 if probe.is_usual else 1)
        if recognised is None:
            return None
        self.has_answered = True
        family = self._families.get(recognised.family or "")
        place = place_of(self._endpoint, probe.unit_id)
        self._found.append(found_device(place, recognised, family))
        return family

    async def _recognised(self, unit_id: int, families: Sequence[Family], silences: int) -> Recognised | None:
        transport = GatedTransport(self._bus.transport(unit_id), only_reads())
        self._used.append(transport)  # the bus hangs up when its last user leaves
        try:
            recognised = await recognise(transport, families, silences, self._plan.gap_s)
        except LinkDown as error:
            self._failures += 1
            if self._failures >= _LINK_FAILURES_ALLOWED or not isinstance(self._endpoint, TcpEndpoint):
                self.has_failed = True
                self._remark(_after_question(str(error)))
            else:
                await asyncio.sleep(REST_S)
            return None
        self.was_opened = True
        return recognised

    async def _without_echoes(self) -> list[FoundDevice]:
        """What was found, without the further ids of a device that answers to any."""
        nameless = [one for one in self._found if one.family is not None and one.said.serial is None]
        families = {one.family for one in nameless}
        doubled = {name for name in families if sum(one.family == name for one in nameless) > 1}
        if not doubled or isinstance(self._endpoint, SerialEndpoint):
            return self._found
        there = [self._families[name] for name in sorted(name for name in doubled if name is not None)]
        strange = await self._recognised(STRANGE_UNIT, there, 1)
        if strange is None or strange.family is None:
            return self._found
        first = next(one for one in nameless if one.family == strange.family)
        kept = [one for one in self._found if one is first or one not in nameless or one.family != strange.family]
        return [replace(one, remark="answers to every unit id") if one is first else one for one in kept]

    def _remark(self, words: str) -> None:
        about = "" if str(self._endpoint) in words else f"{self._endpoint} "
        self._findings.remarks.append(f"{about}{words}")


def _after_question(sentence: str) -> str:
    """What went wrong, without the words for what was asked."""
    return sentence.rpartition(": reading ")[2].partition(": ")[2] or sentence


async def _listens(host: str, port: int) -> bool:
    """Whether a connection is taken. It is given back at once."""
    try:
        async with asyncio.timeout(CONNECT_S):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True
