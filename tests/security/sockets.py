"""The sockets of a process and all of its children, from /proc: what `ss` shows, without it."""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

TABLES = ("tcp", "tcp6", "udp", "udp6", "raw", "raw6")
LISTEN = "0A"
UNCONNECTED = "07"  # of UDP: bound, and open to everybody


@dataclass(frozen=True, slots=True)
class Socket:
    """``address`` is as the kernel writes it: hexadecimal, each word in the order of the machine."""

    table: str
    address: str
    port: int
    state: str

    @property
    def listens(self) -> bool:
        return self.state == LISTEN if self.table.startswith("tcp") else self.state == UNCONNECTED

    @property
    def is_local(self) -> bool:
        """On 127.0.0.0/8 or ::1."""
        return self.address.endswith("7F") if len(self.address) == 8 else self.address == "0" * 24 + "01000000"


def family_of(pid: int) -> tuple[int, ...]:
    """The process and its children, and theirs; those that are there now."""
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (folder / "stat").read_text().rpartition(")")[2].split()
            parents.setdefault(int(words[1]), []).append(int(folder.name))
    found, waiting = [pid], [pid]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found += children
        waiting += children
    return tuple(found)


def sockets_of(pid: int) -> tuple[Socket, ...]:
    """Every internet socket of the process and its children."""
    held = {inode for one in family_of(pid) for inode in _inodes(one)}
    return tuple(found for table in TABLES for inode, found in _rows(pid, table) if inode in held)


def _inodes(pid: int) -> Iterator[int]:
    with suppress(OSError):
        for descriptor in os.listdir(f"/proc/{pid}/fd"):
            with suppress(OSError):  # closed meanwhile
                named = re.fullmatch(r"socket:\[(\d+)\]", os.readlink(f"/proc/{pid}/fd/{descriptor}"))
                if named is not None:
                    yield int(named[1])


def _rows(pid: int, table: str) -> Iterator[tuple[int, Socket]]:
    for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
        words = line.split()
        address, _, port = words[1].partition(":")
        yield int(words[9]), Socket(table, address, int(port, 16), words[3])
