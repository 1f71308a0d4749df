"""A device driven wholly by its rows."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from drivers import sentences as say
from drivers.device import Span, Table, Transport
from drivers.errors import BadFrame, DriverError, LinkDown, NoAnswer, Refused
from drivers.formula import Formula, evaluate, rows_in
from drivers.plausible import is_plausible
from drivers.reading import Quality, Quantity, Reading
from drivers.register import Register
from drivers.spans import SpanLimits, halves, plan_spans, rows_of

_ILLEGAL_ADDRESS = 2
_UNIT_IS_BUSY_OR_GONE = frozenset({6, 10, 11})
_SLOW_S = 60.0
RATINGS = (Quantity.RATED_W, Quantity.RATED_CHARGE_W, Quantity.RATED_DISCHARGE_W, Quantity.RATED_WH)
_SELDOM = frozenset({*RATINGS, Quantity.VOLTAGE_THD_PCT, Quantity.CURRENT_THD_PCT})  # no part of control

_Words = dict[Table, dict[int, int]]  # what was read, by table and address


@dataclass(frozen=True, slots=True)
class Constant:
    """A row that held ``value`` when the map was learnt, read along with the others: anything else is another map.

    None stands for "not implemented" then; a row that is so now says nothing. ``slow`` ones are read with the ratings.
    One that ``grows`` is another value on the same device, which has more parts now.
    """

    row: Register
    value: float | None
    slow: bool = False
    grows: bool = False


class Grown(BadFrame):
    """The device has other parts than when its map was learnt."""


@dataclass(slots=True)
class _Group:
    """Rows that are asked for together, as far as the limits allow."""

    rows: list[Register]
    slow: bool
    spans: list[Span]


class TableDevice:
    """Implements ``Readable``. Signs, units and what a quantity is made of are in ``formulas``.

    A block that is refused for its address is halved, now and in later reads, until only the rows that the device
    does not have are left out; that lasts until the link breaks. Ratings and distortion are read once a minute. An
    accumulator at 0 is missing, as its specification says, also after it has moved. ``ratings`` are known beforehand,
    for plausibility. ``refusals`` counts the requests that were refused for their address. Raises ValueError when a row
    cannot be read within ``limits``.
    """

    def __init__(
        self,
        name: str,
        transport: Transport,
        formulas: Mapping[Quantity, Formula],
        limits: SpanLimits | None = None,
        *,
        constants: Sequence[Constant] = (),
        ratings: Mapping[Quantity, float] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._transport = transport
        self._formulas = dict(formulas)
        self._limits = limits or SpanLimits()
        self._constants = tuple(constants)
        self._ratings = dict(ratings or {})
        self._monotonic = monotonic
        self._groups: list[_Group] = []
        self._slow_readings: list[Reading] = []
        self._slow_due = -float("inf")
        self.refusals = 0
        self._regroup()

    async def read(self) -> list[Reading]:
        at = self._monotonic()
        slow = at >= self._slow_due
        words = await self._read_words(slow)
        readings = self._readings(words, at, slow=False)
        if slow:
            self._slow_readings = self._readings(words, at, slow=True)
            self._slow_due = at + _SLOW_S
            found = {r.quantity: r.value for r in self._slow_readings if r.value is not None}
            self._ratings |= {quantity: value for quantity, value in found.items() if quantity in RATINGS}
        return [self._judged(reading) for reading in (*readings, *self._slow_readings)]

    async def close(self) -> None:
        await self._transport.close()

    def _regroup(self) -> None:
        """Ask for every row again, whatever was refused before."""
        self._groups = []
        for slow in (False, True):
            rows = [row for quantity in self._of(slow) for row in rows_in(self._formulas[quantity])]
            rows += [constant.row for constant in self._constants if constant.slow is slow]
            self._groups.append(self._group(list(dict.fromkeys(rows)), slow))

    def _group(self, rows: list[Register], slow: bool) -> _Group:
        return _Group(rows, slow, plan_spans(rows, self._limits))

    def _of(self, slow: bool) -> list[Quantity]:
        return [quantity for quantity in self._formulas if (quantity in _SELDOM) is slow]

    async def _read_words(self, slow: bool) -> _Words:
        """Every register that answers. The first error is raised when none does."""
        if not any(group.rows for group in self._groups if not group.slow):
            self._regroup()  # everything was refused: the device may have been starting
        words: _Words = {"holding": {}, "input": {}}
        failure: DriverError | None = None
        for group in list(self._groups):
            for span in group.spans if slow or not group.slow else ():
                try:
                    await self._read_span(span, group, words)
                except DriverError as error:
                    failure = failure or error
                    if self._is_over(error):
                        return self._checked(words, failure)
        return self._checked(words, failure)

    def _checked(self, words: _Words, failure: DriverError | None) -> _Words:
        if failure is not None and not any(words.values()):
            raise failure
        for constant in sorted(self._constants, key=lambda constant: constant.grows):
            found = self._value(constant.row, words)
            if found is not None and found != constant.value:
                known = "missing" if constant.value is None else f"{constant.value:g}"
                expected = f"{constant.row.name} at {constant.row.address} is {found:g} instead of {known}"
                if constant.grows:
                    raise Grown(f"{self.name}: {expected}")
                raise BadFrame(say.another_device(device=self.name, expected=expected))
        return words

    def _is_over(self, error: DriverError) -> bool:
        """True when the rest of the device need not be asked this time."""
        if isinstance(error, LinkDown):
            self._regroup()
        unit_gone = isinstance(error, Refused) and error.code in _UNIT_IS_BUSY_OR_GONE
        return unit_gone or isinstance(error, LinkDown | NoAnswer)

    async def _read_span(self, span: Span, group: _Group, words: _Words) -> None:
        try:
            await self._ask(span, words)
        except Refused as error:
            if error.code != _ILLEGAL_ADDRESS:
                raise
            self.refusals += 1
            await self._read_halves(span, group, words)
            if not any(words.values()):
                raise

    async def _read_halves(self, span: Span, group: _Group, words: _Words) -> None:
        """Split the rows of a refused span off their group. A row that was refused alone is not asked for again."""
        refused = rows_of(span, group.rows)
        group.rows = [row for row in group.rows if row not in refused]
        group.spans = plan_spans(group.rows, self._limits)
        lower, upper = halves(refused)
        for rows in (lower, upper) if lower else ():
            self._groups.append(self._group(rows, group.slow))
            for part in self._groups[-1].spans:
                try:
                    await self._ask(part, words)
                except Refused as error:
                    if error.code != _ILLEGAL_ADDRESS:
                        raise

    async def _ask(self, span: Span, words: _Words) -> None:
        answer = await self._transport.read(span)
        words[span.table].update(enumerate(answer, start=span.address))

    def _readings(self, words: _Words, at: float, *, slow: bool) -> list[Reading]:
        found = []
        for quantity in self._of(slow):
            value, quality = evaluate(self._formulas[quantity], lambda row: self._value(row, words))
            found.append(Reading(quantity, value, at, quality))
        return found

    def _value(self, row: Register, words: _Words) -> float | None:
        try:
            return row.decode(words[row.table])
        except KeyError:  # not all of its registers were read
            return None

    def _judged(self, reading: Reading) -> Reading:
        if reading.value is None or is_plausible(reading.quantity, reading.value, self._ratings):
            return reading
        return replace(reading, quality=Quality.IMPLAUSIBLE)
