"""docs/rooms.svg, made from the import contracts in pyproject.toml: ``python -m tests.docs.rooms`` writes it."""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

HOUSE = Path(__file__).parents[2]
PICTURE = HOUSE / "docs" / "rooms.svg"

WIDTH = 960
MARGIN, GAP = 16, 8
BOX_HEIGHT, LETTER = 28, 7.6  # LETTER: width of a letter at FONT, generous since fonts differ
NOTE_WIDTH = 190
FONT = "font-family=\"'DejaVu Sans',Verdana,sans-serif\""
PAPER, INK, FAINT_INK, LINE = "#ffffff", "#1f2933", "#52606d", "#9aa5b1"
BANDS = ("#eef2f7", "#f8fafc")
PLAIN, PURE, PURE_LIGHT = "#ffffff", "#fde8b4", "#c9efd2"
LEGEND = (
    (PURE_LIGHT, "no input, output or time, and no numpy"),
    (PURE, "no input, output or time"),
    (PLAIN, "the others"),
)
NO_IO, NO_NUMPY = "socket", "numpy"  # what a contract forbids tells what it is about


@dataclass(frozen=True, slots=True)
class Floor:
    """``rooms`` of one layer. ``strangers``: none may import another."""

    rooms: tuple[str, ...]
    strangers: bool

    @property
    def note(self) -> str:
        if len(self.rooms) == 1:
            return ""
        return "strangers to each other" if self.strangers else "may import each other"


def contracts() -> list[dict[str, object]]:
    """The import contracts as they stand in pyproject.toml."""
    found = tomllib.loads((HOUSE / "pyproject.toml").read_text(encoding="utf-8"))
    linter: dict[str, object] = found["tool"]["importlinter"]
    return [*_tables(linter["contracts"])]


def root_packages() -> list[str]:
    found = tomllib.loads((HOUSE / "pyproject.toml").read_text(encoding="utf-8"))
    return [str(name) for name in found["tool"]["importlinter"]["root_packages"]]


def floors(of: Iterable[dict[str, object]]) -> list[Floor]:
    """The layers, highest first."""
    layers = next(contract["layers"] for contract in of if contract["type"] == "layers")
    return [_floor(layer) for layer in _strings(layers)]


def picture() -> str:
    """The whole SVG."""
    rules = contracts()
    drawn, y = _floors(rules, 64.0)
    beside, y = _beside(rules, y + 30)
    said, y = _sentences(rules, y + 34)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y:.0f}" viewBox="0 0 {WIDTH} {y:.0f}" '
        f'role="img" aria-label="Rooms and floors of the agent" {FONT} font-size="13">'
    )
    paper = f'<rect width="{WIDTH}" height="{y:.0f}" rx="8" fill="{PAPER}" stroke="{LINE}"/>'
    title = _text(MARGIN, 26, "agent: a room imports from the floors below it, never from above", bold=True)
    return "\n".join([head, paper, title, *_legend(), *drawn, *beside, *said, "</svg>", ""])


def _floor(layer: str) -> Floor:
    for mark, strangers in ((" | ", True), (" : ", False)):
        if mark in layer:
            return Floor(tuple(_short(room) for room in layer.split(mark)), strangers)
    return Floor((_short(layer),), True)


def _floors(rules: list[dict[str, object]], y: float) -> tuple[list[str], float]:
    lines: list[str] = []
    pure, without_numpy = _held_to(rules, NO_IO), _held_to(rules, NO_NUMPY)
    for number, floor in enumerate(floors(rules)):
        rows = _rows(floor.rooms, WIDTH - 2 * MARGIN - NOTE_WIDTH - 2 * GAP)
        height = len(rows) * (BOX_HEIGHT + GAP) + GAP
        lines.append(_rect(MARGIN, y, WIDTH - 2 * MARGIN, height, BANDS[number % 2], "none"))
        for index, row in enumerate(rows):
            x = float(MARGIN + GAP)
            for room in row:
                fill = PLAIN if room not in pure else PURE_LIGHT if room in without_numpy else PURE
                lines += _box(x, y + GAP + index * (BOX_HEIGHT + GAP), room, fill)
                x += _box_width(room) + GAP
        lines.append(_text(WIDTH - MARGIN - GAP, y + height / 2 + 4, floor.note, faint=True, end=True))
        y += height
    return lines, y


