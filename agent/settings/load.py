"""The site file becomes Settings, or a list of everything that is wrong with it.

What explains a wrong file is loaded for a wrong file alone: the daemon and the console live with a good one.
"""

import re
import stat
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agent.settings.checks import check
from agent.settings.problems import Finding, Key, Problem, SettingsError
from agent.settings.schema import Settings

__all__ = ["LARGEST_FILE", "SettingsError", "load", "placed"]

LARGEST_FILE = 1024 * 1024
_PLACE = re.compile(r" \(at (?:line (?P<line>\d+), column \d+|end of document)\)$")
_DECIMAL_COMMA = re.compile(r"=\s*[+-]?\d+,\d+\s*(#.*)?$")
_CURLY = re.compile("[\u201c\u201d\u2018\u2019\u201e]")
_BARE_WORD = re.compile(r"=\s*[A-Za-z][A-Za-z ]*\s*(#.*)?$")
_UNIT = re.compile(r"=\s*[+-]?[\d.]+\s*[A-Za-z%]+\s*(#.*)?$")
_SPLIT_NUMBER = re.compile(r"=\s*[+-]?\d{1,3}([ '.]\d{3})+(?:,\d+)?\s*(#.*)?$")
_LEADING_ZERO = re.compile(r"=\s*[+-]?0\d+\s*(#.*)?$")
_NO_ZERO = re.compile(r"=\s*[+-]?\.\d+\s*(#.*)?$")
_OPEN_NUMBER = re.compile(r"^[^#\"'\n]*=[^#\"'\n]*[0-9]\Z", re.MULTILINE)
_CLOCK = re.compile(r"=\s*\d{1,2}:\d{2}\s*(#.*)?$")


def load(path: Path) -> Settings:
    """Read, parse and check a site file. Raises SettingsError, and nothing else, for anything that is wrong with it."""
    text = _read(path)
    tables = _parsed(path, text)
    if too_large := list(_too_large(tables, ())):
        raise SettingsError(path, _placed(too_large, text, tables))
    try:
        settings = Settings.model_validate(tables, context={"folder": path.absolute().parent})
    except ValidationError as error:
        raise SettingsError(path, _placed(_explained(error, tables), text, tables)) from None
    found = check(settings)
    if found:
        raise SettingsError(path, _placed(found, text, tables))
    if _OPEN_NUMBER.search(text):  # "unit_id = 21" would become unit 2 where a file is cut off
        remedy = "the file may be cut off; if it is whole, end its last line with a line break"
        raise _refusal(path, len(text.splitlines()), "this number is the end of the file, without a line break", remedy)
    return settings


def placed(path: Path, found: list[Finding]) -> SettingsError:
    """Findings about a file that ``load`` took, each with its line, as an error that nobody raises."""
    text = _read(path)
    return SettingsError(path, _placed(found, text, _parsed(path, text)))


@cache
def schema() -> dict[str, Any]:
    """The JSON schema of the site file as pydantic makes it."""
    return Settings.model_json_schema(by_alias=True)


def _read(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            kind = "a folder" if stat.S_ISDIR(mode) else "not a file"
            raise _refusal(path, None, f"this is {kind}", "name the site file itself")
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        remedy = "`enalysis-edge configure` makes one, or copy site.example.toml and edit it"
        raise _refusal(path, None, "there is no such file", remedy) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise _refusal(path, None, f"cannot be read: {reason.lower()}", "see its owner and permissions") from None
    if len(content) > LARGEST_FILE:
        raise _refusal(
            path, None, "this is larger than 1 MiB", "a site file has a few kilobytes; is this the right one?"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise _refusal(path, line, "this line is not UTF-8 text", "save the file as UTF-8") from None


def _parsed(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        from agent.settings.explain import EXAMPLE

        raise _refusal(path, None, "tables or lists are nested too deeply", EXAMPLE) from None
    except ValueError as error:
        reason = "a number has too many digits" if "int_max_str_digits" in str(error) else str(error)
        place = _PLACE.search(reason)
        lines = text.splitlines() or [""]
        line = int(place["line"]) if place and place["line"] else (len(lines) if place else None)
        reason = reason[: place.start()] if place else reason
        faulty = lines[min(line, len(lines)) - 1] if line else ""
        raise _refusal(path, line, f"this is not TOML: {_lower(reason)}", _syntax_remedy(reason, faulty)) from None


def _too_large(value: Any, key: Key) -> Iterator[Finding]:
    """Integers beyond the 64 bits that TOML has; nothing below has to reckon with them."""
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        yield Finding(key, "is a number of more than 64 bits", "write a smaller one")
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for part, item in items:
        yield from _too_large(item, (*key, part))


def _syntax_remedy(reason: str, line: str) -> str:
    """What the line probably should have been. The line itself is not shown: it may hold a secret."""
    if _CURLY.search(line):
        return 'use straight quotation marks: "text"'
    if _DECIMAL_COMMA.search(line):
        return "write decimal numbers with a point: 0.28"
    if _CLOCK.search(line):
        return 'write times in quotation marks: "07:30"'
    if _UNIT.search(line):
        return "write the number alone, without its unit"
    if _BARE_WORD.search(line):
        return 'write text in quotation marks: key = "text"'
    if "overwrite" in reason or "declare" in reason or "twice" in reason:
        return "a key or a section may stand in the file only once; a list of sections has [[two brackets]]"
    if _LEADING_ZERO.search(line):
        return "write the number without zeros before it: 10000"
    if _SPLIT_NUMBER.search(line):
        return "write the number in one piece, without signs between the thousands: 17000"
    if _NO_ZERO.search(line):
        return "write a zero before the point: 0.28"
    if "Unclosed" in reason or "Unterminated" in reason:
        return "the file may be cut off, or a bracket or a quotation mark is not closed"
    return 'a line is key = value, [section], or a comment after #; text stands in "quotation marks"'


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _refusal(path: Path, line: int | None, reason: str, remedy: str) -> SettingsError:
    return SettingsError(path, [Problem(line, "", reason, remedy)])


def _explained(error: ValidationError, tables: dict[str, Any]) -> list[Finding]:
    from agent.settings.explain import findings
    from agent.settings.schema_lookup import Catalogue

    return findings(error, tables, Catalogue(schema(), tables))


def _placed(found: list[Finding], text: str, tables: dict[str, Any]) -> list[Problem]:
    from agent.settings.lines import key_lines
    from agent.settings.schema_lookup import Catalogue

    catalogue, lines = Catalogue(schema(), tables), key_lines(text)
    last = len(text.splitlines()) or 1
    return [
        Problem(_line(finding.key, lines, last), catalogue.name(finding.key), finding.reason, finding.remedy)
        for finding in found
    ]


def _line(key: Key, lines: dict[Key, int], last: int) -> int:
    """The line of ``key``, or of the section it should be in, or the file's last line."""
    for depth in range(len(key), 0, -1):
        if key[:depth] in lines:
            return lines[key[:depth]]
        inside = [line for other, line in lines.items() if other[:depth] == key[:depth]]
        if inside:
            return min(inside)
    return last
