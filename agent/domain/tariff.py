"""What a kilowatt-hour costs, when. Money is the site's currency per kWh; negative prices are prices like others.

Everything outside is UTC. Windows of a time-of-use tariff are clock times of the site: on the day that loses an hour a
window loses what falls into the gap, on the day that gains one, the hour that comes twice has its price twice.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from agent.domain.horizon import Horizon
from agent.domain.overlay import Overlay

HOLIDAY = 7  # a day type beside the weekdays 0 (Monday) to 6 (Sunday)
EVERY_DAY = frozenset(range(8))
EVERY_MONTH = frozenset(range(1, 13))

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Flat:
    """One price at all times."""

    price_per_kwh: float


@dataclass(frozen=True, slots=True)
class Window:
    """A price from ``start`` until before ``end``, local clock times of whole minutes.

    An ``end`` at or before ``start`` is on the next day, so equal times are a whole day. Day type and month are those
    of the day the window begins on: "Friday 22:00 to 06:00" holds on Saturday morning and not on Friday morning.
    """

    price_per_kwh: float
    start: time
    end: time
    days: frozenset[int] = EVERY_DAY
    months: frozenset[int] = EVERY_MONTH

    @property
    def wraps(self) -> bool:
        return self.end <= self.start


@dataclass(frozen=True, slots=True)
class TimeOfUse:
    """The first window that holds sets the price; outside all windows it is ``default_per_kwh``.

    ``holidays_as`` is the day type of a holiday: a weekday 0..6, HOLIDAY for windows of their own, or None for no
    difference.
    """

    default_per_kwh: float
    windows: tuple[Window, ...]
    timezone: str
    holidays: frozenset[date] = frozenset()
    holidays_as: int | None = None


@dataclass(frozen=True, slots=True)
class PriceList:
    """One price a step of ``step_s`` seconds from ``start`` (UTC). Before the first and after the last: not known."""

    start: datetime
    step_s: int
    prices: tuple[float, ...]

    def __post_init__(self) -> None:
        if self.start.utcoffset() != timedelta(0):
            raise ValueError(f"a price list starts in UTC, not at {self.start.isoformat()}")
        if self.step_s <= 0:
            raise ValueError(f"a price list has steps of at least one second, not {self.step_s}")
        if not all(math.isfinite(price) for price in self.prices):
            raise ValueError("a price list holds finite numbers only")

    @property
    def end(self) -> datetime:
        return self.start + timedelta(seconds=self.step_s * len(self.prices))


@dataclass(frozen=True, slots=True)
class Dynamic:
    """A market's price times ``factor``, plus ``fee``: what the grid and the state add, by the clock or at all times.

    Known where the market's price is. ``topic`` is that of the household's broker on which the market's prices come.
    """

    market: PriceList | Overlay
    factor: float
    fee: Flat | TimeOfUse
    topic: str | None = None

    def of(self, market: float | None, fee: float | None) -> float | None:
        return None if market is None or fee is None else self.factor * market + fee


Tariff = Flat | TimeOfUse | PriceList | Overlay | Dynamic


def on_tariff(tariff: Tariff, said: Overlay | None) -> Tariff | None:
    """What the platform's prices make of ``tariff``: a dynamic one takes them for the market's; None where none is."""
    if said is not None and isinstance(tariff, Dynamic):
        return Dynamic(said, tariff.factor, tariff.fee)
    return said


def with_heard(tariff: Tariff, heard_on: Callable[[str], Overlay | None]) -> Tariff:
    """``tariff``, with the prices that were heard where its market's come by topic."""
    if not isinstance(tariff, Dynamic) or tariff.topic is None:
        return tariff
    heard = heard_on(tariff.topic)
    return tariff if heard is None else replace(tariff, market=heard)


@dataclass(frozen=True, slots=True)
class Segment:
    """One price, or None where it is not known, from ``start`` until before ``end`` (UTC)."""

    start: datetime
    end: datetime
    price: float | None


def price_at(tariff: Tariff, at: datetime) -> float | None:
    """The price at the instant ``at`` (aware), or None where the tariff does not know it."""
    match tariff:
        case Flat(price):
            return price
        case TimeOfUse():
            return _clock_price(tariff, at.astimezone(ZoneInfo(tariff.timezone)))
        case PriceList(start, step_s, prices):
            index = (at - start) // timedelta(seconds=step_s)
            return prices[index] if 0 <= index < len(prices) else None
        case Overlay():
            return tariff.at(at)
        case Dynamic(market, _, fee):
            return tariff.of(price_at(market, at), price_at(fee, at))


