"""What is wrong with a site file: where, why, and what would be right."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

Key = tuple[str | int, ...]  # a path into the file: ("device", 0, "host")


@dataclass(frozen=True, slots=True)
class Finding:
    """A mistake at a key, before its line is known. ``meant`` is the key that an unknown one was probably to be."""

    key: Key
    reason: str
    remedy: str
    meant: Key | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """A mistake at a line, counted from 1; None where the file could not be read. ``key`` is empty outside any key."""

    line: int | None
    key: str
    reason: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.key} " if self.key else ""
        return _visible(f"{place}{self.reason}; {self.remedy}" if self.remedy else f"{place}{self.reason}")


def _visible(sentence: str) -> str:
    """With every invisible character as its code: what was pasted with a value is often what is wrong with it."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in sentence)


class SettingsError(Exception):
    """A site file that cannot be used. ``str()`` has a line for each problem: ``file:line: wrong; right``."""

    def __init__(self, path: Path, problems: Sequence[Problem]) -> None:
        self.path = path
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line or 0))
        super().__init__("\n".join(self._lines()))

    def _lines(self) -> list[str]:
        return [
            f"{self.path}: {problem}" if problem.line is None else f"{self.path}:{problem.line}: {problem}"
            for problem in self.problems
        ]
