"""A strict reader of the protocol-buffer wire format, as far as ONNX files use it. It allocates nothing but offsets.

Stricter than protobuf's own readers, which skip unknown fields, merge repeated ones and let the last value win: what
they would not see alike is refused. Wire format: protobuf.dev/programming-guides/encoding.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_TAG_INT, _TAG_FLOAT, _TAG_STRING = 0x40, 0x3D, 0x4A  # AttributeProto: ints = 8, floats = 7, strings = 9
_INTS = re.compile(rb"(?:\x40[\x80-\xff]{0,9}+[\x00-\x7f])++")
_FLOATS = re.compile(rb"(?:\x3d[\x00-\xff]{4})++")
# A forest names the kind of every node, 100,000 times the same few words.
_KINDS = (b"LEAF", b"BRANCH_LEQ", b"BRANCH_LT", b"BRANCH_GTE", b"BRANCH_GT", b"BRANCH_EQ", b"BRANCH_NEQ")
_KNOWN = re.compile(rb"(?:\x4a(?:" + b"|".join(bytes([len(kind)]) + kind for kind in _KINDS) + rb"))++")
_LONGEST_VARINT = 10
_LONGEST_INT = 5  # of an element of a list: 35 bits, far beyond any index in a file of 20 MB


class WireFault(ValueError):
    """The bytes are not the message that was expected. ``str()`` is the rest of a sentence that begins with it."""


@dataclass(frozen=True, slots=True)
class Span:
    """A part of the file, ``content[start:end]``."""

    content: bytes
    start: int
    end: int

    def raw(self) -> bytes:
        return self.content[self.start : self.end]

    def text(self) -> str:
        """Its bytes as UTF-8. Raises WireFault."""
        try:
            return self.raw().decode()
        except UnicodeDecodeError as error:
            raise WireFault("it has a name that is not UTF-8") from error


@dataclass(slots=True)
class Message:
    """The fields of one message by their number, in the order of the file."""

    name: str
    numbers: dict[int, list[int]] = field(default_factory=dict)
    spans: dict[int, list[Span]] = field(default_factory=dict)

    def number(self, field_number: int, default: int = 0) -> int:
        return self.numbers.get(field_number, [default])[0]

    def text(self, field_number: int) -> str:
        found = self.spans.get(field_number)
        return found[0].text() if found else ""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a message may hold: field number -> wire type. ``many`` may be repeated; ``refused`` says why not."""

    name: str
    kinds: Mapping[int, int]
    many: frozenset[int] = frozenset()
    refused: Mapping[int, str] = field(default_factory=dict)


def read(span: Span, shape: Shape) -> Message:
    """The fields of ``span``. Raises WireFault for anything that ``shape`` does not allow."""
    message = Message(shape.name)
    at = span.start
    while at < span.end:
        tag, at = _varint(span, at)
        at = _take(message, span, shape, tag, at)
    return message


def _take(message: Message, span: Span, shape: Shape, tag: int, at: int) -> int:
    """Take the field of ``tag`` whose value starts at ``at``; where the next one starts."""
    number, kind = tag >> 3, tag & 7
    if number in shape.refused:
        raise WireFault(shape.refused[number])
    if shape.kinds.get(number) != kind:
        raise WireFault(f"its {shape.name} has a part (field {number}) that is not allowed")
    if number not in shape.many and (number in message.numbers or number in message.spans):
        raise WireFault(f"its {shape.name} has field {number} twice")
    if kind == VARINT:
        value, end = _varint(span, at)
        message.numbers.setdefault(number, []).append(value)
        return end
    if kind == BYTES:
        length, at = _varint(span, at)
    else:
        length = 4 if kind == FIXED32 else 8
    if length > span.end - at:
        raise WireFault(f"its {shape.name} is cut off")
    message.spans.setdefault(number, []).append(Span(span.content, at, at + length))
    return at + length


