"""The fast loop: meets the load and the sun that really come, and decides in money.

The plan hands over what stored energy is worth at each SoC. For every battery power that could be best, this adds up
what the power costs until the end of the step and what the battery would then be worth, and takes the cheapest. An
engineer can check any decision by hand with the same three numbers: the price, the value, the net load.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import inf

from agent.dispatch.grid_prices import GridPrices, prices_now
from agent.dispatch.moment import Moment
from agent.dispatch.peak_value import value_by_peak
from agent.dispatch.steady_power import aim, nearest_within
from agent.dispatch.stored_energy_value import StoredEnergyValue, value_after
from agent.domain.battery import Battery, power_to_reach, soc_after
from agent.domain.battery_wear import deep_between
from agent.domain.plan import SHORTEST_LOOK_S, Plan, ValueTable
from agent.domain.sentence import Sentence
from agent.domain.sentences import control as say
from agent.domain.site import Connection

MONEY_DECIMALS = 6  # what costs the same to a millionth is a tie
# A change of direction must earn, within a dwell, what this many seconds at full power cost: no chatter for pennies.
SWITCHING_S = 2.0
DWELL_S = 300.0
NEAR_W = 10.0  # import this close to what a demand interval allows is said to hold it


@dataclass(frozen=True, slots=True)
class Decision:
    """The battery power that is best now, W (positive discharges), and why in one sentence."""

    battery_w: float
    reason: str


def economic_dispatch(plan: Plan, moment: Moment, battery: Battery, connection: Connection) -> Decision | None:
    """The best battery power now under ``plan``, or None when the plan does not cover this moment."""
    index = plan.horizon.index_of(moment.at)
    if index is None:
        return None
    look_h = _look_h(plan, index, moment.at)
    step_mean_w = moment.net_load_w if moment.step_mean_w is None else moment.step_mean_w
    value = value_after(plan.values, index, step_mean_w)
    by_peak = value_by_peak(plan.values, index, moment.at, moment.interval_wh, moment.peak_w, value)
    prices = prices_now(plan.values, index, moment, connection, by_peak is not None)
    bends_w = () if by_peak is None else by_peak.bends_w(moment.net_load_w + battery.charge_w)
    peak_per_kwh = by_peak.per_kwh(moment.soc_pct, look_h) if bends_w and by_peak is not None else None
    turning = _turning_per_h(moment, battery, prices)
    above_half, half_w = battery.wear_above_half_per_kwh, battery.discharge_w / 2.0
    deep_from_pct = moment.soc_pct if battery.deep_wear_per_kwh and moment.soc_pct < battery.deep_below_pct else None

    def cost(battery_w: float) -> float:
        grid_w = moment.net_load_w - battery_w
        per_h = prices.of_grid(grid_w) + prices.doubt * max(min(moment.net_load_w, 0.0) - battery_w, 0.0)
        if battery_w > 0.0:
            per_h += battery_w * battery.wear_per_kwh
            if above_half and battery_w > half_w:
                per_h += (battery_w - half_w) * above_half
        if turning and battery_w * moment.battery_w <= 0.0:  # type: ignore[operator]
            per_h += turning
        soc_pct = soc_after(battery, moment.soc_pct, battery_w, look_h)
        spent = per_h * look_h / 1000.0
        if deep_from_pct is not None:  # the table counts depth when energy is put back
            spent += deep_between(battery, deep_from_pct, soc_pct)
        return spent - (value.at(soc_pct) if by_peak is None else by_peak.at(soc_pct, grid_w))

    # The rule's own power comes first and wins every tie: on a flat tariff most powers are worth the same.
    lowest_w, highest_w = _reach(moment, battery, look_h)
    candidates = _bends(moment, battery, prices, value, look_h, peak_per_kwh)
    candidates += _until_dearer([moment.net_load_w - import_w for import_w in bends_w], lowest_w, highest_w, cost)
    powers = dict.fromkeys(min(max(watts, lowest_w), highest_w) for watts in candidates)
    best_w = min(powers, key=lambda watts: round(cost(watts), MONEY_DECIMALS))
    lasts = plan.values.price_until[index] if plan.values.price_until else index
    if lasts > index and (moment.net_load_w >= 0.0 or best_w < moment.net_load_w):
        until_h = look_h + (lasts - index) * plan.horizon.step_h
        wanted_pct = _wanted_pct(plan.values, lasts, prices, battery, moment.soc_pct)
        covered_w = min(moment.net_load_w, max(powers))
        aim_w = aim(battery, moment.soc_pct, wanted_pct, best_w, covered_w, look_h, until_h)
        best_w = nearest_within(cost, best_w, aim_w, prices.import_price * look_h)
    return Decision(best_w, _reason(moment, best_w, prices, value.per_kwh(moment.soc_pct, battery.usable_wh)))


def _look_h(plan: Plan, step: int, at: datetime) -> float:
    """How long a power is weighed: to the end of the plan's step, h."""
    left_s = plan.horizon.step_s * (step + 1) - (at - plan.horizon.start).total_seconds()
    return max(left_s, SHORTEST_LOOK_S) / 3600.0


