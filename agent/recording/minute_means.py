"""Control steps become minute rows: means weighted by time, energies, cost and carbon. Pure.

A step holds from the instant of its state for its duration; a step that runs over the end of a minute is shared out
between the minutes by time. What was not measured is left out and shows in ``covered_s``. Counters and codes have no
mean: of them a minute keeps the last value.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeGuard, cast

from agent.domain.horizon import floor_to_step
from agent.domain.records import MINUTE_FIELDS, Averaged, MinuteRow
from agent.domain.setpoint import Rung
from agent.domain.site import Measured, SiteState
from agent.recording.given_spans import GivenSpans
from drivers.reading import Quantity

SPAN_S = 60
LONGEST_STEP_S = 3600.0
TAKEN_LAST = frozenset(quantity.value for quantity in Quantity if not quantity.is_level)
LARGEST = 1e15  # of what is measured; a device that says more says nothing, and thousandths of it are not whole
OVERLAP = timedelta(minutes=2)  # what a clock that is set back by less repeats is left out; more is written and marked


def _is_measured(value: float | None) -> TypeGuard[float]:
    return value is not None and abs(value) <= LARGEST


@dataclass(slots=True)
class _Mean:
    weighted: float = 0.0
    seconds: float = 0.0

    def add(self, value: float | None, seconds: float) -> None:
        if _is_measured(value):
            self.weighted += value * seconds
            self.seconds += seconds

    @property
    def value(self) -> float | None:
        return self.weighted / self.seconds if self.seconds > 0 else None


@dataclass(slots=True)
class _Total:
    """A sum of what is known; ``value`` is what it begins with until something is."""

    value: float | None

    def add(self, value: float | None, seconds: float) -> None:
        if value is not None:
            self.value = (self.value or 0.0) + value


@dataclass(slots=True)
class _Last:
    """Of a counter or a code: what was last known of it."""

    value: float | None = None

    def add(self, value: float | None, seconds: float) -> None:
        if _is_measured(value):
            self.value = value


def _empty() -> dict[str, _Mean | _Total]:
    """What adds up every number of a minute, as MINUTE_FIELDS says."""
    found: dict[str, _Mean | _Total] = {}
    for one in MINUTE_FIELDS:
        match one.averaged:
            case Averaged.MEAN:
                found[one.name] = _Mean()
            case Averaged.TOTAL:
                found[one.name] = _Total(0.0)
            case Averaged.KNOWN_TOTAL:
                found[one.name] = _Total(None)
            case Averaged.SPAN | Averaged.ANY | Averaged.ALL | Averaged.LONGEST:
                pass  # no number of its steps: ``_count`` and ``_row`` know them by name
    return found


@dataclass(slots=True)
class _Span:
    """One minute in the making."""

    numbers: dict[str, _Mean | _Total] = field(default_factory=_empty)
    curtailed: bool = False
    time_trusted: bool = True
    rungs: dict[Rung, float] = field(default_factory=dict)
    points: dict[str, _Mean | _Last] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ControlStep:
    """What one control step saw and did.

    ``readings`` are named ``device.quantity``; prices are money per kWh, ``carbon`` kg per kWh. ``known_prices`` are
    those of import and export that are not assumed. ``switched_w`` is what switched loads take, W; None without any.
    """

    state: SiteState
    readings: Mapping[str, float | None]
    import_price: float | None
    export_price: float | None
    carbon: float | None
    rung: Rung | None
    curtailed: bool
    time_trusted: bool
    known_prices: tuple[float | None, float | None] = (None, None)
    switched_w: float | None = None


class MinuteMeans:
    """Collects control steps and gives one row per finished minute."""

    def __init__(self) -> None:
        self._spans: dict[datetime, _Span] = {}
        self._names: dict[str, None] = {}
        self._until: datetime | None = None
        self._given = GivenSpans()

    @property
    def catalogue(self) -> tuple[str, ...]:
        """The names that ``points`` stand for, in order. It only grows at its end."""
        return tuple(self._names)

    def add(self, step: ControlStep, duration_s: float) -> None:
        """Count ``step``, which holds for ``duration_s`` seconds from its state's time on.

        Where it begins before the step before it ended, the overlap is counted once. A clock that was set back further
        begins spans again that were given: their time is not trusted. Raises ValueError for a duration that is not
        above 0 and at most an hour.
        """
        if not 0 < duration_s <= LONGEST_STEP_S:
            raise ValueError(f"a control step cannot last {duration_s} s")
        for name in step.readings:
            self._names.setdefault(name)
        begin, end = step.state.at, step.state.at + timedelta(seconds=duration_s)
        if self._until is not None and begin < self._until <= begin + OVERLAP:
            begin = self._until
        self._until = max(begin, end)
        while begin < end:
            start = floor_to_step(begin, SPAN_S)
            cut = min(end, start + timedelta(seconds=SPAN_S))
            _count(self._span(start), step, (cut - begin).total_seconds())
            begin = cut

    def finished(self, now: datetime) -> list[MinuteRow]:
        """Rows of the spans that have ended by ``now``, oldest first; each is given once.

        Spans that begin after the newest step belong to a clock that has since been set back: they are given too.
        """
        length = timedelta(seconds=SPAN_S)
        until = self._until
        done = sorted(at for at in self._spans if at + length <= now or (until is not None and at >= until))
        for at in done:
            self._given.note(at, length, self._spans[at].time_trusted)
        return [self._row(at, self._spans.pop(at)) for at in done]

    def redate(self, by_s: float) -> None:
        """The clock was set by ``by_s`` seconds: the spans whose time was not trusted belong so many minutes later."""
        by = timedelta(seconds=60 * round(by_s / 60.0))
        self._spans = {at if span.time_trusted else at + by: span for at, span in self._spans.items()}
        self._until = None if self._until is None else self._until + by
        self._given.move(by)

    def trust(self, since: datetime) -> None:
        """The time is known: the spans in the making that begin at ``since`` or later have the right one."""
        for at, span in self._spans.items():
            span.time_trusted = span.time_trusted or at >= since
        self._given.trust(since)

    def _span(self, start: datetime) -> _Span:
        if start not in self._spans:
            self._spans[start] = _Span(time_trusted=not self._given.has(start))
        return self._spans[start]

    def _row(self, at: datetime, span: _Span) -> MinuteRow:
        return MinuteRow(
            at=at,
            span_s=SPAN_S,
            curtailed=span.curtailed,
            rung=max(span.rungs, key=lambda rung: span.rungs[rung], default=None),
            time_trusted=span.time_trusted,
            points=tuple(span.points[name].value if name in span.points else None for name in self._names),
            **{name: cast(Any, number.value) for name, number in span.numbers.items()},
        )


def _count(span: _Span, step: ControlStep, seconds: float) -> None:
    for name, value in _numbers(step, seconds).items():
        span.numbers[name].add(value, seconds)
    for name, value in step.readings.items():
        if name not in span.points:
            span.points[name] = _Last() if name.rpartition(".")[2] in TAKEN_LAST else _Mean()
        span.points[name].add(value, seconds)
    span.curtailed = span.curtailed or step.curtailed
    span.time_trusted = span.time_trusted and step.time_trusted
    if step.rung is not None:
        span.rungs[step.rung] = span.rungs.get(step.rung, 0.0) + seconds


def _numbers(step: ControlStep, seconds: float) -> dict[str, float | None]:
    """What ``seconds`` of ``step`` bring to each number of the minute; None where it is not known."""
    state = step.state
    grid_w, battery_w, load_w = _value(state.grid_w), _value(state.battery_w), _value(state.load_w)
    import_wh, export_wh = _energies(grid_w, seconds)
    discharge_wh, charge_wh = _energies(battery_w, seconds)
    return {
        "covered_s": None if load_w is None else seconds,
        "grid_w": grid_w,
        "pv_w": _value(state.pv_w),
        "battery_w": battery_w,
        "load_w": load_w,
        "soc_pct": _value(state.soc_pct),
        "import_wh": import_wh,
        "export_wh": export_wh,
        "charge_wh": charge_wh,
        "discharge_wh": discharge_wh,
        "cost": _cost(step, import_wh, export_wh),
        "co2_kg": None if step.carbon is None or import_wh is None else import_wh * step.carbon / 1000.0,
        "import_price": step.known_prices[0],
        "export_price": step.known_prices[1],
        "switched_w": step.switched_w,
    }


def _energies(power_w: float | None, seconds: float) -> tuple[float | None, float | None]:
    """Energy of the positive and of the negative direction, Wh, both from 0 up."""
    if power_w is None:
        return None, None
    return max(power_w, 0.0) * seconds / 3600.0, max(-power_w, 0.0) * seconds / 3600.0


def _cost(step: ControlStep, import_wh: float | None, export_wh: float | None) -> float | None:
    if import_wh is None or export_wh is None or step.import_price is None or step.export_price is None:
        return None
    return (import_wh * step.import_price - export_wh * step.export_price) / 1000.0


def _value(measured: Measured) -> float | None:
    return measured.value if measured.usable and _is_measured(measured.value) else None
