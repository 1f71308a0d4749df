"""How a device of a family is recognised among unknown ones, and where it names itself. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from drivers.device import Span, Table
from drivers.register import Register, decode_string

Words = Mapping[Table, Mapping[int, int]]  # what was read, by table and PDU address


@dataclass(frozen=True, slots=True)
class Text:
    """``count`` registers of ASCII at PDU ``address``."""

    address: int
    count: int
    table: Table = "holding"

    def read(self, words: Words) -> str | None:
        """The text, None when its registers are not there or hold none."""
        there = words.get(self.table, {})
        found = [there[at] for at in range(self.address, self.address + self.count) if at in there]
        return decode_string(found) or None if len(found) == self.count else None


@dataclass(frozen=True, slots=True)
class Sign:
    """A row that must hold one of ``choices``, or a value from ``low`` to ``high``."""

    row: Register
    choices: tuple[float, ...] = ()
    low: float = -float("inf")
    high: float = float("inf")

    def holds(self, words: Words) -> bool:
        there = words.get(self.row.table, {})
        if any(address not in there for address in self.row.addresses):
            return False
        found = self.row.decode(there)
        return found is not None and self.low <= found <= self.high and (not self.choices or found in self.choices)


@dataclass(frozen=True, slots=True)
class Found:
    """What a device said of itself; None where it did not."""

    maker: str | None
    model: str | None
    serial: str | None
    firmware: str | None


@dataclass(frozen=True, slots=True)
class Identity:
    """All of ``signs`` hold on a device of the family, and ``named`` is not blank and begins with ``begins``."""

    signs: tuple[Sign, ...] = ()
    named: Text | None = None
    begins: tuple[str, ...] = ()
    maker: Text | None = None
    model: Text | None = None
    serial: Text | None = None
    firmware: Text | None = None

    @property
    def spans(self) -> tuple[Span, ...]:
        """What to read, each in a request of its own: a device without one of them may be of another family."""
        rows = [Span(sign.row.table, sign.row.addresses[0], len(sign.row.addresses)) for sign in self.signs]
        texts = (self.named, self.maker, self.model, self.serial, self.firmware)
        found = [Span(text.table, text.address, text.count) for text in texts if text is not None]
        return tuple(dict.fromkeys(rows + found))

    def recognise(self, words: Words) -> Found | None:
        """What the device says of itself, None when it is not of this family."""
        if not all(sign.holds(words) for sign in self.signs):
            return None
        if self.named is not None:
            name = self.named.read(words)
            if name is None or (self.begins and not name.startswith(self.begins)):
                return None
        maker, model, serial, firmware = (
            None if text is None else text.read(words) for text in (self.maker, self.model, self.serial, self.firmware)
        )
        return Found(maker, model, serial, firmware)
