"""Every policy on a battery of its own, on the same load, sun and prices: what a day would have cost by each. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

from agent.domain.battery import Battery, soc_after
from agent.domain.battery_wear import wear
from agent.domain.policies import Policy
from agent.planning.rules import self_consumption_w, time_of_use_w, within_limits


@dataclass(frozen=True, slots=True)
class RuleMoment:
    """What a rule looks at. ``prices`` are those of the whole day in equal steps, ``step`` the one of now."""

    net_load_w: float
    soc_pct: float
    step_h: float
    step: int
    prices: Sequence[float]


def rule_w(rule: Policy, moment: RuleMoment, battery: Battery) -> float:
    """Battery power by a rule, W, > 0 discharges, within the battery's limits. Raises ValueError for the table."""
    match rule:
        case Policy.SELF_CONSUMPTION:
            return self_consumption_w(moment.net_load_w, moment.soc_pct, battery, moment.step_h)
        case Policy.TIME_OF_USE:
            return time_of_use_w(moment.net_load_w, moment.soc_pct, battery, moment.step_h, moment.step, moment.prices)
        case Policy.TABLE:
            raise ValueError("the table is no rule")


@dataclass(slots=True)
class ShadowPolicies:
    """The batteries of all policies, and what they have cost since the day began."""

    soc_pct: dict[Policy, float]
    cost: dict[Policy, float] = field(default_factory=lambda: dict.fromkeys(Policy, 0.0))
    began_pct: dict[Policy, float] = field(init=False)
    price_hours: float = 0.0
    hours: float = 0.0
    used_wh: float = 0.0  # of the net load, what a battery could have covered
    least_price: float = inf

    def __post_init__(self) -> None:
        self.began_pct = dict(self.soc_pct)

    @classmethod
    def at(cls, soc_pct: float) -> "ShadowPolicies":
        """All of them begin with the same charge."""
        return cls(dict.fromkeys(Policy, soc_pct))

    def follow(
        self,
        wanted_w: Mapping[Policy, float],
        net_load_w: float,
        prices: tuple[float, float],
        battery: Battery,
        hours: float,
    ) -> None:
        """Each does what it wants for ``hours``, at these prices (bought, sold), as far as its battery can."""
        bought, sold = prices
        for policy, watts in wanted_w.items():
            before = self.soc_pct[policy]
            power_w = within_limits(watts, before, battery, hours)
            after = soc_after(battery, before, power_w, hours)
            self.soc_pct[policy] = min(max(after, min(before, battery.floor_pct)), max(before, battery.soc_max_pct))
            grid_kwh = (net_load_w - power_w) * hours / 1000.0
            worn = wear(battery, power_w, before, hours)
            self.cost[policy] += grid_kwh * (bought if grid_kwh > 0.0 else sold) + worn
        self.price_hours += bought * hours
        self.hours += hours
        self.used_wh += max(net_load_w, 0.0) * hours
        self.least_price = min(self.least_price, bought)

    def end_day(self, battery: Battery) -> dict[Policy, float]:
        """What the day cost by each policy, what it left in the battery counted."""
        costs = {
            policy: cost - self._worth(battery, self.soc_pct[policy]) + self._worth(battery, self.began_pct[policy])
            for policy, cost in self.cost.items()
        }
        self.cost, self.began_pct = dict.fromkeys(Policy, 0.0), dict(self.soc_pct)
        self.price_hours = self.hours = self.used_wh = 0.0
        self.least_price = inf
        return costs

    def _worth(self, battery: Battery, soc_pct: float) -> float:
        """Money: the mean price through the losses for as much as a day like this one uses, and beyond that no more
        than what it costs to buy. Else who fills a battery of many days at night would earn with every kWh of it.
        """
        if not self.hours:
            return 0.0
        mean = battery.discharge_efficiency * self.price_hours / self.hours
        beyond = min(mean, max(self.least_price, 0.0) / battery.charge_efficiency)
        stored_wh = battery.stored_wh(soc_pct - battery.floor_pct)
        used_wh = min(stored_wh, self.used_wh / battery.discharge_efficiency)
        return (mean * used_wh + beyond * (stored_wh - used_wh)) / 1000.0
