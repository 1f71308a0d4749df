"""What a plan had to do without or could not keep to. ``steps`` are the plan's, ``cause`` a sentence or words."""

from datetime import datetime

from agent.domain.in_words import kw, kwh
from agent.domain.sentence import Template

# --- prices, weather and carbon ---------------------------------------------------------------------------------------


@Template
def prices_from_like_day(*, price: str, missing: int, steps: int) -> str:
    """``price`` is import_price or export_price."""
    return f"{_not_known(price, missing, steps)}: {missing} taken from a like day before"


@Template
def prices_set_to_mean(*, price: str, missing: int, steps: int) -> str:
    return f"{_not_known(price, missing, steps)}: {missing} set to the mean"


@Template
def prices_guessed(*, price: str, missing: int, steps: int, like: int, flat: int) -> str:
    return f"{_not_known(price, missing, steps)}: {like} taken from a like day before and {flat} set to the mean"


@Template
def weather_left_out(*, after_s: float) -> str:
    return f"the weather forecast is left out: {_nothing_said(after_s)}"


@Template
def carbon_left_out(*, after_s: float) -> str:
    return f"the carbon intensity is left out: {_nothing_said(after_s)}"


# --- measurements and forecasts ---------------------------------------------------------------------------------------


@Template
def measurements_left_out(*, from_at: datetime, to_at: datetime, cause: str) -> str:
    """Times in UTC."""
    return f"left out {from_at:%d %b %H:%M} to {to_at:%d %b %H:%M} UTC: {cause}"


@Template
def older_left_out(*, stretches: int) -> str:
    return f"{stretches} older stretches of measurements are left out too"


@Template
def learnt_anew(*, cause: str) -> str:
    return f"what the forecasts had learnt is of no use and is learnt anew: {cause}"


@Template
def forecast_below_zero(*, quantity: str, steps: int) -> str:
    return f"The forecast of {quantity} was below zero on {steps} steps and taken as zero there."


@Template
def no_past_errors() -> str:
    return "No past forecast errors were known; the value of energy rests on the forecast's quantiles."


# --- limits that are not kept -----------------------------------------------------------------------------------------


@Template
def import_limit_broken(*, steps: int, over_w: float) -> str:
    return f"The import limit cannot be kept on {steps} steps, by up to {kw(over_w, 1)}."


@Template
def export_limit_broken(*, steps: int, over_w: float) -> str:
    return f"The export limit cannot be kept on {steps} steps, by up to {kw(over_w, 1)}."


@Template
def starts_below_window(*, steps: int) -> str:
    return f"The battery starts below its SoC window and is outside it on {steps} steps."


@Template
def starts_above_window(*, steps: int) -> str:
    return f"The battery starts above its SoC window and is outside it on {steps} steps."


@Template
def reserve_too_late(*, steps: int, missing_wh: float) -> str:
    return f"The reserve cannot be there in time on {steps} steps, by up to {kwh(missing_wh)}."


@Template
def peak_not_held(*, allowed_w: float, peak_w: float, cost_money: float) -> str:
    rises = f"it is expected to rise to {kw(peak_w)}, which costs {cost_money:z.2f}"
    return f"The demand peak of {kw(allowed_w)} cannot be held: {rises}."


# --- the solver -------------------------------------------------------------------------------------------------------


@Template
def follows_value_table(*, cause: str) -> str:
    return f"The schedule follows the value table, because {cause}."


@Template
def follows_value_table_for_losses() -> str:
    return "The schedule follows a value table: the programme would lose more energy than the battery can."


@Template
def follows_rule() -> str:
    return "The schedule is that of the self-consumption rule, which costs less than what was found in time."


@Template
def directions_unproven() -> str:
    return "The choice between opposite flows was not proven best in time; the schedule is a good one."


@Template
def loads_from_the_beginning(*, cause: str) -> str:
    return f"The switched loads run from the beginning of their windows, because {cause}."


@Template
def no_new_advice(*, cause: str) -> str:
    return f"There are no new recommendations this time: {cause}."


@Template
def planned_plainly(*, cause: str) -> str:
    return f"This plan does without models and solver, because the planner failed with them: {cause}."


@Template
def solver_not_asked() -> str:
    return "the solver is not asked this time"


@Template
def no_time_to_solve() -> str:
    return "no time was left for the solver"


@Template
def solver_unusable(*, cause: str) -> str:
    """``cause`` are the words of its library."""
    return f"HiGHS cannot be used: {cause}"


@Template
def programme_refused() -> str:
    return "HiGHS refused the arrays of the linear programme"


@Template
def solver_ended(*, status: str) -> str:
    """``status`` is HiGHS's own word."""
    return f"HiGHS ended with status {status!r}"


@Template
def solver_not_finite() -> str:
    return "HiGHS answered with a number that is not finite"


@Template
def opposites_remained() -> str:
    return "opposite flows remained in the schedule"


@Template
def opposites_unsolved() -> str:
    return "no choice between opposite flows was solved"


def _not_known(price: str, missing: int, steps: int) -> str:
    return f"the {price.replace('_', ' ')} is not known for {missing} of {steps} steps"


def _nothing_said(after_s: float) -> str:
    return f"nothing was said for more than {after_s / 3600:.0f} h"


@Template
def by_defect(*, cause: str) -> str:
    return f"a defect: {cause}"
