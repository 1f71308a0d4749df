"""Small damage to good data: bytes, lines and the values of a tree. Everything comes from one seeded ``Random``."""

import json
from copy import deepcopy
from random import Random
from typing import Any

HOSTILE: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 0.5, -0.0, 28.0, 8.5, 1e-320, 1e308, -1e308, float("nan"), float("inf"), -float("inf"),
    2**31, 2**53 + 1, 2**63, -(2**70), 10**400, "", " ", "\x00", "\n", "a\nb", "x" * 5000, "\ud800", "\u202e", "é🙂",
    "NaN", "null", "0.3", "2026-06-01T22:00:00+23:59", "2026-06-01T22:00:00+02:00", "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59.999999-23:59", "2026-02-30T00:00:00Z", "2026-06-01T24:00:00Z", "2026-06-01", "tariff/1.9999",
    [], {}, [[[[]]]], [None], [0.3] * 3000, {"a": {"b": {}}}, {"a\nb": 1},
)  # fmt: skip
TOKENS = (
    b"\x00", b"\xff", b"\xed\xa0\x80", b"{", b"}", b"[", b"]", b"[" * 40, b'"', b"\\", b"\\u0000", b",", b":", b"\n",
    b"=", b"#", b"'", b"'''", b"nan", b"inf", b"-", b"1e999", b"9" * 30, b"9" * 5000, b"null", b"true",
    b"0x", b"1_0", b"[[",
    b"]]", b".", b"  ", b"\r", b"\xef\xbb\xbf", b"2026-01-01", b"07:30",
)  # fmt: skip


def damaged(chance: Random, data: bytes) -> bytes:
    """``data`` after one to four mishaps: bits, bytes, a stretch lost, doubled or moved, the end lost, junk."""
    found = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randint(0, len(found))
        end = min(len(found), at + chance.randint(1, 40))
        match chance.randrange(7):
            case 0 if at < len(found):
                found[at] ^= 1 << chance.randrange(8)
            case 1 if at < len(found):
                found[at] = chance.randrange(256)
            case 2:
                del found[at:end]
            case 3:
                found[at:at] = found[at:end]
            case 4 if chance.random() < 0.3:
                del found[at:]
            case 5:
                stretch = bytes(found[at:end])
                del found[at:end]
                to = chance.randint(0, len(found))
                found[to:to] = stretch
            case _:
                found[at:at] = chance.choice(TOKENS)
    return bytes(found)


def changed(chance: Random, tree: Any, values: tuple[Any, ...] = HOSTILE) -> Any:
    """A copy of a JSON value with one to three of its values replaced, lost, doubled or renamed."""
    found = [deepcopy(tree)]
    for _ in range(chance.randint(1, 3)):
        holder, key = chance.choice(_places(found))
        value = deepcopy(chance.choice(values))
        match chance.randrange(6):
            case 0 if holder is not found:
                del holder[key]
            case 1 if isinstance(holder, list) and holder is not found:
                holder.insert(key, holder[key])
            case 2 if isinstance(holder, dict):
                holder[value if isinstance(value, str) else key] = holder.pop(key)
            case _:
                holder[key] = value
    return found[0]


def text_of(tree: Any) -> bytes:
    """JSON, with NaN and Infinity as Python writes them."""
    return json.dumps(tree).encode()


def _places(tree: Any) -> list[tuple[Any, Any]]:
    places: list[tuple[Any, Any]] = []
    waiting = [tree]
    while waiting:
        holder = waiting.pop()
        for key, value in list(holder.items() if isinstance(holder, dict) else enumerate(holder)):
            places.append((holder, key))
            if isinstance(value, list | dict):
                waiting.append(value)
    return places
