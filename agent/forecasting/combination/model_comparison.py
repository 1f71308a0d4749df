"""Two models on the same past days of one site: their losses, and whether one is better for sure."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np

from agent.domain.history import History
from agent.domain.model_comparison import DayScore, Decision, Verdict
from agent.domain.sentences import model_trials as say
from agent.forecasting.forecaster import DAY_S, LEARNING_HOURS, LEVELS, FloatArray, Forecaster
from agent.forecasting.series import Series, load_series, solar_series

FEWEST_DAYS = 14
FEWEST_LIVE = 7
PINBALL_MARGIN = 0.01
COST_MARGIN = 0.0002
"""Of the whole bill, of which a battery moves a few per cent, and a better forecast a few per cent of those."""

PINBALL_ALARM = 0.05
COST_ALARM = 0.01
CONFIDENCE = 0.9
ORIGINS_A_DAY = 4
_BLOCK_DAYS = 3  # a forecast of two days shares its errors with those of the days beside it
_RESAMPLES = 2000
_LEAST_MEASURED = 0.5


def days_to_judge(history: History, quantity: str, rated_w: float, reach_s: int, most: int) -> tuple[date, ...]:
    """UTC days, newest first, at most ``most``, whose origins have a week measured before them.

    Every forecast of ``reach_s`` seconds made on such a day has come to its end. A day counts when at least half of
    what its forecasts reach was measured.
    """
    series = _series(history, quantity, rated_w)
    found: list[date] = []
    last = (history.end - timedelta(seconds=reach_s) - timedelta(days=1)).date()
    for ago in range(most):
        day = last - timedelta(days=ago)
        first = _start(day)
        origin = series.index_of([first])
        steps = (DAY_S + reach_s) // series.step_s
        ahead = series.before(origin + np.arange(steps), np.array([series.values.size]))
        known_h = float(series.measured_before(origin)[0]) * series.step_s / 3600
        if known_h >= LEARNING_HOURS and np.isfinite(ahead).mean() >= _LEAST_MEASURED:
            found.append(day)
    return tuple(found)


def pinball_of_day(forecaster: Forecaster, history: History, day: date, rated_w: float, steps: int) -> float:
    """Mean pinball loss, W, over LEVELS, ``steps`` steps of the history's raster and ORIGINS_A_DAY origins of ``day``.

    Steps that were not measured do not count. Raises ModelUnusable.
    """
    first = _start(day)
    step_s = history.horizon.step_s
    origins = [first + timedelta(seconds=DAY_S // ORIGINS_A_DAY * part) for part in range(ORIGINS_A_DAY)]
    series = _series(history, forecaster.quantity, rated_w)
    target = series.index_of(origins)[:, None] + np.arange(steps)
    actual = series.before(target, np.array([series.values.size]))[:, None, :]
    missed = actual - forecaster.predict(history, origins, step_s, steps)
    levels = np.array(LEVELS)[None, :, None]
    return float(np.nanmean(np.maximum(levels * missed, (levels - 1.0) * missed)))


def verdict(scores: Sequence[DayScore], live_from: date | None, watching: bool = False) -> Verdict:
    """Whether the candidate is better than the champion: by pinball and by money, each by a margin and for sure.

    Days from ``live_from`` on are live (None: all): only they decide, since a candidate may have been fitted on those
    before, which must merely not speak against it. Where no plan cost another sum, the pinball decides alone.
    ``watching``: the champion was promoted and the candidate is the model before it. Then a week is enough, and so is
    one measure alone that has become worse beyond doubt.

    For sure: the mean gain of a day is above 0 with 90 % one-sided confidence by the circular block bootstrap (Politis
    and Romano 1992) of paired days.
    """
    live = [score for score in scores if live_from is None or score.day >= live_from]
    fewest = FEWEST_LIVE if watching else FEWEST_DAYS
    if len(scores) < fewest or len(live) < FEWEST_LIVE:
        why = say.too_few_days_compared(days=len(scores), fewest=fewest, live=len(live), fewest_live=FEWEST_LIVE)
        return Verdict(Decision.EARLY, len(scores), len(live), why=why)
    live.sort(key=lambda score: score.day)
    pinball = _gains([(score.pinball_champion, score.pinball_candidate) for score in live])
    cost = _gains([(score.cost_champion or 0.0, score.cost_candidate or 0.0) for score in live])
    before = _gains([(score.pinball_champion, score.pinball_candidate) for score in scores])
    gained = float(pinball.mean()), at_least(pinball), float(cost.mean()), at_least(cost)
    by_pinball = gained[0] >= PINBALL_MARGIN and gained[1] > 0
    by_money = gained[2] >= COST_MARGIN and gained[3] > 0
    same_money = float(np.abs(cost).max()) < COST_MARGIN
    beyond_doubt = gained[1] >= PINBALL_ALARM or gained[3] >= COST_ALARM
    better = by_pinball and (by_money or same_money) and float(before.mean()) >= 0
    better = better or (watching and beyond_doubt)
    decision = Decision.BETTER if better else Decision.ALIKE
    return Verdict(decision, len(scores), len(live), *gained, why=_figures(len(live), *gained))


def at_least(gains: FloatArray) -> float:
    """The lower end of the one-sided 90 % interval of the mean of ``gains``, one a day in order."""
    days = gains.size
    starts = np.random.default_rng(days).integers(0, days, (_RESAMPLES, -(-days // _BLOCK_DAYS), 1))
    drawn = ((starts + np.arange(_BLOCK_DAYS)) % days).reshape(_RESAMPLES, -1)[:, :days]
    return float(np.quantile(gains[drawn].mean(axis=1), 1.0 - CONFIDENCE))


def _gains(pairs: Sequence[tuple[float, float]]) -> FloatArray:
    """What the second saves against the first, a day, as shares of the first's mean size."""
    table = np.array(pairs, dtype=np.float64)
    size = float(np.abs(table[:, 0]).mean())
    return np.asarray((table[:, 0] - table[:, 1]) / max(size, 1e-9))


def _figures(live: int, pinball: float, pinball_low: float, cost: float, cost_low: float) -> str:
    return say.models_compared(
        days=live,
        error=say.error_against(pinball),
        worst_error=say.error_against(pinball_low),
        cost=say.cost_against(cost),
        worst_cost=say.cost_against(cost_low),
    )


def _series(history: History, quantity: str, rated_w: float) -> Series:
    step_s = history.horizon.step_s
    return load_series(history, step_s) if quantity == "load_w" else solar_series(history, step_s, rated_w)


def _start(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
