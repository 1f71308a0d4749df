"""On which line of a TOML text each key stands.

The text has been read by tomllib before, so it is known to be valid; this only walks it again and counts lines.
"""

import re
from bisect import bisect_right

from agent.settings.problems import Key

_BARE = re.compile(r"[A-Za-z0-9_\-]+")
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SCALAR = re.compile(r"[^,\]}#\n]*")
_STRINGS = (  # the longer quotation marks first
    re.compile(r'"""(?:\\.|[^\\])*?"{3,5}(?!")', re.DOTALL),
    re.compile(r"'''.*?'{3,5}(?!')", re.DOTALL),
    re.compile(r'"(?:\\.|[^"\\])*"'),
    re.compile(r"'[^']*'"),
)


def key_lines(text: str) -> dict[Key, int]:
    """The line, from 1, of every key, table and array item of ``text``, which must be valid TOML."""
    return _Walk(text).lines


class _Walk:
    """One pass over the text."""

    def __init__(self, text: str) -> None:
        self.lines: dict[Key, int] = {}
        self._text, self._at = text, 0
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._counts: dict[Key, int] = {}  # how many tables each array of tables has
        table: Key = ()
        while self._skip_blank():
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _skip_blank(self) -> bool:
        """Go to the next character that counts; False at the end of the text."""
        self._match(_BLANK)
        return self._at < len(self._text)

    def _match(self, pattern: re.Pattern[str]) -> str | None:
        match = pattern.match(self._text, self._at)
        if match is None:
            return None
        self._at = match.end()
        return match.group()

    def _note(self, key: Key, at: int | None = None) -> None:
        self.lines.setdefault(key, bisect_right(self._starts, self._at if at is None else at))

    def _header(self) -> Key:
        at = self._at
        brackets = 2 if self._text.startswith("[[", at) else 1
        self._at += brackets
        *parents, last = self._dotted()
        self._at += brackets
        table = self._resolved((), parents)
        if brackets == 2:
            name = (*table, last)
            self._note(name, at)
            number = self._counts.get(name, 0)
            self._counts[name] = number + 1
            table = (*name, number)
        else:
            table = (*table, last)
        self._note(table, at)
        return table

    def _resolved(self, table: Key, parts: list[str]) -> Key:
        """``table`` and ``parts`` as one key; a name of an array of tables means its newest table."""
        for part in parts:
            table = (*table, part)
            if table in self._counts:
                table = (*table, self._counts[table] - 1)
        return table

    def _dotted(self) -> list[str]:
        parts = []
        while True:
            self._skip_blank()
            quoted = self._string()
            parts.append(self._match(_BARE) or "" if quoted is None else quoted[1:-1])
            self._skip_blank()
            if not self._text.startswith(".", self._at):
                return parts
            self._at += 1

    def _string(self) -> str | None:
        for pattern in _STRINGS:
            found = self._match(pattern)
            if found is not None:
                return found
        return None

    def _pair(self, table: Key) -> None:
        at = self._at
        key = table
        for part in self._dotted():
            key = (*key, part)
            self._note(key, at)
        self._at += 1  # the equals sign
        self._skip_blank()
        self._value(key)

    def _value(self, key: Key) -> None:
        opening = self._text[self._at]
        if opening == "[":
            self._items(key, "]")
        elif opening == "{":
            self._items(key, "}")
        elif self._string() is None:
            self._match(_SCALAR)

    def _items(self, key: Key, closing: str) -> None:
        """The items of an array or the pairs of an inline table, up to ``closing``."""
        self._at += 1
        number = 0
        while self._skip_blank() and self._text[self._at] != closing:
            if closing == "}":
                self._pair(key)
            else:
                self._note((*key, number))
                self._value((*key, number))
            number += 1
            self._skip_blank()
            if self._text[self._at] == ",":
                self._at += 1
        self._at += 1
