"""The gentlest of what costs the same: while a price lasts, a steady charge from the grid or the load covered.

What stored energy is worth is known to a hundredth at best, and every plan sees it a little differently. While the
price stands still, that noise alone would switch the charge on and off. So among powers whose cost differs by less than
the noise, the one nearest to a steady pace is taken: the energy that is still wanted over the time left for it. Where
none is wanted the load is covered: what is kept for a later hour at nearly the same price may not be asked for then.
"""

from collections.abc import Callable

from agent.domain.battery import Battery, power_to_reach

NOISE = 0.01  # of the price: how well the worth of a stored kWh is known; .02 cost a home half a point of capture
LEAST_SHARE = 0.1  # of the rating: converters waste much below it
HALVINGS = 4  # of the way to the pace: to within a sixteenth of it


def pace_w(battery: Battery, soc_pct: float, wanted_pct: float, look_h: float, until_h: float) -> float:
    """The steady power, W (charging is negative), that brings the battery to ``wanted_pct`` in ``until_h``.

    At least a tenth of the rating, but no more than reaches it within ``look_h``; 0 where nothing is wanted.
    """
    if wanted_pct <= soc_pct:
        return 0.0
    least_w = -LEAST_SHARE * battery.charge_w
    wanted_w = min(power_to_reach(battery, soc_pct, wanted_pct, until_h), least_w)
    return max(wanted_w, power_to_reach(battery, soc_pct, wanted_pct, look_h), -battery.charge_w)


def aim(
    battery: Battery,
    soc_pct: float,
    wanted_pct: float,
    best_w: float,
    load_w: float,
    look_h: float,
    until_h: float,
) -> float:
    """What is aimed at, W, where ``best_w`` has the least cost: a steady charge, a rest, or to cover ``load_w``.

    A surplus (``load_w`` below 0) is stored whole, and the grid adds to it only what the pace asks for.
    """
    if best_w < 0.0 or (best_w == 0.0 and wanted_pct > soc_pct):
        return min(load_w, pace_w(battery, soc_pct, wanted_pct, look_h, until_h))
    return max(best_w, load_w)


def nearest_within(cost: Callable[[float], float], best_w: float, pace_w: float, price_h: float) -> float:
    """The power nearest to ``pace_w`` that costs no more than ``best_w`` but for the noise.

    ``price_h`` is the price per kWh times the hours that ``cost`` looks ahead. ``cost`` has one minimum, at ``best_w``.
    """
    if pace_w == best_w:
        return best_w
    least = cost(best_w)
    noise_per_w = NOISE * abs(price_h) / 1000.0

    def is_as_good(watts: float) -> bool:
        return cost(watts) - least <= noise_per_w * abs(watts - best_w)

    if is_as_good(pace_w):
        return pace_w
    near_w, far_w = best_w, pace_w
    for _ in range(HALVINGS):
        middle_w = (near_w + far_w) / 2.0
        if is_as_good(middle_w):
            near_w = middle_w
        else:
            far_w = middle_w
    return near_w
