"""How far the agent is ahead of a rule in its worst weeks: the promise is never to be behind by more than 1 %."""

from collections.abc import Sequence

import numpy as np

from agent.backtest.case import Case, Floats
from agent.backtest.play import Played

DAYS = 28
DAY_S = 86_400


def beside_the_rule(case: Case, agent: Played, rules: Sequence[Played], days: int = DAYS) -> float | None:
    """The least (saving of the agent - saving of a rule) / saving of the rule over any ``days`` whole days of a play.

    Windows begin a day apart. A rule that saves less than a tenth of the mean saving of the agent is measured by that
    tenth, so that nothing is divided by next to nothing. None where the play is shorter.
    """
    a_day = DAY_S // case.horizon.step_s
    window = days * a_day
    if window > case.steps or not rules:
        return None
    starts = np.arange(0, case.steps - window + 1, a_day)
    own = _saved(case, agent, starts, window)
    least = 0.1 * max(float(own.mean()), 0.0)
    worst = np.inf
    for rule in rules:
        theirs = _saved(case, rule, starts, window)
        measured_by = np.maximum(np.maximum(theirs, least), 1e-9)
        worst = min(worst, float(((own - theirs) / measured_by).min()))
    return worst


def _saved(case: Case, one: Played, starts: np.ndarray, window: int) -> Floats:
    """What was saved in each window, what is left in the battery counted as in the accounts."""
    period, battery = case.period(), case.battery
    value = battery.discharge_efficiency * float(period.import_price.mean()) / 1000.0
    net_w = period.load_w - period.pv_w
    bills = [_bill(net_w - power_w, case) for power_w in (np.zeros(case.steps), one.battery_w)]
    saved = np.concatenate([[0.0], np.cumsum(bills[0] - bills[1])])
    saved += value * battery.usable_wh / 100.0 * (one.soc_pct - one.soc_pct[0])
    return np.asarray(saved[starts + window] - saved[starts])


def _bill(grid_w: Floats, case: Case) -> Floats:
    period = case.period()
    return grid_w * period.step_h / 1000.0 * np.where(grid_w > 0.0, period.import_price, period.export_price)
