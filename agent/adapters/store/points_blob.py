"""The points of a minute as bytes: thousandths as whole numbers, seven bits a byte, so that most take three bytes.

Each number is 0 for what is missing, else one more than its zigzag code (0, -1, 1, -2 ... become 0, 1, 2, 3 ...),
least significant bits first, and every byte but the last of a number has its highest bit set (LEB128).
"""

import json
from collections.abc import Sequence


def to_blob(points: Sequence[float | None], length: int) -> bytes:
    """``length`` numbers to a thousandth; what is not given is missing. Raises ValueError for what is no number."""
    found = bytearray()
    for value in points:
        code = 0
        if value is not None:
            thousandths = round(round(value, 3) * 1000)
            code = 1 + (2 * thousandths if thousandths >= 0 else -2 * thousandths - 1)
        while code > 0x7F:
            found.append(0x80 | code & 0x7F)
            code >>= 7
        found.append(code)
    found.extend(bytes(length - len(points)))
    return bytes(found)


def from_blob(stored: object) -> list[float | None]:
    """The numbers as they were given, to a thousandth. Minutes of schema 3 and before have them as JSON text."""
    if not isinstance(stored, bytes):
        read: list[float | None] = json.loads(str(stored))
        return read
    found: list[float | None] = []
    code = shift = 0
    for byte in stored:
        if byte & 0x80:
            code |= (byte & 0x7F) << shift
            shift += 7
            continue
        code |= byte << shift
        if code & 1:
            found.append((code >> 1) / 1000)
        else:
            found.append((code >> 1) / -1000 if code else None)
        code = shift = 0
    return found