def _varint(span: Span, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(_LONGEST_VARINT):
        if at + shift >= span.end:
            raise WireFault("the file is cut off")
        byte = span.content[at + shift]
        value |= (byte & 0x7F) << 7 * shift
        if byte < 0x80:
            return value, at + shift + 1
    raise WireFault("it has a number of more than 64 bits")


@dataclass(slots=True)
class Lists:
    """The lists of an attribute. Long ones are read by the C of ``re`` and numpy: a forest has 100,000 entries."""

    ints: NDArray[np.int64] | None = None
    floats: NDArray[np.float32] | None = None
    strings: "Strings | None" = None


@dataclass(slots=True)
class Strings:
    """A list of strings: entry i is ``words[places[i]]``."""

    places: NDArray[np.int64]
    words: tuple[bytes, ...]


def read_attribute(span: Span, shape: Shape) -> tuple[Message, Lists]:
    """An AttributeProto: its single fields by ``shape``, and its list. Raises WireFault; a list may stand only once."""
    message, lists = Message(shape.name), Lists()
    at = span.start
    while at < span.end:
        first = span.content[at]
        if first in (_TAG_INT, _TAG_FLOAT, _TAG_STRING):
            at = _take_list(lists, span, first, at)
        else:
            tag, at = _varint(span, at)
            at = _take(message, span, shape, tag, at)
    return message, lists


def _take_list(lists: Lists, span: Span, tag: int, at: int) -> int:
    if lists.ints is not None or lists.floats is not None or lists.strings is not None:
        raise WireFault("one of its attributes has two lists")
    if tag == _TAG_STRING:
        lists.strings, at = _strings(span, at)
        return at
    pattern = _INTS if tag == _TAG_INT else _FLOATS
    run = pattern.match(span.content, at, span.end)
    if run is None:
        raise WireFault("one of its lists is cut off")
    if tag == _TAG_INT:
        lists.ints = _numbers(run[0])
    else:
        records = np.frombuffer(run[0], np.dtype([("tag", "u1"), ("value", "<f4")]))
        lists.floats = records["value"].astype(np.float32)
    return run.end()


def _strings(span: Span, at: int) -> tuple[Strings, int]:
    """A run of strings shorter than 128 bytes."""
    content, end = span.content, span.end
    places, others = np.empty(0, dtype=np.int64), []
    known = _KNOWN.match(content, at, end)
    if known is not None:
        places, at = _places(known[0]), known.end()
    while at < end and content[at] == _TAG_STRING:
        stop = at + 2 + (content[at + 1] if at + 1 < end else 128)
        if stop > end or content[at + 1] > 127:
            raise WireFault("one of its lists is cut off or has a very long text")
        others.append(content[at + 2 : stop])
        at = stop
    beyond = len(_KINDS) + np.arange(len(others))
    return Strings(np.concatenate([places, beyond]), (*_KINDS, *others)), at


def _places(run: bytes) -> NDArray[np.int64]:
    """The kinds of a run that has nothing else, by their place in ``_KINDS``: each is replaced by one byte."""
    for place, kind in enumerate(_KINDS):  # none has the tag, a J, among its letters
        run = run.replace(bytes([_TAG_STRING, len(kind)]) + kind, bytes([place]))
    return np.frombuffer(run, np.uint8).astype(np.int64)


def _numbers(raw: bytes) -> NDArray[np.int64]:
    """The varints of ``raw``, each behind its tag of one byte, seven bits a byte, the lowest first."""
    octets = np.frombuffer(raw, np.uint8)
    ends = np.flatnonzero(octets < 0x80)  # of a tag, of its number, of the next tag
    starts = ends[::2] + 1
    lengths = ends[1::2] - ends[::2]
    longest = int(lengths.max())
    if longest > _LONGEST_INT:
        raise WireFault("one of its lists has a number that is negative or too large")
    numbers = (octets[starts] & 0x7F).astype(np.int64)
    for place in range(1, longest):
        there = np.flatnonzero(lengths > place)
        numbers[there] |= (octets[starts[there] + place] & 0x7F).astype(np.int64) << 7 * place
    return numbers
