"""The file of a captured device: JSON that a person can read and compare, a line a register or run of registers.

``registers`` are by table and PDU address: neighbours that never changed as their words (``21365 28243``), a register
that changed as its series (``2301 +3 =5 -1``, see ``drivers.dumps.series``). ``rounds_ms`` is when each round began,
``asked`` every span that was read, with the median time to an answer in ms and its outcomes by round where it was
refused or not answered. ``write_only`` are registers that steer and were not read. ``expected`` are the values, in our
signs and units, that the registers of its round mean.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import get_args

from drivers.device import Span, Table
from drivers.dumps.dump import Asked, Dump, Expected, Outcome
from drivers.dumps.series import Series, from_text, series_of, to_text
from drivers.reading import Quantity
from drivers.registry import check_options

FORMAT = "enalysis-edge device dump"
VERSION = 1

_TABLES: tuple[Table, ...] = get_args(Table)
_QUANTITIES = frozenset(quantity.value for quantity in Quantity)
_SPAN = re.compile(r"(holding|input) (\d{1,5}) (\d{1,3})", re.ASCII)
_WORD = 0xFFFF
_MOST_CODE = 255
_MOST_ROUNDS = 10_000_000
_LONGEST_ANSWER_MS = 60_000.0
_HUGE = 1e300
_LEVELS = {"registers": 3, "asked": 2, "expected": 3}  # of the file that are lines


class DumpUnreadable(ValueError):
    """The file is no dump that can be used. ``str()`` is one sentence with the file, the place and the reason."""


def written(dump: Dump) -> str:
    """The text of the file."""
    expected = dump.expected
    document = {
        "format": FORMAT,
        "version": VERSION,
        "family": dump.family,
        "options": dict(dump.options),
        "unit_id": dump.unit_id,
        "rounds_ms": to_text(series_of(list(enumerate(dump.offsets_ms)))),
        "registers": {table: dict(_runs(dump.words[table])) for table in _TABLES if dump.words.get(table)},
        "asked": {f"{span.table} {span.address} {span.count}": _asked(dump.asked[span]) for span in _in_order(dump)},
        "write_only": sorted(dump.write_only),
        "expected": None if expected is None else {"round": expected.round, "values": dict(expected.values)},
    }
    return _laid_out(document, 1) + "\n"


def read_dump(path: Path) -> Dump:
    """Raises DumpUnreadable."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DumpUnreadable(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise DumpUnreadable(f"{path}: this is no dump of a device: it is no text") from None
    try:
        return parsed(text)
    except ValueError as error:
        raise DumpUnreadable(f"{path}: {error}") from None


