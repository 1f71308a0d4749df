"""Recommendations: headline, the words that support it, and what became of it. Money is in the site's currency."""

from datetime import datetime

from agent.domain.in_words import figure, kw, kwh, price
from agent.domain.sentence import Template

# --- charge or hold ---------------------------------------------------------------------------------------------------


@Template
def charge_from_to(*, energy_wh: float, from_at: datetime, to_at: datetime) -> str:
    return f"Charge {kwh(energy_wh)} from {from_at:%H:%M} to {to_at:%H:%M}"


@Template
def hold_from_to(*, from_at: datetime, to_at: datetime) -> str:
    return f"Hold the battery from {from_at:%H:%M} to {to_at:%H:%M}"


@Template
def charge_because(*, import_per_kwh: float, value_per_kwh: float, saved_money: float) -> str:
    return (
        f"The grid costs {price(import_per_kwh)} per kWh then and a stored kWh will be worth {price(value_per_kwh)}. "
        f"Against serving the load from the battery as it comes, this saves {figure(saved_money)}."
    )


@Template
def hold_because(*, import_per_kwh: float, value_per_kwh: float, saved_money: float) -> str:
    return (
        f"The grid costs {price(import_per_kwh)} per kWh then and a stored kWh is kept for {price(value_per_kwh)}. "
        f"Against serving the load from the battery as it comes, this saves {figure(saved_money)}."
    )


# --- loads that can wait ----------------------------------------------------------------------------------------------


@Template
def run_instead(*, load: str, best_at: datetime, usual_at: datetime) -> str:
    return f"Run {load} at {best_at:%H:%M} instead of {usual_at:%H:%M}"


@Template
def run_because(
    *, load: str, power_w: float, runs_s: float, best_at: datetime, best_money: float, usual_at: datetime,
    usual_money: float,
) -> str:  # fmt: skip
    return (
        f"{load} ({kw(power_w, 1)} for {runs_s / 60.0:z.0f} min) would cost "
        f"{figure(usual_money)} at {usual_at:%H:%M} and costs {figure(best_money)} at "
        f"{best_at:%a %H:%M}, with the battery doing its best either way."
    )


# --- a peak -----------------------------------------------------------------------------------------------------------


@Template
def peak_coming(*, peak_w: float, peak_at: datetime) -> str:
    return f"A peak of {kw(peak_w, 1)} is coming at {peak_at:%a %H:%M}"


@Template
def peak_above_month(*, allowed_w: float) -> str:
    return f"The month's highest so far is {kw(allowed_w, 1)}. Leave what can wait for later."


@Template
def peak_above_month_costs(*, allowed_w: float, added_money: float) -> str:
    return f"The month's highest so far is {kw(allowed_w, 1)}.{_adds(added_money)} Leave what can wait for later."


@Template
def peak_above_limit(*, allowed_w: float) -> str:
    return f"The import limit of the connection is {kw(allowed_w, 1)}. Leave what can wait for later."


@Template
def peak_above_limit_costs(*, allowed_w: float, added_money: float) -> str:
    limit = f"The import limit of the connection is {kw(allowed_w, 1)}."
    return f"{limit}{_adds(added_money)} Leave what can wait for later."


# --- what is wrong ----------------------------------------------------------------------------------------------------

_MEASURED = {"load_w": "the consumption", "pv_w": "the solar power"}


@Template
def look_at_meter(*, quantity: str) -> str:
    return f"Look at the meter of {_MEASURED.get(quantity, quantity)}"


@Template
def meter_not_believed(*, from_at: datetime, to_at: datetime, cause: str) -> str:
    return f"From {from_at:%a %H:%M} to {to_at:%a %H:%M} it was not believed: {cause}"


@Template
def capacity_low() -> str:
    return "The battery's capacity is below its rating"


@Template
def efficiency_low() -> str:
    return "The battery's efficiency is below its rating"


@Template
def delivers_too_little(*, found_wh: float, rated_wh: float, error_wh: float, runs: int) -> str:
    says = f"100 points of charge deliver {kwh(found_wh)}, rated are {kwh(rated_wh)}"
    return f"{says} (standard error {kwh(error_wh)}, {runs} runs). Have it looked at, or correct the site file."


@Template
def loses_too_much(*, found_pct: float, rated_pct: float, error_pct: float, runs: int) -> str:
    says = f"{found_pct:z.0f} % of the energy comes back, rated are {rated_pct:z.0f} %"
    return f"{says} (standard error {error_pct:z.0f} %, {runs} runs). Have it looked at, or correct the site file."


@Template
def raise_reserve(*, from_pct: float, to_pct: float) -> str:
    return f"Raise the reserve from {from_pct:z.0f} to {to_pct:z.0f} %"


@Template
def reserve_because(*, outages: int, over_days: float, longest_h: float, worth_money: float, cost_money: float) -> str:
    return (
        f"The grid was away {outages} times in {over_days:z.0f} days, up to {longest_h:z.1f} h. A month of "
        f"the larger reserve is worth {figure(worth_money)} and costs {figure(cost_money)} in trade."
    )


# --- what became of it ------------------------------------------------------------------------------------------------


@Template
def badly_measured() -> str:
    return "it was not measured well enough to tell"


@Template
def was_dismissed() -> str:
    return "it was dismissed"


@Template
def was_answered(*, state: str) -> str:
    """``state`` is a word of AdvisoryState."""
    return f"it was {state}"


@Template
def nobody_answered() -> str:
    return "nobody said anything about it"


@Template
def grid_not_measured() -> str:
    return "the grid was not measured"


@Template
def peak_came(*, import_w: float) -> str:
    return f"the import was {kw(import_w, 1)}, above the mark"


@Template
def peak_did_not_come(*, import_w: float) -> str:
    return f"the import was {kw(import_w, 1)}, not above the mark"


@Template
def peak_averted(*, import_w: float) -> str:
    return f"the import was {kw(import_w, 1)}, not above the mark, after people had been warned"


@Template
def powers_not_measured() -> str:
    return "load, sun and battery were not all measured"


@Template
def saved_of(*, saved_money: float, promised_money: float) -> str:
    return f"against the rule it saved {saved_money:z.2f} of {promised_money:z.2f}"


@Template
def load_not_measured() -> str:
    return "the load around it was not measured, or the machine is no longer known"


@Template
def load_did_not_run(*, load: str) -> str:
    return f"{load} did not run then"


@Template
def load_ran(*, load: str, saved_money: float) -> str:
    return f"{load} ran then and saved {saved_money:z.2f}"


def _adds(amount: float) -> str:
    return f" It would add {figure(amount)} to the demand charge."