def _reach(moment: Moment, battery: Battery, look_h: float) -> tuple[float, float]:
    """The lowest and the highest power that leaves the SoC within its window, or no farther outside than it is, W."""
    soc_pct = moment.soc_pct
    lowest = max(-battery.charge_w, power_to_reach(battery, soc_pct, max(soc_pct, battery.soc_max_pct), look_h))
    discharge_w = battery.most_discharge_w(moment.net_load_w)
    highest = min(discharge_w, power_to_reach(battery, soc_pct, min(soc_pct, battery.floor_pct), look_h))
    return lowest, highest


def _until_dearer(
    powers: Sequence[float], lowest_w: float, highest_w: float, cost: Callable[[float], float]
) -> list[float]:
    """The cheapest of ``powers``, within the bounds, before the first that is dearer than the one before it.

    Each gives way to a higher peak than the one before. Nothing where there are none.
    """
    found: list[float] = []
    least = inf
    for watts in powers:
        money = round(cost(min(max(watts, lowest_w), highest_w)), MONEY_DECIMALS)
        if money > least:
            break
        if money < least:
            found, least = [watts], money
    return found


def _bends(
    moment: Moment,
    battery: Battery,
    prices: GridPrices,
    value: StoredEnergyValue,
    look_h: float,
    peak_per_kwh: float | None,
) -> list[float]:
    """Every power at which the cost can have its minimum, but for those that give way to a higher peak, W.

    The cost bends where the grid's price or the battery's direction changes. Between those bends one price holds, and
    the best there is the SoC up to which a stored kWh is worth that price, through the battery's efficiency. A kWh
    that raises the peak counts ``peak_per_kwh`` more.
    """
    soc_pct, usable_wh, net_load_w = moment.soc_pct, battery.usable_wh, moment.net_load_w
    powers = [net_load_w, 0.0, battery.discharge_w, -battery.charge_w]
    powers += [net_load_w - limit_w for limit_w, _ in prices.import_above]
    powers += [net_load_w + limit_w for limit_w, _ in prices.export_above]
    marginal = prices.marginal()
    if peak_per_kwh is not None:
        raising = prices.import_price + peak_per_kwh
        marginal.append((raising, raising))
    loss, above_half, deep = battery.loss_above_half, battery.wear_above_half_per_kwh, battery.deep_wear_per_kwh
    if loss or above_half:
        powers += [-battery.charge_w / 2.0, battery.discharge_w / 2.0]
    for stored, given in marginal:
        if loss or above_half:
            filled = value.soc_up_to(stored / (battery.charge_efficiency - loss), usable_wh)
            emptied = value.soc_up_to(
                (given - battery.wear_per_kwh - above_half) / (1.0 / battery.discharge_efficiency + loss), usable_wh
            )
            powers += [power_to_reach(battery, soc_pct, target, look_h) for target in (filled, emptied)]
        if deep:
            into = battery.charge_efficiency - loss, battery.charge_efficiency
            targets = [value.soc_up_to(stored / efficiency + deep, usable_wh) for efficiency in into]
            powers += [power_to_reach(battery, soc_pct, target, look_h) for target in targets]
        filled = value.soc_up_to(stored / battery.charge_efficiency, usable_wh)
        emptied = value.soc_up_to((given - battery.wear_per_kwh) * battery.discharge_efficiency, usable_wh)
        powers += [power_to_reach(battery, soc_pct, target, look_h) for target in (filled, emptied)]
    return powers