def parsed(text: str) -> Dump:
    """Raises ValueError with one sentence that names place and reason."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(
            f"this is no dump of a device, or only a part of one: line {error.lineno}: {error.msg}"
        ) from None
    except (RecursionError, ValueError):  # too deep, or a number with thousands of digits
        raise ValueError("this is no dump of a device") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError(f'this is no dump of a device: "format" is not "{FORMAT}"')
    if document.get("version") != VERSION:
        raise ValueError(f"it is of version {document.get('version')!r}: this program reads version {VERSION}")
    family, options = _text(document, "family"), _table(document, "options")
    check_options(family, options)
    offsets_ms = _offsets(_text(document, "rounds_ms"))
    words = _words(_table(document, "registers"), len(offsets_ms))
    return Dump(
        family,
        options,
        _whole(document.get("unit_id"), '"unit_id"', 255),
        offsets_ms,
        words,
        _spans(_table(document, "asked"), len(offsets_ms)),
        None if document.get("expected") is None else _expected(_table(document, "expected"), len(offsets_ms)),
        _addresses(document.get("write_only", [])),
    )


def _in_order(dump: Dump) -> list[Span]:
    return sorted(dump.asked, key=lambda span: (span.table, span.address, span.count))


def _runs(words: Mapping[int, Series[int]]) -> Iterator[tuple[str, str]]:
    """Neighbours without a change in one entry, and each register that changed in one of its own."""
    run: list[int] = []
    start = 0
    for address in sorted(words):
        constant = len(words[address].changes) == 1
        if run and (not constant or address != start + len(run)):
            yield str(start), " ".join(map(str, run))
            run = []
        if not constant:
            yield str(address), to_text(words[address])
            continue
        if not run:
            start = address
        run.append(words[address].at(0))
    if run:
        yield str(start), " ".join(map(str, run))


def _asked(asked: Asked) -> dict[str, object]:
    found: dict[str, object] = {"ms": None if asked.answer_s is None else round(asked.answer_s * 1000.0, 1)}
    if set(asked.outcomes.values) != {"answered"}:
        found["outcomes"] = [[number, outcome] for number, outcome in asked.outcomes.changes]
    return found


def _laid_out(value: object, levels: int, level: int = 1) -> str:
    """JSON with the entries of so many levels on lines of their own."""
    if not isinstance(value, dict) or not value or level > levels:
        return json.dumps(value, allow_nan=False)
    lines = [
        f"{' ' * level}{json.dumps(key)}: {_laid_out(entry, _LEVELS.get(key, levels), level + 1)}"
        for key, entry in value.items()
    ]
    return "{\n" + ",\n".join(lines) + "\n" + " " * (level - 1) + "}"


def _text(table: Mapping[str, object], key: str) -> str:
    found = table.get(key)
    if not isinstance(found, str) or not found.strip():
        raise ValueError(f'"{key}" is missing or no text')
    return found


def _table(table: Mapping[str, object], key: str) -> Mapping[str, object]:
    found = table.get(key)
    if not isinstance(found, dict):
        raise ValueError(f'"{key}" is missing or no table')
    return found


def _whole(value: object, place: str, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise ValueError(f"{place} is {value!r}: it must be a whole number from 0 to {most}")
    return value


def _offsets(text: str) -> tuple[int, ...]:
    try:
        series = from_text(text, _MOST_ROUNDS)
    except ValueError as error:
        raise ValueError(f'"rounds_ms" {error}') from None
    offsets = series.values
    if series.changes[-1][0] != len(offsets) - 1 or any(later <= earlier for earlier, later in pairwise(offsets)):
        raise ValueError('"rounds_ms" holds a round that is not later than the one before')
    return offsets


def _words(tables: Mapping[str, object], rounds: int) -> dict[Table, dict[int, Series[int]]]:
    found: dict[Table, dict[int, Series[int]]] = {}
    for table in tables:
        if table not in _TABLES:
            raise ValueError(f'"registers" holds {table!r}: it may hold {" and ".join(_TABLES)}')
    for table in _TABLES:
        there = found[table] = {}
        for key in _table(tables, table) if table in tables else ():
            place = f"{table} register {key}"
            address = _whole(int(key) if key.isascii() and key.isdigit() else key, place, _WORD)
            for at, series in _registers(_text(_table(tables, table), key), address, rounds, place):
                if at in there:
                    raise ValueError(f"{place}: register {at} stands there twice")
                there[at] = series
    if not any(found.values()):
        raise ValueError('"registers" holds none')
    return found


def _registers(text: str, address: int, rounds: int, place: str) -> Iterator[tuple[int, Series[int]]]:
    """A run of words, or the series of one register."""
    run = text.split()
    if all(word.isascii() and word.isdigit() for word in run):
        found = [(address + i, Series(((0, int(word)),))) for i, word in enumerate(run)]
    else:
        try:
            found = [(address, from_text(text, rounds))]
        except ValueError as error:
            raise ValueError(f"{place} {error}") from None
    for at, series in found:
        _whole(at, f"{place}: the address of a word", _WORD)
        for word in series.values:
            _whole(word, f"{place}: the word at {at}", _WORD)
        yield at, series


def _addresses(found: object) -> frozenset[int]:
    if not isinstance(found, list):
        raise ValueError('"write_only" is no list')
    return frozenset(_whole(address, 'an address of "write_only"', _WORD) for address in found)


def _spans(table: Mapping[str, object], rounds: int) -> dict[Span, Asked]:
    found = {}
    for key in table:
        match = _SPAN.fullmatch(key)
        if match is None:
            raise ValueError(f'"asked" holds {key!r}, which is no table with address and count')
        kind: Table = "holding" if match[1] == "holding" else "input"
        span = Span(kind, _whole(int(match[2]), f'the address of "{key}"', _WORD), int(match[3]))
        found[span] = _asked_from(_table(table, key), key, rounds)
    return found


def _asked_from(entry: Mapping[str, object], key: str, rounds: int) -> Asked:
    answer_ms = entry.get("ms")
    if answer_ms is not None and not _is_number(answer_ms, 0.0, _LONGEST_ANSWER_MS):
        raise ValueError(f'"ms" of "{key}" is {answer_ms!r}: it must be a time in ms')
    answer_s = answer_ms / 1000.0 if isinstance(answer_ms, int | float) else None
    outcomes = entry.get("outcomes", [[0, "answered"]])
    if not isinstance(outcomes, list) or not outcomes:
        raise ValueError(f'"outcomes" of "{key}" are no list')
    changes: list[tuple[int, Outcome]] = []
    for pair in outcomes:
        if not isinstance(pair, list) or len(pair) != 2:
            raise ValueError(f'"outcomes" of "{key}" holds {pair!r}: it must be a round and what came of it')
        number = _whole(pair[0], f'the round of an outcome of "{key}"', rounds - 1)
        if bool(changes) is not (number > (changes[-1][0] if changes else 0)):
            raise ValueError(f'the outcomes of "{key}" begin at round 0 and follow each other')
        outcome = pair[1]
        if outcome not in ("answered", "silent"):
            outcome = _whole(outcome, f'an outcome of "{key}"', _MOST_CODE)
        changes.append((number, outcome))
    return Asked(answer_s, Series(tuple(changes)))


def _expected(table: Mapping[str, object], rounds: int) -> Expected:
    values: dict[str, float | None] = {}
    for name, value in _table(table, "values").items():
        if name not in _QUANTITIES:
            raise ValueError(f'"expected" holds {name!r}, which is no quantity')
        if value is not None and not _is_number(value, -math.inf, math.inf):
            raise ValueError(f'"expected" {name} is {value!r}: it must be a number or null')
        values[name] = float(value) if isinstance(value, int | float) else None
    return Expected(_whole(table.get("round"), 'the round of "expected"', rounds - 1), values)


def _is_number(value: object, low: float, high: float) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return low <= value <= high and abs(value) < _HUGE