def _beside(rules: list[dict[str, object]], y: float) -> tuple[list[str], float]:
    """The packages that are not the agent's, each with the packages that it must not import."""
    lines = [_text(MARGIN, y, "beside it", bold=True)]
    y += 12
    roots = root_packages()
    for package in roots:
        if package == "agent":
            continue
        closed = [name for name in roots if name in _forbidden_to(package, rules)]
        lines += _box(float(MARGIN + GAP), y, package, PLAIN)
        note = f"imports nothing of {', '.join(closed)}" if closed else "may import all"
        lines.append(_text(MARGIN + GAP + 140, y + 18, note, faint=True))
        y += BOX_HEIGHT + GAP
    return lines, y


def _sentences(rules: list[dict[str, object]], y: float) -> tuple[list[str], float]:
    lines = [_text(MARGIN, y - 12, "held by lint-imports", bold=True)]
    for rule in rules:
        y += 20
        lines.append(_text(MARGIN + GAP, y - 12, f"– {rule['name']}", faint=True))
    return lines, y + 6


def _legend() -> list[str]:
    lines, x = [], float(MARGIN)
    for fill, meaning in LEGEND:
        lines.append(_rect(x, 38, 14, 14, fill, LINE))
        lines.append(_text(x + 20, 50, meaning, faint=True))
        x += 44 + len(meaning) * LETTER
    return lines


def _held_to(rules: list[dict[str, object]], forbidden: str) -> set[str]:
    """The rooms that a contract keeps from ``forbidden``."""
    modules = [_strings(rule["source_modules"]) for rule in rules if forbidden in _closed(rule)]
    return {_short(module) for found in modules for module in found}


def _forbidden_to(package: str, rules: list[dict[str, object]]) -> set[str]:
    held = [rule for rule in rules if rule["type"] == "forbidden" and package in _strings(rule["source_modules"])]
    return {module for rule in held for module in _closed(rule)}


def _closed(rule: dict[str, object]) -> list[str]:
    return _strings(rule.get("forbidden_modules", []))


def _rows(rooms: Sequence[str], width: float) -> list[list[str]]:
    rows: list[list[str]] = [[]]
    taken = 0.0
    for room in rooms:
        needed = _box_width(room) + GAP
        if rows[-1] and taken + needed > width:
            rows.append([])
            taken = 0.0
        rows[-1].append(room)
        taken += needed
    return rows


def _box(x: float, y: float, name: str, fill: str) -> list[str]:
    width = _box_width(name)
    middle = f'<text x="{x + width / 2:.0f}" y="{y + 18:.0f}" text-anchor="middle" fill="{INK}">{escape(name)}</text>'
    return [_rect(x, y, width, BOX_HEIGHT, fill, LINE), middle]


def _box_width(name: str) -> float:
    return 24 + len(name) * LETTER


def _rect(x: float, y: float, width: float, height: float, fill: str, stroke: str) -> str:
    place = f'x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{height:.0f}"'
    return f'<rect {place} rx="4" fill="{fill}" stroke="{stroke}"/>'


def _text(x: float, y: float, said: str, bold: bool = False, faint: bool = False, end: bool = False) -> str:
    style = ' font-weight="bold"' * bold + ' text-anchor="end"' * end + f' fill="{FAINT_INK if faint else INK}"'
    return f'<text x="{x:.0f}" y="{y:.0f}"{style}>{escape(said)}</text>'


def _short(module: str) -> str:
    return module.removeprefix("agent.")


def _strings(found: object) -> list[str]:
    assert isinstance(found, list)
    return [str(one) for one in found]


def _tables(found: object) -> list[dict[str, object]]:
    assert isinstance(found, list)
    return [dict(one) for one in found]


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
