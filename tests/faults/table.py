"""docs/faults.md, made from the marks of the tests: ``python -m tests.faults.table`` writes it."""

from collections.abc import Iterable
from dataclasses import replace
from importlib import import_module
from inspect import getmembers, isclass, isfunction
from pathlib import Path
from types import ModuleType

from tests.faults.catalogue import Promise, Row, rows
from tests.faults.not_covered import NOT_COVERED

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
HEAD = """\
# Faults, and what happens

Every fault that the agent is built for, with the tests that inject it. Made by `python -m tests.faults.table` from
the marks of the tests in `tests/faults`; a test refuses drift, and each test is held to the words of its row: the time
until the battery is left to its device or to our own rule at the longest, committed rows lost, the alarm raised.
A dash: control goes on, no row is at stake, or nothing needs to be told.
"""


def promises() -> tuple[Promise, ...]:
    """Of every test in this folder, with the name of its file and function."""
    found: list[Promise] = []
    for file in sorted(Path(__file__).parent.glob("test_*.py")):
        module = import_module(f"tests.faults.{file.stem}")
        found += [replace(promise, test=f"{file.stem}::{name}") for name, promise in _marked(module)]
    return tuple(found)


def _marked(module: ModuleType) -> Iterable[tuple[str, Promise]]:
    for name, function in getmembers(module, isfunction):
        for mark in getattr(function, "pytestmark", ()):
            if mark.name == "fault" and function.__module__ == module.__name__:
                yield name, mark.args[0]
    assert not [name for name, _ in getmembers(module, isclass) if name.startswith("Test")], "tests are functions here"


def page() -> str:
    """The whole page."""
    lines, group, found = [HEAD], "", promises()
    for row in rows():
        if row.group != group:
            group = row.group
            lines += [f"\n## {group}\n"]
            lines += ["| # | fault | required | injected | neutral | rows lost | alarm | test |"]
            lines += ["| --- | --- | --- | --- | --- | --- | --- | --- |"]
        lines += _lines(row, [promise for promise in found if promise.row == row.number])
    return "\n".join(lines) + "\n"


def _lines(row: Row, shown: list[Promise]) -> list[str]:
    head = f"| {row.number} | {row.fault} | {row.required} |"
    if not shown:
        return [f"{head} **not covered**: {NOT_COVERED[row.number]} | | | | |"]
    lines = []
    for promise in shown:
        neutral = "–" if promise.neutral_s is None else f"≤ {promise.neutral_s:g} s"
        lost = "–" if promise.rows_lost is None else str(promise.rows_lost)
        test = promise.test.partition("::")[2]
        lines.append(f"{head} {promise.injected} | {neutral} | {lost} | {promise.alarm or '–'} | `{test}` |")
        head = f"| {row.number} | | |"
    return lines


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
