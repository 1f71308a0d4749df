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

    @property
    def span(self) -> Span:
        return Span(self.table, self.address, self.count)

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

    @property
    def span(self) -> Span:
        first, last = min(self.row.addresses), max(self.row.addresses)
        return Span(self.row.table, first, last - first + 1)

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
    """All of ``signs`` hold on a device of the family, and ``named`` is not blank and begins with ``begins``.

    ``sunspec_models``: one of them is in the SunSpec chain of such a device. A family with them and without ``named``
    is that of every maker who has no family of its own.
    """

    signs: tuple[Sign, ...] = ()
    named: Text | None = None
    begins: tuple[str, ...] = ()
    maker: Text | None = None
    model: Text | None = None
    serial: Text | None = None
    firmware: Text | None = None
    sunspec_models: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not self.signs and self.named is None:
            raise ValueError("an identity without a sign or a name is that of every device")

    @property
    def is_generic(self) -> bool:
        """True where other families may know the same device better."""
        return bool(self.sunspec_models) and self.named is None

    @property
    def number(self) -> Register | None:
        """The row of a serial number that is a number and no text: it is among the signs, and called so."""
        return next((sign.row for sign in self.signs if "serial" in sign.row.name.lower()), None)

    @property
    def spans(self) -> tuple[Span, ...]:
        """What to read, each in a request of its own: a device without one of them may be of another family."""
        texts = (self.named, self.maker, self.model, self.serial, self.firmware)
        signs = [sign.span for sign in self.signs]
        return tuple(dict.fromkeys(signs + [text.span for text in texts if text is not None]))

    def is_named(self, words: Words) -> bool:
        """Whether the name is that of the family, or needs to be none."""
        if self.named is None:
            return True
        name = self.named.read(words)
        return name is not None and (not self.begins or name.startswith(self.begins))

    def recognise(self, words: Words) -> Found | None:
        """What the device says of itself, None when it is not of this family."""
        if not all(sign.holds(words) for sign in self.signs) or not self.is_named(words):
            return None
        maker, model, serial, firmware = (
            None if text is None else text.read(words) for text in (self.maker, self.model, self.serial, self.firmware)
        )
        return Found(maker, model, serial, firmware)
