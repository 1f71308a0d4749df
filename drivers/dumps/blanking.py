"""What a dump does not tell: serial numbers. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from drivers.device import Table
from drivers.dumps.series import Series, series_of
from drivers.identity import Identity, Text
from drivers.sunspec import COMMON_ID, HEADER, Chain, Model, has_table, model_rows

_LETTER = ord("X")
_EMPTY = frozenset(b"\x00\xff ")  # ends and pads of a text

Words = Mapping[Table, Mapping[int, Series[int]]]


def blanked(words: Words, identity: Identity | None, bases: Sequence[int], chains: Sequence[Chain]) -> Words:
    """``words`` without serial numbers: texts keep their length, numbers become the lowest that is allowed. Of models
    that are private only the header stays.

    ``identity`` is that of the family, ``bases`` are where SunSpec markers were met, ``chains`` those that were walked.
    """
    found = {table: dict(there) for table, there in words.items()}
    for text, begins in _texts(identity, bases, chains):
        there = found.get(text.table, {})
        kept = _beginning(text, begins, there)
        for i, address in enumerate(range(text.address, text.address + text.count)):
            if address in there:
                there[address] = _lettered(there[address], max(0, kept - 2 * i))
    for sign in () if identity is None else identity.signs:
        if "serial" in sign.row.name.lower():
            there = found.get(sign.row.table, {})
            lowest = sign.row.encode(max(1.0, sign.low))
            for address, word in zip(sign.row.addresses, lowest, strict=True):
                if address in there:
                    there[address] = Series(((0, word),))
    for model in (model for chain in chains for model in chain.models if is_private(model)):
        for address in range(model.address + HEADER, model.end):
            found.get("holding", {}).pop(address, None)
    return found


def _texts(
    identity: Identity | None, bases: Sequence[int], chains: Sequence[Chain]
) -> Iterator[tuple[Text, tuple[str, ...]]]:
    """Each serial number, and how it must begin where the device is known by it."""
    if identity is not None and identity.serial is not None:
        named = identity.named
        is_name = named is not None and (named.address, named.table) == (identity.serial.address, identity.serial.table)
        yield identity.serial, identity.begins if is_name else ()
    commons = {base + 2 for base in bases}
    commons |= {model.address for chain in chains for model in chain.models if model.model_id == COMMON_ID}
    serial = next(row for row in model_rows(COMMON_ID) if row.name == "SN")
    for address in sorted(commons):
        yield Text(address + serial.offset, serial.registers), ()


def _beginning(text: Text, begins: tuple[str, ...], there: Mapping[int, Series[int]]) -> int:
    """How many letters of ``text`` stay."""
    found = text.read({text.table: {address: series.at(0) for address, series in there.items()}}) or ""
    return max((len(begin) for begin in begins if found.startswith(begin)), default=0)


def _lettered(series: Series[int], kept: int) -> Series[int]:
    return series_of([(number, _letters(word, kept)) for number, word in series.changes])


def _letters(word: int, kept: int) -> int:
    letters = word.to_bytes(2, "big")
    return int.from_bytes(
        bytes(letter if i < kept or letter in _EMPTY else _LETTER for i, letter in enumerate(letters)), "big"
    )


def is_private(model: Model) -> bool:
    """Whether a SunSpec model may tell who or where a device is: addresses, names, keys, and what its maker put there.

    Models 2 to 19 are the aggregator, security and network models, 220 a meter that signs; 64000 and above are makers'.
    """
    number = model.model_id
    return 2 <= number <= 19 or number == 220 or (number >= 64000 and not has_table(number))
