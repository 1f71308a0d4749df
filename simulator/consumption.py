"""What a synthetic home or a commercial building draws, minute by minute. Pure.

A day is drawn on the local clock of the site, so that habits move with summer time; the same seed gives the same days.
"""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache

from simulator.noise import chance, normal, persistent, smooth

# How days of a home differ: fitted to five homes in Fontana, California (EPRI, with CityLearn), October 2016 to
# January 2017. The logarithm of their daily mean has a standard deviation of .23 to .39 (median .30), and correlates
# by .32 to .81 (median .67) with the day before and by -.06 to .51 (median .43) with the week before. Appliances add
# chance of their own, so a drawn home stays below the median of both correlations.
DAY_SPREAD, DAY_PERSISTENCE = 0.42, 0.9
WEEKDAY_SPREAD = 0.24
HABIT = 0.85  # the share of an appliance's spread in time that belongs to the weekday of this home and not to chance
MINUTES_PER_DAY = 1440
_MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class Run:
    """One run of an appliance: ``watts`` from local minute ``start`` of its day for ``minutes``."""

    start: float
    minutes: float
    watts: float


@dataclass(frozen=True, slots=True)
class _Appliance:
    """When an appliance is likely to run: ``stages`` are (minutes, W), one after the other."""

    per_day: float
    hours: tuple[tuple[float, float], ...]  # (local hour, spread in hours)
    stages: tuple[tuple[float, float], ...]
    weekend_factor: float = 1.0


_HOME_APPLIANCES = (
    _Appliance(4.5, ((7.2, 0.7), (10.5, 1.5), (16.0, 1.5), (20.5, 1.0)), ((3.0, 2200.0),), 1.3),  # kettle
    _Appliance(0.9, ((7.3, 0.5), (8.5, 0.6)), ((4.0, 950.0),)),  # toaster
    _Appliance(1.1, ((18.5, 0.8), (12.6, 0.5)), ((9.0, 2300.0), (22.0, 1150.0), (8.0, 500.0)), 1.4),  # oven and hob
    _Appliance(1.6, ((12.5, 1.0), (18.8, 1.2)), ((5.0, 1250.0),)),  # microwave
    _Appliance(0.45, ((10.0, 2.0), (18.0, 1.5)), ((18.0, 2050.0), (55.0, 180.0), (8.0, 480.0)), 1.6),  # washing machine
    _Appliance(0.6, ((20.3, 0.8),), ((20.0, 1900.0), (35.0, 110.0), (15.0, 1800.0))),  # dishwasher
    _Appliance(0.25, ((14.0, 2.5),), ((50.0, 1800.0),), 1.8),  # tumble dryer
    _Appliance(0.35, ((11.0, 2.0),), ((25.0, 850.0),), 2.0),  # vacuum cleaner
)


def home_day(seed: int, epoch_day: int, zone: tzinfo) -> list[float]:
    """The load of a home in each minute of a UTC day (``epoch_day`` days after 1970-01-01), 1440 values, W."""
    start_s = epoch_day * 86400
    local = _local_minutes(start_s, zone)
    loads = [_home_background_w(seed, start_s + 60 * i, *local[i]) for i in range(MINUTES_PER_DAY)]
    today = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=epoch_day)).date()
    for day in (today - timedelta(days=1), today, today + timedelta(days=1)):
        for run in _home_runs(seed, day):
            _add_run(loads, start_s, day, zone, run)
    return loads


def commercial_day(seed: int, epoch_day: int, zone: tzinfo) -> list[float]:
    """The load of a small commercial building in each minute of a UTC day, 1440 values, W."""
    start_s = epoch_day * 86400
    local = _local_minutes(start_s, zone)
    return [_commercial_w(seed, start_s + 60 * i, *local[i]) for i in range(MINUTES_PER_DAY)]


