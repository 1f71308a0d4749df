"""Which releases of the lock a target gets, each with the hashes that its wheel may have."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import Marker

from systemd.package.target import Target

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "lock"
SETS = ("runtime", "console")
# Of what the lock brings, this is not installed.
LEFT_OUT = {"pip": "sqlite-utils asks for it, to install plug-ins of its command; releases come as packages"}
_RELEASE = re.compile(r"([a-z0-9.-]+)==([^\s;]+)(?: ; (.+?))?((?: --hash=sha256:[0-9a-f]{64})+)$")


@dataclass(frozen=True, slots=True)
class Release:
    """``hashes`` are SHA-256, one for each file of the release that may be taken."""

    name: str
    version: str
    hashes: tuple[str, ...]

    @property
    def line(self) -> str:
        """As a file of requirements has it."""
        return f"{self.name}=={self.version} " + " ".join(f"--hash=sha256:{one}" for one in self.hashes)


def releases(target: Target, lock: Path = LOCK) -> list[Release]:
    """What is installed there, by name. Raises ValueError for a line of the lock that is not understood."""
    found = {release.name: release for name in SETS for release in _read(lock / f"{name}.txt", target)}
    return [found[name] for name in sorted(found) if name not in LEFT_OUT]


def _read(path: Path, target: Target) -> Iterator[Release]:
    for line in re.sub(r"\s*\\\n\s*", " ", path.read_text("utf-8")).splitlines():
        if not line or line.startswith(("#", "-")):
            continue
        match = _RELEASE.match(line)
        if match is None:
            raise ValueError(f"{path}: {line[:60]} is no release with its hashes")
        name, version, marker, hashes = match.groups()
        if marker is None or Marker(marker).evaluate(target.markers()):
            yield Release(name, version, tuple(re.findall(r"sha256:([0-9a-f]{64})", hashes)))
