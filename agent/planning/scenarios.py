"""The net-load paths a plan is made for: the median forecast plus the forecast's own past errors."""

from dataclasses import dataclass, replace

import numpy as np

from agent.domain.forecast import Forecast
from agent.forecasting.site_forecast import SiteForecast
from agent.planning.planning_terms import Floats, PlanningTerms, require_finite
from agent.planning.surprises import Surprises

# Without past errors, each quantity is represented by the middles of three equally likely thirds of its distribution.
THIRDS = (1.0 / 6.0, 0.5, 5.0 / 6.0)
# Of a quarter's error, what lasts about an hour foretells the next; the rest is noise that the fast loop meets.
LASTING_S = 3600
NEWEST_DAYS = 20  # of errors are heard where a peak is charged; homes earned less with those of 28
TERMINAL_HOURS = 24.0


@dataclass(frozen=True, slots=True)
class Paths:
    """Equally likely paths, the newest day's first, shape (paths, steps), W.

    ``net_w`` is load less solar power, ``pv_w`` the solar power. ``noise_w``, shape (steps,), is the spread (one
    standard deviation) of the short noise that the paths leave out. ``surprises`` count beside them where a demand
    charge is asked. ``are_of_days`` is False where no past day says how wrong a forecast may be.
    """

    net_w: Floats
    pv_w: Floats
    noise_w: Floats
    surprises: Surprises | None = None
    are_of_days: bool = True


def paths_of(terms: PlanningTerms, site: SiteForecast, pv_rated_w: float) -> Paths:
    """The paths of a plan: where a peak is charged those of the newest days, and surprises beside them."""
    if terms.peak is None or not terms.peak.is_charged:
        return net_load_paths(site, pv_rated_w)
    newest = site.of_days(NEWEST_DAYS)
    return replace(net_load_paths(newest, pv_rated_w), surprises=Surprises.of(newest, pv_rated_w))


def net_load_paths(site: SiteForecast, pv_rated_w: float) -> Paths:
    """A path for each past day, clipped to what is possible: load >= 0, solar power between 0 and ``pv_rated_w``.

    The errors of past days do not lift the load above the highest that was measured, nor the sun of a step above its
    own, since on their own day less was expected. None for the errors of one quantity takes its median in every path;
    None for both takes the quantiles. A ``pv_rated_w`` of 0 says that the rating is not known.
    """
    load, pv, load_errors, pv_errors = site.load, site.pv, site.load_errors, site.pv_errors
    steps = load.horizon.steps
    if load_errors is not None and pv_errors is not None and len(load_errors) != len(pv_errors):
        raise ValueError(f"load_errors has {len(load_errors)} days and pv_errors {len(pv_errors)}")
    for name, errors in (("load_errors", load_errors), ("pv_errors", pv_errors)):
        if errors is not None:
            require_finite(name, errors, (len(errors), steps))
    noise_w = np.zeros(steps)
    are_of_days = load_errors is not None or pv_errors is not None
    if not are_of_days:
        loads, suns = _quantile_pairs(load, pv)
    else:
        short_w = np.zeros((1, steps))
        loads, suns = np.array([load.median]), np.array([pv.median])
        if load_errors is not None:
            lasting = lasting_part(load_errors, load.horizon.step_s)
            loads, short_w = loads + lasting, short_w + load_errors - lasting
        if pv_errors is not None:
            lasting = lasting_part(pv_errors, pv.horizon.step_s)
            suns, short_w = suns + lasting, short_w - pv_errors + lasting
        noise_w = short_w.std(axis=0)
    loads, suns = site.possible_load_w(loads), site.possible_pv_w(suns, pv_rated_w)
    loads, suns = np.broadcast_arrays(np.atleast_2d(loads), np.atleast_2d(suns))
    return Paths(loads - suns, np.array(suns), noise_w, are_of_days=are_of_days)


def lasting_part(errors: Floats, step_s: int) -> Floats:
    """The centred mean of about ``LASTING_S`` of every row, shape (rows, steps); of hourly steps, the row itself."""
    half = LASTING_S // step_s // 2
    if half == 0:
        return errors
    padded = np.pad(errors, ((0, 0), (half, half)), mode="edge")
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1, axis=1).mean(axis=-1))


def _quantile_pairs(load: Forecast, pv: Forecast) -> tuple[Floats, Floats]:
    """Every third of the load with every third of the sun: nine paths, shape (9, steps) each."""
    loads, suns = at_levels(load, THIRDS), at_levels(pv, THIRDS)
    return np.repeat(loads, len(THIRDS), axis=0), np.tile(suns, (len(THIRDS), 1))


def at_levels(forecast: Forecast, levels: tuple[float, ...]) -> Floats:
    """Quantiles at other levels by straight lines between the known ones, shape (levels, steps), W.

    Beyond the outermost known level its value is held.
    """
    known, values = np.array(forecast.levels), np.array(forecast.values)
    upper = np.clip(np.searchsorted(known, levels), 1, max(len(known) - 1, 1))
    if len(known) == 1:
        return np.repeat(values, len(levels), axis=0)
    lower = upper - 1
    share = np.clip((np.array(levels) - known[lower]) / (known[upper] - known[lower]), 0.0, 1.0)[:, None]
    return np.asarray((1.0 - share) * values[lower] + share * values[upper])


def terminal_value(terms: PlanningTerms) -> float:
    """What a stored kWh is worth at the end of the horizon, money.

    It will replace imports at an ordinary price: the median import price of the last 24 hours, through the discharge
    efficiency and less the wear. A few very high or negative prices do not move the median. Never below zero.
    """
    last = max(1, round(TERMINAL_HOURS / terms.step_h))
    ordered = np.sort(terms.import_price[-last:])  # numpy's own median would load all of numpy.ma
    middle = len(ordered) // 2
    ordinary = float(ordered[middle] + ordered[-1 - middle]) / 2.0
    return max(0.0, terms.battery.discharge_efficiency * (ordinary - terms.battery.wear_per_kwh))


def with_a_days_need(terms: PlanningTerms, net_w: Floats) -> PlanningTerms:
    """The same question, in which what is left beyond a day's need is worth no more than what it costs to buy it then.

    ``net_w`` (paths, steps) is load less solar power, W; the need is that of the last 24 hours, and it can be bought in
    the cheapest of them. Whatever else a battery of several days holds would wait while the next nights are as cheap.
    """
    last = max(1, round(TERMINAL_HOURS / terms.step_h))
    used_kwh = np.maximum(net_w[:, -last:], 0.0).mean() * TERMINAL_HOURS / 1000.0  # of a plan of less hours as well
    need_kwh = float(used_kwh) / terms.battery.discharge_efficiency
    a_step_kwh = terms.charge_kw * terms.step_h * terms.battery.charge_efficiency
    ordered = np.sort(terms.import_price[-last:])
    many = int(np.ceil(need_kwh / a_step_kwh)) if a_step_kwh > 0.0 else len(ordered)
    dearest = float(ordered[min(max(many, 1), len(ordered)) - 1])
    bought = max(0.0, dearest / terms.battery.charge_efficiency)
    return replace(
        terms,
        beyond_kwh=float(terms.floor_kwh[-1]) + need_kwh,
        beyond_per_kwh=min(terms.terminal_per_kwh, bought),
    )