def _local_minutes(start_s: int, zone: tzinfo) -> list[tuple[float, date]]:
    """Local hour of day and date for each minute of the UTC day. Offsets change at whole quarter hours at most."""
    found: list[tuple[float, date]] = []
    for quarter in range(MINUTES_PER_DAY // 15):
        local = datetime.fromtimestamp(start_s + 900 * quarter, zone)
        hour = local.hour + local.minute / 60.0
        found.extend((hour + i / 60.0, local.date()) for i in range(15))
    return found


def _home_background_w(seed: int, epoch_s: int, hour: float, day: date) -> float:
    """Standby, fridge and freezer, light and small electronics."""
    weekend = day.weekday() >= 5
    wake = (8.2 if weekend else 6.6) + 0.8 * chance(seed, 11, day.toordinal())
    sleep = 22.8 + 0.9 * chance(seed, 12, day.toordinal())
    awake = _rise(hour, wake, 0.4) * (1.0 - _rise(hour, sleep, 0.5))
    level = _level(seed, day)
    at_work = 0.0 if weekend else _rise(hour, 8.6, 0.3) * (1.0 - _rise(hour, 17.0, 0.7))
    present = awake * (1.0 - 0.75 * at_work)
    season = math.cos(2.0 * math.pi * (day.timetuple().tm_yday - 10) / 365.0)  # 1 in mid January
    evening = _rise(hour, 17.6 - 1.2 * season, 1.2)
    morning = 1.0 - _rise(hour, 8.0 + 0.8 * season, 0.8)
    light_w = 170.0 * level * present * max(evening, 0.6 * morning)
    screens_w = level * present * (70.0 + 190.0 * _rise(hour, 18.5, 0.8)) * (0.5 + smooth(seed + 21, epoch_s / 2700.0))
    standby_w = 75.0 + 25.0 * smooth(seed + 22, epoch_s / 14400.0)
    cold_w = _compressor_w(seed + 31, epoch_s, 47.0, 0.36, 95.0) + _compressor_w(seed + 32, epoch_s, 63.0, 0.42, 80.0)
    return standby_w + cold_w + light_w + screens_w


def _compressor_w(seed: int, epoch_s: int, period_min: float, duty: float, watts: float) -> float:
    """A thermostat's cycle: the phase wanders, so that two cycles are never quite alike."""
    minutes = epoch_s / _MINUTE_S + 18.0 * smooth(seed, epoch_s / 21600.0)
    phase = (minutes % period_min) / period_min
    if phase >= duty:
        return 0.0
    return watts * (1.25 if phase * period_min < 1.0 else 1.0)  # the motor starts with a surge


@lru_cache(maxsize=64)
def _home_runs(seed: int, day: date) -> Sequence[Run]:
    dice = random.Random(f"{seed}/{day.isoformat()}")
    weekend = day.weekday() >= 5
    level = _level(seed, day)
    return tuple(
        run
        for number, one in enumerate(_HOME_APPLIANCES)
        for run in _runs_of(one, weekend, level, normal(seed, 13, number, day.weekday()), dice)
    )


def _level(seed: int, day: date) -> float:
    """How much goes on in the home on a day: days that follow each other are alike, and weekdays have their habits."""
    lasting = DAY_SPREAD * persistent(seed + 61, day.toordinal(), DAY_PERSISTENCE)
    habit = WEEKDAY_SPREAD * normal(seed, 14, day.weekday())
    return math.exp(lasting + habit - (DAY_SPREAD**2 + WEEKDAY_SPREAD**2) / 2.0)


def _runs_of(appliance: _Appliance, weekend: bool, level: float, habit: float, dice: random.Random) -> Iterator[Run]:
    """``habit`` is how far from its usual hour this home uses the appliance on this weekday, in spreads."""
    expected = level * appliance.per_day * (appliance.weekend_factor if weekend else 1.0)
    times = int(expected) + (1 if dice.random() < expected % 1.0 else 0)
    for _ in range(times):
        hour, spread = dice.choice(appliance.hours)
        usual = hour + (0.8 if weekend and hour < 12.0 else 0.0) + HABIT * spread * habit
        start = 60.0 * dice.gauss(usual, spread * math.sqrt(1.0 - HABIT**2))
        for minutes, watts in appliance.stages:
            length = minutes * dice.uniform(0.85, 1.2) * math.sqrt(level)
            yield Run(start, length, watts * dice.uniform(0.95, 1.05))
            start += length


def _add_run(loads: list[float], start_s: int, day: date, zone: tzinfo, run: Run) -> None:
    midnight_s = datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()
    begin = (midnight_s - start_s) / _MINUTE_S + run.start
    end = begin + run.minutes
    for minute in range(max(0, math.floor(begin)), min(MINUTES_PER_DAY, math.ceil(end))):
        loads[minute] += run.watts * max(0.0, min(end, minute + 1.0) - max(begin, float(minute)))


def _commercial_w(seed: int, epoch_s: int, hour: float, day: date) -> float:
    """Night base, staff hours with a lunch dip, ventilation and cooling that cycle, refrigeration."""
    weekend = day.weekday() >= 5
    opening = 7.0 + 0.4 * chance(seed, 41, day.toordinal())
    closing = 18.0 + 0.8 * chance(seed, 42, day.toordinal())
    staffed = _rise(hour, opening, 0.8) * (1.0 - _rise(hour, closing, 1.2)) * (0.22 if weekend else 1.0)
    lunch = math.exp(-(((hour - 12.6) / 0.5) ** 2))
    level = 0.85 + 0.3 * chance(seed, 43, day.toordinal())
    people_w = 17000.0 * staffed * level * (1.0 - 0.18 * lunch)
    summer = max(0.0, -math.cos(2.0 * math.pi * (day.timetuple().tm_yday - 15) / 365.0))
    warm = math.exp(-(((hour - 15.0) / 4.0) ** 2))
    cooling_w = 9000.0 * summer * warm * (0.35 + 0.65 * staffed)
    cycling_w = _compressor_w(seed + 51, epoch_s, 24.0, 0.55, 4200.0) * (0.3 + 0.7 * staffed)
    cold_w = _compressor_w(seed + 52, epoch_s, 38.0, 0.45, 1800.0) + _compressor_w(
        seed + 53, epoch_s, 51.0, 0.4, 1500.0
    )
    flicker = 0.94 + 0.12 * smooth(seed + 54, epoch_s / 420.0)
    base_w = 5200.0 + 900.0 * smooth(seed + 55, epoch_s / 10800.0)
    return base_w + cold_w + cycling_w + (people_w + cooling_w) * flicker


def _rise(hour: float, at: float, width: float) -> float:
    """0 before, 1 after, half at ``at``; ``width`` hours from about a quarter to three quarters."""
    return 1.0 / (1.0 + math.exp(-max(-40.0, min(40.0, 2.2 * (hour - at) / width))))
