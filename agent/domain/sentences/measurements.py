"""Why measurements are not believed, or are only strange."""

from agent.domain.sentence import Template

# --- consumption ------------------------------------------------------------------------------------------------------


@Template
def load_in_future() -> str:
    return "the load is stamped later than now: a clock is wrong"


@Template
def load_absurd() -> str:
    return "the load is beyond 100 MW: no site behind a gateway does that"


@Template
def load_below_zero(*, power_w: float, lasted_h: float) -> str:
    return f"the load is {_kw(power_w)} for {_figures(lasted_h)} h: a meter counts the wrong way"


@Template
def load_dead(*, lasted_h: float) -> str:
    lasted = f"the load is zero for {_figures(lasted_h)} h"
    return f"{lasted} on a site that never stands still: a dead meter or a power cut"


@Template
def load_frozen(*, power_w: float, lasted_h: float) -> str:
    lasted = f"the load stays at {_kw(power_w)} for {_figures(lasted_h)} h"
    return f"{lasted} in which this site always moves: a frozen meter"


@Template
def load_beyond(*, power_w: float, usual_times: float) -> str:
    reached = f"the load reaches {_kw(power_w)}, {_figures(usual_times)} times the usual peak"
    return f"{reached}: more than such a site can draw"


@Template
def load_of_workday() -> str:
    return "the load of this day off is that of a workday"


@Template
def load_of_day_off() -> str:
    return "the load of this workday is that of a day off"


@Template
def load_unusual(*, usual_times: float) -> str:
    return f"the load is {usual_times:.2g} times that of a usual day of its kind"


@Template
def load_peak_unusual(*, usual_times: float) -> str:
    return f"the highest load is {usual_times:.2g} times the usual peak"


@Template
def load_runs_otherwise() -> str:
    return "the load runs through the day in another way than usual"


# --- solar power ------------------------------------------------------------------------------------------------------


@Template
def solar_in_future() -> str:
    return "the solar output is stamped later than now: a clock is wrong"


@Template
def solar_absurd() -> str:
    return "the solar output is beyond 100 MW: no site behind a gateway does that"


@Template
def solar_above_rating(*, power_w: float) -> str:
    return f"the solar output reaches {_kw(power_w)}, more than 1.3 times the rating of the array"


@Template
def solar_below_zero(*, power_w: float) -> str:
    return f"the solar output is {_kw(power_w)}: a meter counts the wrong way"


@Template
def solar_at_night(*, power_w: float) -> str:
    return f"the solar output is {_kw(power_w)} in the dark: a broken meter, or a wrong clock or place"


@Template
def solar_frozen(*, power_w: float, lasted_h: float) -> str:
    lasted = f"the solar output stays at {_kw(power_w)} for {_figures(lasted_h)} h"
    return f"{lasted} under a moving sun: a frozen meter"


@Template
def solar_dead(*, lasted_h: float) -> str:
    lasted = f"the solar output is zero for {_figures(lasted_h)} h by day"
    return f"{lasted}: the array or its meter was off, or under snow"


def _kw(power_w: float) -> str:
    return f"{_figures(power_w / 1000.0)} kW"


def _figures(number: float) -> str:
    return f"{number:.0f}" if abs(number) >= 100 else f"{number:.3g}"
