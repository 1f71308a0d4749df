"""docs/security.md, made from the marks of the tests: ``python -m tests.security.table`` writes it.

The marks are read from the source, so that no test needs to be imported, whatever it needs itself.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.security.items import Item, items

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "security.md"
HEAD = """\
# Security checklist, and what shows it

Twenty items, each with the tests that try it. Made by `python -m tests.security.table` from the marks of the tests; a
test refuses drift. E: ETSI EN 303 645 · P: UK PSTI · C: CRA, annex I · I: IEC 62443-4-2.

| # | asked | tags | shown | test |
| --- | --- | --- | --- | --- |"""
NOT_YET = "**not shown yet**"


@dataclass(frozen=True, slots=True)
class Shown:
    """What the test ``test`` in ``file`` (from ``tests/`` on) shows of an item."""

    item: int
    shows: str
    file: str
    test: str


def shown(folder: Path = TESTS) -> tuple[Shown, ...]:
    """Every mark in the folder, by file and line."""
    found: list[Shown] = []
    for path in sorted(folder.rglob("test_*.py")):
        text = path.read_text("utf-8")
        if "@security(" in text:
            file = str(path.relative_to(folder))
            found += [Shown(item, shows, file, test) for item, shows, test in _marks(ast.parse(text))]
    return tuple(found)


def _marks(tree: ast.Module) -> Iterator[tuple[int, str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for mark in node.decorator_list:
                if isinstance(mark, ast.Call) and isinstance(mark.func, ast.Name) and mark.func.id == "security":
                    (item,), (words,) = mark.args, mark.keywords
                    yield ast.literal_eval(item), ast.literal_eval(words.value), node.name


def page() -> str:
    """The whole page."""
    found = shown()
    lines = [line for item in items() for line in _lines(item, [one for one in found if one.item == item.number])]
    return "\n".join([HEAD, *lines]) + "\n"


def _lines(item: Item, found: list[Shown]) -> list[str]:
    head = f"| {item.number} | {item.asked} | {item.tags} |"
    if not found:
        return [f"{head} {NOT_YET}; to be tried by: {item.tried_by} | |"]
    lines = []
    for one in found:
        lines.append(f"{head} {one.shows} | `{one.file}::{one.test}` |")
        head = f"| {item.number} | | |"
    return lines


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
