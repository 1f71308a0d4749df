"""System calls of a run under ``strace -f -y -xx``, played on a ``Disk`` one after the other."""

import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.faults.lossy_disk import Disk, File, Folder

CALLS = (
    "openat,open,close,write,pwrite64,ftruncate,lseek,fsync,fdatasync,fallocate,rename,renameat,renameat2,unlink,"
    "unlinkat,mkdir,mkdirat,rmdir"
)
UNHANDLED = "writev,pwritev,pwritev2,copy_file_range,sendfile,link,linkat,truncate"
LINE = re.compile(r"^(\d+) +(\w+)\((.*)\) = (-?\d+)", re.DOTALL)
UNFINISHED, RESUMED = " <unfinished ...>", re.compile(r"^(\d+) +<\.\.\. \w+ resumed>(.*)$", re.DOTALL)
QUOTED = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
DESCRIPTOR = re.compile(r"^(AT_FDCWD|\d+)(?:<((?:\\x[0-9a-f]{2})*)>)?")


@dataclass(frozen=True, slots=True)
class Call:
    """One call that succeeded. ``texts`` are its strings, ``folder`` what its first descriptor stands for."""

    name: str
    words: str
    texts: tuple[bytes, ...]
    result: int

    @property
    def descriptor(self) -> int:
        found = DESCRIPTOR.match(self.words)
        assert found is not None, self.words
        return -1 if found[1] == "AT_FDCWD" else int(found[1])

    def numbers(self) -> list[int]:
        """The whole numbers among the arguments, behind the descriptor."""
        return [int(word) for word in re.findall(r", (-?\d+)(?=,|$)", QUOTED.sub("-", self.words))]

    def paths(self) -> list[Path]:
        """Those of its strings, taken from the folder that their descriptors stand for."""
        folders = [_decoded(found) for found in re.findall(r"(?:AT_FDCWD|\d+)<((?:\\x[0-9a-f]{2})*)>", self.words)]
        given = [Path(text.decode()) for text in self.texts]
        folders += [b"/"] * len(given)
        return [Path(folder.decode()) / path for folder, path in zip(folders, given, strict=False)]


def traced(command: Sequence[str], log: Path, cwd: Path) -> str:
    """Run ``command`` and write its calls to ``log``. Returns what it said on standard error."""
    strace = ["strace", "-f", "-qq", "-y", "-xx", "-s", "9999999", "-e", "signal=none", "-o", str(log)]
    done = subprocess.run(
        [*strace, "-e", f"trace={CALLS},{UNHANDLED}", *command], cwd=cwd, capture_output=True, text=True, timeout=120.0
    )
    return done.stderr if done.returncode == 0 else f"ended with code {done.returncode}: {done.stderr[-2000:]}"


def calls(log: Path) -> Iterator[Call]:
    """Those that succeeded, in the order in which they ended."""
    begun: dict[str, str] = {}
    for line in log.read_text("ascii").splitlines():
        resumed = RESUMED.match(line)
        if line.endswith(UNFINISHED):
            begun[line.split(maxsplit=1)[0]] = line.removesuffix(UNFINISHED)
            continue
        found = LINE.match(begun.pop(resumed[1]) + resumed[2] if resumed is not None else line)
        if found is not None and int(found[4]) >= 0:
            yield Call(found[2], found[3], tuple(_decoded(text) for text in QUOTED.findall(found[3])), int(found[4]))


class Player:
    """Plays calls on ``disk``. ``said`` is what the run had written to its standard output by then."""

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        self.said = b""
        self._open: dict[int, tuple[File | Folder, int, bool]] = {}  # node, position, whether it appends

    def play(self, call: Call) -> bool:
        """True when the disk, or what is certain of it, has changed."""
        if call.name in ("open", "openat"):
            return self._opened(call)
        if call.name in ("rename", "renameat", "renameat2", "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir"):
            return self._named(call)
        if call.name in ("write", "pwrite64") and call.descriptor == 1:
            self.said += call.texts[0]
            return False
        known = self._open.get(call.descriptor)
        if call.name == "close":
            self._open.pop(call.descriptor, None)
        if known is None or call.name == "close":
            return False
        assert call.name not in UNHANDLED.split(","), f"{call.name} is not played yet"
        return self._on_file(call, *known)

    def _opened(self, call: Call) -> bool:
        (path,) = call.paths()
        self._open.pop(call.result, None)
        if not self.disk.covers(path):
            return False
        node = self.disk.find(path)
        made = node is None
        if node is None:
            node = File()
            self.disk.make(path, node)
        self._open[call.result] = (node, 0, "O_APPEND" in call.words)
        if "O_TRUNC" in call.words and isinstance(node, File) and node.live:
            node.truncate(0)
            return True
        return made

    def _named(self, call: Call) -> bool:
        paths = call.paths()
        if not self.disk.covers(paths[0]):
            return False
        if call.name.startswith("rename"):
            self.disk.rename(*paths)
        elif call.name.startswith("mkdir"):
            self.disk.make(paths[0], Folder())
        else:
            self.disk.remove(paths[0])
        return True

    def _on_file(self, call: Call, node: File | Folder, position: int, appends: bool) -> bool:
        if call.name in ("fsync", "fdatasync"):
            node.sync()
            return True
        assert isinstance(node, File), call
        if call.name == "lseek":
            self._open[call.descriptor] = (node, call.result, appends)
            return False
        if call.name == "pwrite64":
            node.write(call.numbers()[-1], call.texts[0][: call.result])
        elif call.name == "write":
            at = len(node.live) if appends else position
            node.write(at, call.texts[0][: call.result])
            self._open[call.descriptor] = (node, at + call.result, appends)
        elif call.name == "ftruncate":
            node.truncate(call.numbers()[-1])
        elif call.name == "fallocate":
            node.truncate(max(len(node.live), sum(call.numbers()[-2:])))
        return True


def _decoded(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))
