"""The fast loop: meets the load and the sun that really come, and decides in money.

The plan hands over what stored energy is worth at each SoC. For every battery power that could be best, this adds up
what the power costs until the end of the step and what the battery would then be worth, and takes the cheapest. An
engineer can check any decision by hand with the same three numbers: the price, the worth, the net load.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from agent.domain.plan import Plan
from agent.domain.site import Battery, Connection

# A decision looks at least this far ahead, so that the last seconds of a step do not turn it into all or nothing.
SHORTEST_LOOK_S = 60.0
MONEY_DECIMALS = 6  # what costs the same to a millionth is a tie


@dataclass(frozen=True, slots=True)
class Moment:
    """What the fast loop knows now. ``net_load_w`` is load less solar; prices are money per kWh.

    ``carbon_price`` comes on top of every imported kWh; it counts in the decision and not on the bill.
    """

    at: datetime
    net_load_w: float
    soc_pct: float
    import_price: float
    export_price: float
    carbon_price: float = 0.0


@dataclass(frozen=True, slots=True)
class Decision:
    """The battery power that is best now, W (positive discharges), and why in one sentence."""

    battery_w: float
    reason: str


@dataclass(frozen=True, slots=True)
class _Worth:
    """Worth of stored energy at the end of the running step, money by SoC, linear between the points."""

    soc_pct: Sequence[float]
    worth: Sequence[float]

    def at(self, soc_pct: float) -> float:
        k = min(max(bisect_right(self.soc_pct, soc_pct) - 1, 0), len(self.soc_pct) - 2)
        low, high = self.soc_pct[k], self.soc_pct[k + 1]
        return self.worth[k] + (self.worth[k + 1] - self.worth[k]) * (soc_pct - low) / (high - low)

    def per_kwh(self, soc_pct: float, usable_wh: float) -> float:
        """What one more stored kWh is worth at ``soc_pct``, money."""
        k = min(max(bisect_left(self.soc_pct, soc_pct) - 1, 0), len(self.soc_pct) - 2)
        slope = (self.worth[k + 1] - self.worth[k]) / (self.soc_pct[k + 1] - self.soc_pct[k])
        return slope * 100.0 / (usable_wh / 1000.0)


def follow(plan: Plan, moment: Moment, battery: Battery, connection: Connection) -> Decision | None:
    """The best battery power now under ``plan``, or None when the plan does not cover this moment."""
    index = plan.horizon.index_of(moment.at)
    if index is None:
        return None
    step_end = plan.horizon.start + timedelta(seconds=plan.horizon.step_s * (index + 1))
    look_s = max((step_end - moment.at).total_seconds(), SHORTEST_LOOK_S)
    worth = _Worth(plan.values.soc_pct, plan.values.worth[index])
    look_h = look_s / 3600.0

    over_price = _price_of_a_broken_limit(plan, connection)

    def cost(battery_w: float) -> float:
        soc_pct = soc_after(battery, moment.soc_pct, battery_w, look_h)
        return (
            _cost_of_grid(moment, connection, over_price, battery_w, look_h)
            + _wear(battery, battery_w, look_h)
            - worth.at(soc_pct)
        )

    # The rule's own power comes first and wins every tie: on a flat tariff most powers are worth the same.
    candidates = _candidates(moment, battery, connection, plan.values.soc_pct, look_h)
    best_w = min(candidates, key=lambda watts: round(cost(watts), MONEY_DECIMALS))
    return Decision(best_w, _reason(moment, best_w, worth.per_kwh(moment.soc_pct, battery.usable_wh)))


def soc_after(battery: Battery, soc_pct: float, battery_w: float, hours: float) -> float:
    """SoC after ``hours`` at ``battery_w``, by the one-way efficiencies, percent."""
    stored_w = -battery_w / battery.discharge_efficiency if battery_w > 0 else -battery_w * battery.charge_efficiency
    return soc_pct + 100.0 * stored_w * hours / battery.usable_wh


def power_to_reach(battery: Battery, soc_pct: float, target_pct: float, hours: float) -> float:
    """The battery power that brings ``soc_pct`` to ``target_pct`` in ``hours``; the inverse of ``soc_after``."""
    stored_w = (target_pct - soc_pct) / 100.0 * battery.usable_wh / hours
    return -stored_w / battery.charge_efficiency if stored_w > 0 else -stored_w * battery.discharge_efficiency


def _candidates(
    moment: Moment, battery: Battery, connection: Connection, grid_pct: Sequence[float], look_h: float
) -> list[float]:
    """Every power at which the cost can have its minimum: the cost is linear between these."""
    most = min(
        battery.discharge_w, power_to_reach(battery, moment.soc_pct, min(moment.soc_pct, battery.floor_pct), look_h)
    )
    least = max(
        -battery.charge_w, power_to_reach(battery, moment.soc_pct, max(moment.soc_pct, battery.soc_max_pct), look_h)
    )
    bends = [moment.net_load_w, 0.0, most, least]
    if connection.import_limit_w is not None:
        bends.append(moment.net_load_w - connection.import_limit_w)
    if connection.export_limit_w is not None:
        bends.append(moment.net_load_w + connection.export_limit_w)
    first = bisect_left(grid_pct, soc_after(battery, moment.soc_pct, most, look_h))
    last = bisect_right(grid_pct, soc_after(battery, moment.soc_pct, least, look_h))
    bends.extend(power_to_reach(battery, moment.soc_pct, pct, look_h) for pct in grid_pct[first:last])
    return [min(max(watts, least), most) for watts in bends]


# Breaking a limit of the connection point costs this many times the highest price, so that it happens only when
# nothing helps; the planner's value table prices it the same way.
BROKEN_LIMIT_MULTIPLE = 100.0


def _price_of_a_broken_limit(plan: Plan, connection: Connection) -> float:
    if connection.import_limit_w is None and connection.export_limit_w is None:
        return 0.0
    return BROKEN_LIMIT_MULTIPLE * max(0.01, *(max(step.import_price, step.export_price) for step in plan.steps))


def _cost_of_grid(moment: Moment, connection: Connection, over_price: float, battery_w: float, hours: float) -> float:
    grid_kwh = (moment.net_load_w - battery_w) * hours / 1000.0
    limit_w = connection.import_limit_w if grid_kwh > 0 else connection.export_limit_w
    over_kwh = 0.0 if limit_w is None else max(0.0, abs(grid_kwh) - limit_w * hours / 1000.0)
    price = moment.import_price + moment.carbon_price if grid_kwh > 0 else moment.export_price
    return grid_kwh * price + over_kwh * over_price


def _wear(battery: Battery, battery_w: float, hours: float) -> float:
    return max(0.0, battery_w) * hours / 1000.0 * battery.wear_per_kwh


def _reason(moment: Moment, battery_w: float, worth_per_kwh: float) -> str:
    grid_w = moment.net_load_w - battery_w
    bought = f"{moment.import_price:.3f}/kWh"
    if moment.carbon_price >= 0.0005:
        bought += f" + {moment.carbon_price:.3f} for carbon"
    sold = f"{moment.export_price:.3f}/kWh"
    value = f"stored energy is worth {worth_per_kwh:.3f}/kWh"
    if abs(battery_w) < 1.0:
        return f"holding: the grid costs {bought}, {value}" if moment.net_load_w > 0 else f"resting: {value}"
    if battery_w < 0:
        source = "from the grid" if moment.net_load_w >= 0 else "from the sun" if grid_w <= 1.0 else "from sun and grid"
        return f"charging {-battery_w / 1000.0:.2f} kW {source} at {bought if grid_w > 1.0 else sold}, {value}"
    target, paid = ("into the grid", sold) if grid_w < -1.0 else ("for the load", bought)
    return f"discharging {battery_w / 1000.0:.2f} kW {target} at {paid}, {value}"
