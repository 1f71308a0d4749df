"""`enalysis-edge devices scan`: which devices answer on networks and serial lines. Nothing is written to any."""

import asyncio
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from agent.adapters.devices.scan import Findings, NetworkScan, SerialScan
from agent.adapters.host.interfaces import interfaces
from agent.cli.device_table import show
from agent.cli.device_writing import write_sections
from agent.cli.ending import FAILED, GOOD, INTERRUPTED, WRONG
from agent.cli.folded import say
from agent.cli.terminal import WIDTH_OF_A_FILE, terminal
from agent.discovery.found import Scan
from agent.discovery.networks import NotScanned, hosts, named_networks, own_networks
from agent.discovery.probes import LinkPlan, on_any_port, on_line, on_port, serial_lines, tcp_ports
from agent.domain.wire import to_json
from drivers.registry import FAMILIES


def add_arguments(parser: ArgumentParser) -> None:
    """Where to look, and what becomes of what is found."""
    add_places(parser)
    parser.add_argument("--write", type=Path, metavar="FILE", help="add [[device]] sections to this site file")
    parser.add_argument("--json", action="store_true", help="print what was found as JSON")


def add_places(parser: ArgumentParser) -> None:
    """Where to look."""
    parser.add_argument(
        "networks",
        nargs="*",
        metavar="NETWORK",
        help="such as 192.168.1.0/24, or one address; this machine's own private networks when left out",
    )
    parser.add_argument(
        "--port", type=_port, action="append", metavar="N", help="ask this TCP port, not the usual ones"
    )
    parser.add_argument(
        "--serial", action="append", default=[], metavar="PORT", help="also a line such as /dev/ttyUSB0"
    )
    parser.add_argument("--anywhere", action="store_true", help="also a network that this machine is not in")


def run(asked: Namespace) -> int:
    """0 where it came to its end, 130 with what was found so far after Ctrl-C.

    1 where a serial port could not be opened, or not all could be written.
    """
    try:
        place = place_to_scan(asked)
    except NotScanned as error:
        print(error, file=sys.stderr)
        return WRONG
    findings = Findings()
    scan = scanned(place, findings)
    if asked.json:
        print(to_json(scan))
    else:
        show(scan, terminal(WIDTH_OF_A_FILE))
    written = GOOD if asked.write is None else write_sections(asked.write, scan)
    if findings.unopened:
        say(f"{', '.join(findings.unopened)} could not be opened: nothing was asked there", sys.stderr)
        written = FAILED
    return written if scan.is_whole else INTERRUPTED


@dataclass(frozen=True, slots=True)
class ScanPlace:
    """Addresses with what is asked at which port, and serial ports. ``asked`` is how a person says it."""

    asked: tuple[str, ...]
    hosts: tuple[str, ...]
    plans: dict[int, LinkPlan]
    serial_ports: tuple[str, ...]

    @property
    def steps(self) -> int:
        """How often the watcher is told that something was tried, at most."""
        units = sum(len(on_line(line, FAMILIES.values()).units) for line in serial_lines(FAMILIES.values()))
        return len(self.hosts) + units * len(self.serial_ports)


def place_to_scan(asked: Namespace) -> ScanPlace:
    """Without a network that is named: the machine's own, unless serial ports are named. Raises NotScanned."""
    own = interfaces()
    found = named_networks(asked.networks, own, asked.anywhere)
    if not asked.networks and not asked.serial:
        found = own_networks(own)
        if not found:
            raise NotScanned("this machine is in no private network: name one, such as 192.168.1.0/24")
    families = FAMILIES.values()
    usual = {port: on_port(port, families) for port in tcp_ports(families)}
    plans = {port: on_any_port(families) for port in asked.port} if asked.port else usual
    return ScanPlace((*map(str, found), *asked.serial), hosts(found), plans, tuple(asked.serial))


def scanned(place: ScanPlace, findings: Findings) -> Scan:
    """What is there, which ``findings`` gather; after Ctrl-C what was found until then."""
    console = Console(stderr=True)
    bars = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*bars, console=console, transient=True, disable=not console.is_terminal) as progress:
        try:
            asyncio.run(_scan(place, findings, _Bar(progress, progress.add_task("looking", total=place.steps))))
        except KeyboardInterrupt:
            return findings.scan(place.asked, is_whole=False)
    return findings.scan(place.asked, is_whole=True)


async def _scan(place: ScanPlace, findings: Findings, bar: "_Bar") -> None:
    await NetworkScan(place.plans, FAMILIES, findings, bar).run(place.hosts)
    for port in place.serial_ports:
        await SerialScan(FAMILIES, findings, bar).run(port)


class _Bar:
    """Implements ``Watcher``."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def tried(self) -> None:
        self._progress.advance(self._task)

    def asks(self, what: str) -> None:
        self._progress.update(self._task, description=f"asking {what}")


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise ArgumentTypeError(f"{text!r} is no TCP port: 1 to 65535")
    return int(text)
