"""Reading a device again and again and keeping what it answers, as a dump."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from drivers.datasheet_device import DatasheetDevice
from drivers.device import Readable, Span, Steerable, Transport
from drivers.dumps.blanking import blanked, is_private
from drivers.dumps.dump import Dump, Expected
from drivers.dumps.watched import Watched
from drivers.errors import DriverError
from drivers.registry import FAMILIES, build
from drivers.sunspec import HEADER, Chain, Model
from drivers.sunspec_walk import MARKER, discover

_WHOLE_REQUEST = 125
_MOST_ROUNDS = 3600  # in an hour or in a day: a longer capture reads more seldom


@dataclass(frozen=True, slots=True)
class Captured:
    """How far a capture has come: rounds that are whole, seconds since its first, registers that have answered."""

    rounds: int
    passed_s: float
    registers: int


class Capture:
    """Reads of one device all that its family knows, in rounds at the pace of the family, and writes nothing.

    A round is what the family's driver reads, the registers by which it steers, the identity, and on a SunSpec device
    every model of its chain but those that may tell whose it is. ``sleep`` is on the clock of ``monotonic``, ``gap_s``
    what the line waits between two requests. Raises ValueError for an unknown family or option.
    """

    def __init__(
        self,
        family: str,
        options: Mapping[str, object],
        unit_id: int,
        transport: Transport,
        monotonic: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]],
        gap_s: float = 0.0,
    ) -> None:
        self._watched = Watched(transport, monotonic, gap_s)
        self._device: Readable = build(family, family, self._watched, options, monotonic)
        self._family = FAMILIES[family]
        self._options = dict(options)
        self._unit_id = unit_id
        self._monotonic = monotonic
        self._sleep = sleep
        self._offsets_ms: list[int] = []
        self._expected: Expected | None = None
        self._chains: dict[int, Chain] = {}
        self.trouble: str | None = None  # why the driver has not read the device yet

    @property
    def registers(self) -> int:
        """How many registers have answered."""
        return self._watched.registers

    async def run(self, seconds: float, tell: Callable[[Captured], None] = lambda captured: None) -> None:
        """Read for so long, once at least. Raises DriverError when the first round got no answer at all.

        It may be cancelled at any time: ``dump`` then has what was read until then.
        """
        began = self._monotonic()
        pace_s = max(self._family.link.fastest_poll_s, seconds / _MOST_ROUNDS)
        while True:
            passed_s = self._monotonic() - began
            last_ms = self._offsets_ms[-1] if self._offsets_ms else -1
            self._offsets_ms.append(max(round(passed_s * 1000.0), last_ms + 1))
            await self._round(len(self._offsets_ms) - 1)
            passed_s = self._monotonic() - began
            tell(Captured(len(self._offsets_ms), passed_s, self.registers))
            next_s = max(passed_s, self._offsets_ms[-1] / 1000.0 + pace_s)
            if next_s >= seconds:
                return
            await self._sleep(next_s - passed_s)

    async def close(self) -> None:
        await self._device.close()

    def dump(self) -> Dump:
        """What was read, without serial numbers. Raises ValueError when nothing was."""
        if not self.registers:
            raise ValueError("the device has not answered yet")
        controls = self._device.control_addresses if isinstance(self._device, DatasheetDevice) else ()
        words = blanked(self._watched.words, self._family.identity, self._bases(), tuple(self._chains.values()))
        return Dump(
            self._family.name,
            self._options,
            self._unit_id,
            tuple(self._offsets_ms),
            words,
            self._watched.asked,
            self._expected,
            frozenset(controls) - set(words.get("holding", ())),
        )

    async def _round(self, number: int) -> None:
        self._watched.begin(number)
        failure: DriverError | None = None
        try:
            readings = await self._device.read()
        except DriverError as error:
            failure = error
            self.trouble = str(error) if self._expected is None else None
        else:
            self.trouble = None
            if self._expected is None:
                values = {reading.quantity.value: reading.value for reading in readings}
                self._expected = Expected(number, values)
        self._watched.settle()
        if isinstance(self._device, Steerable):
            with suppress(DriverError):  # what was refused is kept, and so is what answered
                await self._device.in_force()
        identity = self._family.identity
        await self._read(span for span in (identity.spans if identity else ()) if not self._watched.is_known(span))
        await self._read_chains()
        if failure is not None and not self.registers:
            raise failure

    async def _read(self, spans: Iterable[Span]) -> None:
        for span in spans:
            with suppress(DriverError):
                await self._watched.read(span)

    async def _read_chains(self) -> None:
        for base in self._bases():
            if base not in self._chains:
                with suppress(DriverError):
                    self._chains[base] = await discover(self._watched, base)
        for chain in self._chains.values():
            for model in chain.models:
                await self._read(self._spans(model))

    def _spans(self, model: Model) -> Iterable[Span]:
        if is_private(model):
            return [Span("holding", model.address, HEADER)]
        given = self._options.get("max_registers")
        most = given if isinstance(given, int) else _WHOLE_REQUEST
        starts = range(model.address, model.end, most)
        return [Span("holding", start, min(most, model.end - start)) for start in starts]

    def _bases(self) -> tuple[int, ...]:
        """Where markers of SunSpec chains were met."""
        return self._watched.where(*MARKER)
