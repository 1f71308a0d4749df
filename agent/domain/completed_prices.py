"""Prices without holes: what is not known is taken from a like day before, and said to be a guess."""

import math
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from agent.domain.horizon import Horizon
from agent.domain.sentences import plans as say
from agent.domain.tariff import Tariff, mean_prices

_DAYS_BACK = (1, 2)  # where a like day is looked for: 48 hours


@dataclass(frozen=True, slots=True)
class Completed:
    """Prices without holes. ``guessed[i]`` is true where ``prices[i]`` was not known: nobody should buy on a guess."""

    prices: tuple[float, ...]
    guessed: tuple[bool, ...]
    notes: tuple[str, ...]


def completed_prices(
    known: tuple[float | None, ...],
    horizon: Horizon,
    earlier: Tariff,
    what: str,
    timezone: str = "UTC",
    holidays: Collection[date] = (),
) -> Completed | None:
    """Fill the holes of ``known``: from the same clock time of a like day up to 48 hours back, else with the mean.

    Days are alike when both are working days, or both are Saturdays, Sundays or holidays, in ``timezone``. What lies
    before the horizon is asked of ``earlier``. ``what`` names the prices in the notes: import_price or export_price.
    None when nothing is known.
    """
    past = _before(horizon)
    earlier_prices = mean_prices(earlier, past)
    believed = [price for price in known if price is not None] or [
        price for price in earlier_prices if price is not None
    ]
    if not believed:
        return None
    mean = math.fsum(believed) / len(believed)
    whole = Horizon(past.start, horizon.step_s, past.steps + horizon.steps)
    calendar = _Calendar(ZoneInfo(timezone), frozenset(holidays))
    like = [
        _like_price(at, whole, earlier_prices + known, calendar) if price is None else price
        for at, price in zip(horizon.times(), known, strict=True)
    ]
    guessed = tuple(price is None for price in known)
    flat = sum(price is None for price in like)
    notes = (_note(what, len(known), sum(guessed) - flat, flat),) if any(guessed) else ()
    return Completed(tuple(mean if price is None else price for price in like), guessed, notes)


@dataclass(frozen=True, slots=True)
class _Calendar:
    zone: ZoneInfo
    holidays: frozenset[date]

    def are_alike(self, one: date, other: date) -> bool:
        return self._is_working_day(one) == self._is_working_day(other)

    def _is_working_day(self, day: date) -> bool:
        return day.weekday() < 5 and day not in self.holidays


def _before(horizon: Horizon) -> Horizon:
    """The steps up to the horizon's start that may be two clock days back; such days may have 25 hours."""
    steps = -(-49 * 3600 // horizon.step_s)
    return Horizon(horizon.start - timedelta(seconds=steps * horizon.step_s), horizon.step_s, steps)


def _like_price(at: datetime, whole: Horizon, prices: tuple[float | None, ...], calendar: _Calendar) -> float | None:
    local = at.astimezone(calendar.zone)
    for days in _DAYS_BACK:
        back = local - timedelta(days=days)  # the same clock time, since local arithmetic is by the clock
        index = whole.index_of(back.astimezone(UTC))
        if index is None or not calendar.are_alike(back.date(), local.date()):
            continue
        if prices[index] is not None:
            return prices[index]
    return None


def _note(what: str, steps: int, like: int, flat: int) -> str:
    if not flat:
        return say.prices_from_like_day(price=what, missing=like, steps=steps)
    if not like:
        return say.prices_set_to_mean(price=what, missing=flat, steps=steps)
    return say.prices_guessed(price=what, missing=like + flat, steps=steps, like=like, flat=flat)
