"""Which family the device at a unit id is of, and which one of that family it is, by reads alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from drivers.device import Span, Table, Transport
from drivers.errors import BadFrame, DriverError, LinkDown, NoAnswer, Refused
from drivers.family import Family
from drivers.identity import Found, Identity
from drivers.sunspec import Chain
from drivers.sunspec_walk import BASES, MARKER, discover
from drivers.write_gate import GatedTransport, only_reads

NOTHING = Found(None, None, None, None)

_NO_SUCH_UNIT = frozenset({10, 11})
_BUSY = frozenset({5, 6})
_BUSY_FOR_S = 0.5
_DIGITS = 16  # of a digest
_SILENCES_ALLOWED = 3  # of a unit that has answered: some devices say nothing where they have no registers


@dataclass(frozen=True, slots=True)
class Recognised:
    """A unit that answers. ``family``: None where none is known. ``models``: those of its SunSpec chain."""

    family: str | None
    said: Found
    models: tuple[int, ...] = ()


class _Gone(Exception):
    """The unit is not there, or has stopped answering."""


async def recognise(
    transport: Transport, families: Sequence[Family], silences: int = 1, gap_s: float = 0.0
) -> Recognised | None:
    """The first of ``families`` that the device fits, those of makers before those of a standard; only reads.

    ``gap_s`` is what the transport keeps between requests; families that need more are asked last, and get it.
    None where no unit answers: the first ``silences`` reads had no answer, or a gateway says so. Raises LinkDown where
    there is no connection, or it ends before the unit has said anything.
    """
    unit = _Unit(transport, silences)
    try:
        for family in sorted(families, key=lambda one: one.link.gap_s > gap_s):
            if family.identity is not None and not family.identity.is_generic:
                unit.pause_s = max(0.0, family.link.gap_s - gap_s)
                said = await _said(family.identity, unit)
                if said is not None:
                    return Recognised(family.name, said, await _models(unit))
        return await _by_chain(unit, families)
    except _Gone:
        return Recognised(None, NOTHING) if unit.has_answered else None


async def which_one(transport: Transport, family: Family) -> str | None:
    """A word for the one device of ``family`` that has its serial number; None where it does not say a number.

    It is a digest, so that it can be kept without the number. Raises DriverError where the device does not answer.
    """
    identity = family.identity
    if identity is None or (identity.serial is None and identity.number is None):
        return None
    try:
        serial = await _serial(replace(identity, maker=None, model=None, firmware=None), _Unit(transport, silences=1))
    except _Gone:
        raise NoAnswer("it does not say which device it is") from None
    if len(set(serial)) < 2:  # zeros: its maker has set none
        return None
    return sha256(f"{family.name} {serial}".encode()).hexdigest()[:_DIGITS]


async def _serial(identity: Identity, unit: "_Unit") -> str:
    """Nothing where the device says none, or does not fit ``identity``."""
    said = await _said(identity, unit)
    if said is None:
        chain = await _chain(unit) if identity.is_generic else None  # its common model is at another address
        return "" if chain is None else chain.serial
    number = None if identity.number is None else identity.number.decode(unit.words[identity.number.table])
    return said.serial or ("" if number is None else f"{number:.0f}")


async def _said(identity: Identity, unit: "_Unit") -> Found | None:
    """What the device says of itself, None where it does not fit ``identity``. Ends at the first sign that fails."""
    for sign in identity.signs:
        await unit.look_at(sign.span)
        if not sign.holds(unit.words):
            return None
    if identity.named is not None:
        await unit.look_at(identity.named.span)
        if not identity.is_named(unit.words):
            return None
    for span in identity.spans:
        await unit.look_at(span)
    return identity.recognise(unit.words)


async def _models(unit: "_Unit") -> tuple[int, ...]:
    """Of the SunSpec chain of a device that was recognised; none where its marker was not met."""
    if not unit.has_marker:
        return ()
    try:
        chain = await _chain(unit)
    except _Gone:
        return ()
    return () if chain is None else tuple(model.model_id for model in chain.models)


async def _by_chain(unit: "_Unit", families: Sequence[Family]) -> Recognised | None:
    unit.pause_s = 0.0
    if not any(family.identity is not None and family.identity.is_generic for family in families):
        return Recognised(None, NOTHING) if unit.has_answered else None
    chain = await _chain(unit)
    if chain is None:
        return Recognised(None, NOTHING) if unit.has_answered else None
    models = tuple(model.model_id for model in chain.models)
    said = Found(*(text or None for text in (chain.maker, chain.product, chain.serial, chain.version)))
    for family in families:
        identity = family.identity
        if identity is not None and identity.is_generic and set(models) & set(identity.sunspec_models):
            return Recognised(family.name, said, models)
    return Recognised(None, said, models)


async def _chain(unit: "_Unit") -> Chain | None:
    try:
        return await discover(unit)
    except DriverError:  # there is no marker, or not all of the chain can be read
        return None


class _Unit(GatedTransport):
    """The registers of one unit id, each span of them read once."""

    def __init__(self, transport: Transport, silences: int) -> None:
        super().__init__(transport, only_reads())
        self._left = silences
        self._met: dict[Span, list[int] | DriverError] = {}
        self._words: dict[Table, dict[int, int]] = {"holding": {}, "input": {}}
        self.has_answered = False
        self.pause_s = 0.0  # before each request

    @property
    def words(self) -> Mapping[Table, Mapping[int, int]]:
        return self._words

    @property
    def has_marker(self) -> bool:
        there = self._words["holding"]
        return any([there.get(base), there.get(base + 1)] == MARKER for base in BASES)

    async def look_at(self, span: Span) -> None:
        """Read ``span`` into ``words``; what is refused or not answered stays away from them."""
        try:
            await self.read(span)
        except (Refused, NoAnswer, BadFrame):
            return

    async def read(self, span: Span) -> list[int]:
        """Raises what the transport raises, LinkDown as NoAnswer once the unit has answered, and _Gone."""
        if span not in self._met:
            if self.pause_s > 0.0:
                await self.pause(self.pause_s)
            self._met[span] = await self._ask(span)
        met = self._met[span]
        if isinstance(met, DriverError):
            raise met
        return met

    async def _ask(self, span: Span) -> list[int] | DriverError:
        try:
            words = await self._patiently(span)
        except Refused as error:
            if error.code in _NO_SUCH_UNIT:
                raise _Gone from None
            self._answered()
            return error
        except (NoAnswer, BadFrame, LinkDown) as error:
            if isinstance(error, LinkDown) and not self.has_answered:
                raise
            self._left -= 1
            if self._left <= 0:
                raise _Gone from None
            return NoAnswer(str(error))
        self._answered()
        self._words[span.table].update(enumerate(words, start=span.address))
        return words

    async def _patiently(self, span: Span) -> list[int]:
        """Once more where it is busy, or silent although it is there."""
        try:
            return await super().read(span)
        except Refused as error:
            if error.code not in _BUSY:
                raise
            await self.pause(_BUSY_FOR_S)
        except (NoAnswer, BadFrame):
            if not self.has_answered:
                raise
        return await super().read(span)

    def _answered(self) -> None:
        self.has_answered, self._left = True, max(self._left, _SILENCES_ALLOWED)