def segments(tariff: Tariff, start: datetime, end: datetime) -> Iterator[Segment]:
    """The tariff from ``start`` to ``end`` (UTC) as adjoining stretches of one price each."""
    match tariff:
        case Flat(price):
            yield Segment(start, end, price)
        case TimeOfUse():
            yield from _clock_segments(tariff, start, end)
        case PriceList():
            yield from _list_segments(tariff, start, end)
        case Overlay():
            yield from (Segment(*stretch) for stretch in tariff.stretches(start, end))
        case Dynamic(market, _, fee):
            for bought in segments(market, start, end):
                for added in segments(fee, bought.start, bought.end):
                    yield Segment(added.start, added.end, tariff.of(bought.price, added.price))


def _list_segments(tariff: PriceList, start: datetime, end: datetime) -> Iterator[Segment]:
    if start < tariff.start:
        yield Segment(start, min(end, tariff.start), None)
    step = timedelta(seconds=tariff.step_s)
    first = max(0, (start - tariff.start) // step)
    for index in range(first, len(tariff.prices)):
        begin = tariff.start + step * index
        if begin >= end:
            return
        yield Segment(max(start, begin), min(end, begin + step), tariff.prices[index])
    if end > tariff.end:
        yield Segment(max(start, tariff.end), end, None)


def _clock_segments(tariff: TimeOfUse, start: datetime, end: datetime) -> Iterator[Segment]:
    zone = ZoneInfo(tariff.timezone)
    borders = sorted({time(0)} | {border for window in tariff.windows for border in (window.start, window.end)})
    at = start
    while at < end:
        local = at.astimezone(zone)
        until = min(end, _next_border(at, local, borders))
        yield Segment(at, until, _clock_price(tariff, local))
        at = until


def _next_border(at: datetime, local: datetime, borders: list[time]) -> datetime:
    """The next instant after ``at`` at which a clock that reads ``local`` shows a border, or is put forward or back."""
    wall = local.replace(tzinfo=None)
    midnight = datetime.combine(wall.date() + timedelta(days=1), time(0))
    today = (datetime.combine(wall.date(), border) for border in borders)
    until = at + (next((border for border in today if border > wall), midnight) - wall)
    zone, offset = local.tzinfo, local.utcoffset()
    if until.astimezone(zone).utcoffset() == offset:
        return until
    low, high = at, until
    while high - low > _MINUTE:  # zones change at whole minutes
        middle = low + (high - low) / 2
        low, high = (middle, high) if middle.astimezone(zone).utcoffset() == offset else (low, middle)
    return high.replace(second=0, microsecond=0)


def _clock_price(tariff: TimeOfUse, local: datetime) -> float:
    clock = local.time()
    today, yesterday = local.date(), local.date() - timedelta(days=1)
    for window in tariff.windows:
        if window.wraps:
            holds = (clock >= window.start and _is_on(tariff, window, today)) or (
                clock < window.end and _is_on(tariff, window, yesterday)
            )
        else:
            holds = window.start <= clock < window.end and _is_on(tariff, window, today)
        if holds:
            return window.price_per_kwh
    return tariff.default_per_kwh


def _is_on(tariff: TimeOfUse, window: Window, day: date) -> bool:
    kind = day.weekday()
    if tariff.holidays_as is not None and day in tariff.holidays:
        kind = tariff.holidays_as
    return kind in window.days and day.month in window.months


def mean_prices(tariff: Tariff, horizon: Horizon) -> tuple[float | None, ...]:
    """The mean price over each step, weighted by time; None where any part of the step is not known."""
    sums = [0.0] * horizon.steps
    known = [True] * horizon.steps
    for segment in segments(tariff, horizon.start, horizon.end):
        for index, seconds in _spread(segment, horizon):
            if segment.price is None:
                known[index] = False
            else:
                sums[index] += segment.price * seconds
    return tuple(total / horizon.step_s if ok else None for total, ok in zip(sums, known, strict=True))


def _spread(segment: Segment, horizon: Horizon) -> Iterator[tuple[int, float]]:
    """The steps that ``segment`` touches, and for how many seconds."""
    begin = (segment.start - horizon.start).total_seconds()
    end = (segment.end - horizon.start).total_seconds()
    index = int(begin // horizon.step_s)
    while begin < end:
        until = min(end, float((index + 1) * horizon.step_s))
        yield index, until - begin
        begin, index = until, index + 1
