"""Which families recognise a device, and what it says of itself; by reads alone."""

from collections.abc import Iterable
from dataclasses import dataclass

from drivers.device import Table, Transport
from drivers.errors import BadFrame, NoAnswer, Refused
from drivers.family import Family
from drivers.identity import Found, Identity

SILENCES = 3  # reads without an answer after which a device is not asked further


@dataclass(frozen=True, slots=True)
class Recognised:
    """``by``: what the device says of itself, by each family that recognises it. ``answers``: it has said anything."""

    by: dict[str, Found]
    answers: bool


async def recognised(transport: Transport, own: Family, others: Iterable[Family]) -> Recognised:
    """``own`` alone where that recognises the device, else all of ``others`` that do. Raises LinkDown."""
    registers = _Registers(transport)
    for families in ((own,), others):
        found = {}
        for family in families:
            if family.identity is not None:
                await registers.read(family.identity)
                said = family.identity.recognise(registers.words)
                if said is not None:
                    found[family.name] = said
        if found or own.identity is None:
            return Recognised(found, registers.answers)
    return Recognised({}, registers.answers)


class _Registers:
    """What was read, each span once; what is refused or not answered is not there."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._asked: set[object] = set()
        self._silences = 0
        self.words: dict[Table, dict[int, int]] = {"holding": {}, "input": {}}
        self.answers = False

    async def read(self, identity: Identity) -> None:
        for span in identity.spans:
            if span in self._asked or self._silences >= SILENCES:
                continue
            self._asked.add(span)
            try:
                words = await self._transport.read(span)
            except Refused:
                self.answers = True
            except (NoAnswer, BadFrame):
                self._silences += 1
            else:
                self.answers = True
                self.words[span.table].update(enumerate(words, start=span.address))