def _wanted_pct(table: ValueTable, step: int, prices: GridPrices, battery: Battery, soc_pct: float) -> float:
    """The SoC at the end of ``step`` up to which a kWh from the grid at this price is worth it, from ``soc_pct``."""
    at_end, usable_wh = StoredEnergyValue(table.soc_pct, table.value[step], table.value[step]), battery.usable_wh
    price, deep = prices.stored_price / battery.charge_efficiency, battery.deep_wear_per_kwh
    wanted_pct = at_end.soc_up_to(price, usable_wh)
    if deep and soc_pct < battery.deep_below_pct:  # all the way up to there, or only as far as it pays in each kWh
        least_pct = max(soc_pct, at_end.soc_up_to(price + deep, usable_wh))
        gained = at_end.at(wanted_pct) - at_end.at(least_pct)
        bought = price * battery.stored_wh(wanted_pct - least_pct) / 1000.0
        if gained < bought + deep_between(battery, least_pct, wanted_pct):
            wanted_pct = least_pct
    return min(wanted_pct, battery.soc_max_pct)


def _turning_per_h(moment: Moment, battery: Battery, prices: GridPrices) -> float:
    """What it counts to leave the direction in force for the other one or for a rest, money per hour times 1000.

    0 where nothing is in force and where the battery rests, since it may begin at any time.
    """
    if not moment.battery_w:
        return 0.0
    price = max(abs(prices.import_price), abs(prices.export_price))
    return max(battery.charge_w, battery.discharge_w) * price * SWITCHING_S / DWELL_S


def _reason(moment: Moment, battery_w: float, prices: GridPrices, worth: float) -> Sentence:
    """``worth`` is what stored energy is worth, money per kWh."""
    grid_w, sold = moment.net_load_w - battery_w, moment.export_price
    bought: say.Paid = moment.import_price
    if moment.carbon_price >= 0.0005:
        bought = say.with_carbon(import_per_kwh=moment.import_price, carbon_per_kwh=moment.carbon_price)
    if prices.held_w is not None and battery_w > 0.0 and abs(grid_w - prices.held_w) < NEAR_W:
        return say.discharging_at_peak(
            power_w=battery_w, import_w=prices.held_w, paid_per_kwh=bought, value_per_kwh=worth
        )
    if abs(battery_w) < 1.0:
        resting = moment.net_load_w <= 0
        return say.resting(value_per_kwh=worth) if resting else say.holding(paid_per_kwh=bought, value_per_kwh=worth)
    if battery_w < 0:
        charging = say.charging_from_sun if grid_w <= 1.0 else say.charging_from_sun_and_grid
        charging = say.charging_from_grid if moment.net_load_w >= 0 else charging
        return charging(power_w=-battery_w, paid_per_kwh=bought if grid_w > 1.0 else sold, value_per_kwh=worth)
    if grid_w < -1.0:
        return say.discharging_into_grid(power_w=battery_w, paid_per_kwh=sold, value_per_kwh=worth)
    return say.discharging_for_load(power_w=battery_w, paid_per_kwh=bought, value_per_kwh=worth)
