"""How far the agent is ahead of a rule in its worst weeks: the promise is never to be behind by more than 1 %."""

from collections.abc import Sequence

import numpy as np

from agent.backtest.case import Case, Floats
from agent.backtest.demand import Intervals
from agent.backtest.play import Played

DAYS = 28
DAY_S = 86_400
NOTHING = 0.01  # money in all of the days: less is rounding


class BesideTheRules:
    """The least (saving of an agent - saving of a rule) / saving of the rule over any ``days`` whole days of a play.

    Windows begin a day apart. ``demand_charge`` is money per kW of a month's highest mean import; every day of a month
    bears as much of it as every other. A rule that saves less than a tenth of the mean saving of the agent is measured
    by that tenth, so that nothing is divided by next to nothing. What the rules have saved is worked out once.
    """

    def __init__(self, case: Case, rules: Sequence[Played], demand_charge: float = 0.0, days: int = DAYS) -> None:
        a_day = DAY_S // case.horizon.step_s
        self._window = days * a_day
        self._starts = np.arange(0, case.steps - self._window + 1, a_day)
        self._bills = _Bills(case, demand_charge)
        self._rules = [self._saved(rule) for rule in rules] if len(self._starts) else []

    def worst(self, agent: Played) -> float | None:
        """None where the play is shorter, nobody is to be compared with, or nobody saves anything."""
        if not self._rules:
            return None
        own = self._saved(agent)
        if max(float(saved.max()) for saved in (own, *self._rules)) < NOTHING:
            return None
        least = max(0.1 * float(own.mean()), 1e-9)
        return min(float(((own - theirs) / np.maximum(theirs, least)).min()) for theirs in self._rules)

    def _saved(self, one: Played) -> Floats:
        return self._bills.saved(one, self._starts, self._window)


class _Bills:
    """What each step costs by a policy, its part of the month's demand charge counted."""

    def __init__(self, case: Case, demand_charge: float) -> None:
        self._case, self._per_kw, self._intervals = case, demand_charge, Intervals.of(case)
        period = case.period()
        self._net_w, self._bought, self._sold = period.load_w - period.pv_w, period.import_price, period.export_price
        self._idle = self._of(np.zeros(case.steps))

    def saved(self, one: Played, starts: np.ndarray, window: int) -> Floats:
        """What was saved in each window, what is left in the battery counted as in the accounts."""
        battery = self._case.battery
        value = battery.discharge_efficiency * float(self._bought.mean()) / 1000.0
        saved = np.concatenate([[0.0], np.cumsum(self._idle - self._of(one.battery_w))])
        saved += value * battery.usable_wh / 100.0 * (one.soc_pct - one.soc_pct[0])
        return np.asarray(saved[starts + window] - saved[starts])

    def _of(self, battery_w: Floats) -> Floats:
        grid_w, intervals = self._net_w - battery_w, self._intervals
        energy = grid_w * self._case.horizon.step_h / 1000.0 * np.where(grid_w > 0.0, self._bought, self._sold)
        month = intervals.month[intervals.interval]
        return np.asarray(energy + (self._per_kw * intervals.peaks_kw(grid_w) / np.bincount(month))[month])
