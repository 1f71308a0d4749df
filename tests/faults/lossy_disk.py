"""A folder as a disk would hold it after a power cut: rebuilt from the system calls of a real run, at any of them.

What fsync or fdatasync of a file has covered is there. Any other write may be there, be missing, or be there in part,
sector by sector and in any order; a name that was made, changed or removed may not be until its folder was synced, but
names of one folder change in their order, as on every journalling file system. This is at least as bad as ext4 is.
"""

from dataclasses import dataclass, field
from pathlib import Path
from random import Random

SECTOR_BYTES = 512
WORST, BEST, TORN = "worst", "best", "torn"


@dataclass(slots=True)
class File:
    """``synced`` is on the disk for certain; ``writes`` are (offset, bytes) since, None as bytes for a new length."""

    synced: bytearray = field(default_factory=bytearray)
    live: bytearray = field(default_factory=bytearray)
    writes: list[tuple[int, bytes | None]] = field(default_factory=list)

    def write(self, offset: int, content: bytes) -> None:
        self.writes.append((offset, content))
        _put(self.live, offset, content)

    def truncate(self, length: int) -> None:
        self.writes.append((length, None))
        _cut(self.live, length)

    def sync(self) -> None:
        self.synced, self.writes = bytearray(self.live), []

    def after_cut(self, how: str, chance: Random) -> bytes:
        if how == BEST:
            return bytes(self.live)
        content = bytearray(self.synced)
        for offset, written in self.writes if how == TORN else ():
            fate = chance.random()
            if fate < 0.35:
                continue
            if written is None:
                _cut(content, offset)
            elif fate < 0.7:
                _put(content, offset, written)
            else:
                _tear(content, offset, written, chance)
        return bytes(content)


@dataclass(slots=True)
class Folder:
    """``synced`` and ``live`` names; ``changes`` are steps since the last sync: what each sets the names to."""

    synced: dict[str, "Node"] = field(default_factory=dict)
    live: dict[str, "Node"] = field(default_factory=dict)
    changes: list[dict[str, "Node"]] = field(default_factory=list)

    def change(self, names: dict[str, "Node"]) -> None:
        self.live = names
        self.changes.append(names)

    def sync(self) -> None:
        self.synced, self.changes = self.live, []

    def after_cut(self, how: str, chance: Random) -> dict[str, "Node"]:
        if how == WORST or not self.changes:
            return self.synced
        return self.live if how == BEST else chance.choice([self.synced, *self.changes])


Node = File | Folder


class Disk:
    """The tree below ``root``, whose content at the beginning is taken for synced."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._tree = _read(root)

    def covers(self, path: Path) -> bool:
        return path.is_relative_to(self._root)

    def find(self, path: Path) -> Node | None:
        node: Node | None = self._tree
        for name in path.relative_to(self._root).parts:
            node = node.live.get(name) if isinstance(node, Folder) else None
        return node

    def make(self, path: Path, node: Node) -> None:
        folder = self._folder(path)
        folder.change({**folder.live, path.name: node})

    def remove(self, path: Path) -> None:
        folder = self._folder(path)
        folder.change({name: node for name, node in folder.live.items() if name != path.name})

    def rename(self, old: Path, new: Path) -> None:
        """Within one folder in one step, as rename(2) promises."""
        node = self.find(old)
        assert node is not None, old
        assert old.parent == new.parent, "a rename into another folder is not used"
        folder = self._folder(old)
        names = {name: known for name, known in folder.live.items() if name != old.name}
        folder.change({**names, new.name: node})

    def after_cut(self, target: Path, how: str, chance: Random) -> None:
        """Write what is left into ``target``, an empty folder."""
        _lay_out(self._tree, target, how, chance)

    def _folder(self, path: Path) -> Folder:
        found = self.find(path.parent)
        assert isinstance(found, Folder), path
        return found


def _read(path: Path) -> Node:
    if path.is_dir():
        names = {entry.name: _read(entry) for entry in path.iterdir()}
        return Folder(names, names)
    content = bytearray(path.read_bytes())
    return File(content, bytearray(content))


def _lay_out(folder: Node, target: Path, how: str, chance: Random) -> None:
    assert isinstance(folder, Folder)
    for name, node in folder.after_cut(how, chance).items():
        if isinstance(node, Folder):
            target.joinpath(name).mkdir()
            _lay_out(node, target / name, how, chance)
        else:
            target.joinpath(name).write_bytes(node.after_cut(how, chance))


def _put(content: bytearray, offset: int, written: bytes) -> None:
    content.extend(bytes(max(0, offset - len(content))))
    content[offset : offset + len(written)] = written


def _cut(content: bytearray, length: int) -> None:
    content.extend(bytes(max(0, length - len(content))))
    del content[length:]


def _tear(content: bytearray, offset: int, written: bytes, chance: Random) -> None:
    """Some sectors of it, each for itself."""
    at = 0
    while at < len(written):
        size = SECTOR_BYTES - (offset + at) % SECTOR_BYTES
        if chance.random() < 0.5:
            _put(content, offset + at, written[at : at + size])
        at += size
