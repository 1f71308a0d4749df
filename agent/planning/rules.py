"""Rules that need no plan: the fallback of the controller and the policies a plan is compared with."""

from collections.abc import Sequence

from agent.domain.battery import Battery, charging_w, power_window_w

CHEAP_HOURS = 4.0
DEAR_HOURS = 5.0
CHARGE_TO_PCT = 90.0


def self_consumption_w(net_load_w: float, soc_pct: float, battery: Battery, step_h: float) -> float:
    """Battery power (W, > 0 discharges) that covers the net load or stores the surplus for ``step_h`` hours.

    Kept within the power limits and, over the step, within the SoC window between floor and maximum.
    """
    return within_limits(net_load_w, soc_pct, battery, step_h)


def time_of_use_w(
    net_load_w: float, soc_pct: float, battery: Battery, step_h: float, step: int, prices: Sequence[float]
) -> float:
    """Battery power in step ``step`` of a day with these import prices: charge in the 4 cheapest hours up to 90 %,
    cover the net load in the 5 dearest, rest otherwise. Of equal prices the earlier hours are taken.
    """
    order = sorted(range(len(prices)), key=lambda i: prices[i])
    cheap = order[: round(CHEAP_HOURS / step_h)]
    dear = sorted(order, key=lambda i: -prices[i])[: round(DEAR_HOURS / step_h)]
    if step in cheap:
        target_pct = min(CHARGE_TO_PCT, battery.soc_max_pct)
        missing_wh = max(0.0, battery.stored_wh(target_pct - soc_pct))
        return within_limits(-charging_w(battery, missing_wh, step_h), soc_pct, battery, step_h)
    if step in dear:
        return within_limits(max(net_load_w, 0.0), soc_pct, battery, step_h)
    return 0.0


def within_limits(battery_w: float, soc_pct: float, battery: Battery, step_h: float) -> float:
    """The nearest power to ``battery_w`` that the battery can hold for ``step_h`` hours inside its limits."""
    least_w, most_w = power_window_w(battery, soc_pct, step_h)
    return min(max(battery_w, -battery.charge_w, least_w), battery.discharge_w, most_w)
