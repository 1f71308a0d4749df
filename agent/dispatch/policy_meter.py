"""Plan and rules on the site itself, each on a battery of its own: what a day would have cost by each. Pure."""

from collections.abc import Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from agent.dispatch.day_prices import DayPrices
from agent.dispatch.economic_dispatch import economic_dispatch
from agent.dispatch.moment import Moment
from agent.dispatch.shadow_policies import RuleMoment, ShadowPolicies, rule_w
from agent.domain.battery import Battery
from agent.domain.plan import Plan
from agent.domain.policies import RULES, Policy
from agent.domain.site import SiteState
from agent.planning.rules import self_consumption_w
from agent.site_conditions.site_conditions import SiteConditions

STEP_S = 60.0  # the shadows move once a minute, by the mean net load since they did
LONGEST_GAP_S = 600.0  # two states further apart than this have nothing measured between them
LEAST_HOURS = 21.0  # of a day that counts
HOUR_H = 1.0


class PolicyMeter:
    """Fed with every state. All batteries begin where the real one is, and again there after a gap.

    The table's battery goes by the rule while there is no plan, as the real one does.
    """

    def __init__(self, conditions: SiteConditions, battery: Battery, zone: ZoneInfo) -> None:
        self._conditions, self._battery, self._zone = conditions, battery, zone
        self._prices = DayPrices(conditions, zone)
        self._shadows: ShadowPolicies | None = None
        self._day: date | None = None
        self._last: tuple[datetime, float] | None = None
        self._net_wh = self._hours = 0.0

    def seen(self, state: SiteState, plan: Plan | None) -> Mapping[Policy, float] | None:
        """What the day that has just ended would have cost by each policy; None but at the end of a whole day."""
        net_load_w, soc_pct = state.net_load_w, state.soc_pct.known
        if net_load_w is None or soc_pct is None:
            self._last = None
            return None
        ended = self._new_day(state.at)
        if self._shadows is None:
            self._shadows = ShadowPolicies.at(soc_pct)
        if self._last is not None:
            passed_h = (state.at - self._last[0]).total_seconds() / 3600.0
            if 0.0 < passed_h <= LONGEST_GAP_S / 3600.0:
                self._net_wh += self._last[1] * passed_h
                self._hours += passed_h
        self._last = state.at, net_load_w
        if self._hours >= STEP_S / 3600.0:
            self._move(state.at, plan, self._shadows)
        return ended

    def _new_day(self, at: datetime) -> Mapping[Policy, float] | None:
        today, before = at.astimezone(self._zone).date(), self._day
        self._day = today
        if before is None or today == before or self._shadows is None:
            return None
        whole = self._shadows.hours >= LEAST_HOURS
        costs = self._shadows.end_day(self._battery)
        if not whole:
            self._shadows = None  # begin again together, where the real one is
        return costs if whole else None

    def _move(self, at: datetime, plan: Plan | None, shadows: ShadowPolicies) -> None:
        net_load_w, hours = self._net_wh / self._hours, self._hours
        self._net_wh = self._hours = 0.0
        battery, prices = self._conditions.with_reserve(self._battery, at), self._conditions.at(at)
        step, day = self._prices.at(at)
        wanted_w = {}
        for rule in RULES:
            step_h = HOUR_H if rule is Policy.TIME_OF_USE else hours
            wanted_w[rule] = rule_w(rule, RuleMoment(net_load_w, shadows.soc_pct[rule], step_h, step, day), battery)
        soc_pct = shadows.soc_pct[Policy.TABLE]
        moment = Moment(at, net_load_w, soc_pct, prices.import_price, prices.export_price, prices.carbon_price)
        decision = None
        if plan is not None and at < plan.expires_at:
            decision = economic_dispatch(plan, moment, battery, self._conditions.connection(at))
        rule_alone_w = self_consumption_w(net_load_w, soc_pct, battery, hours)
        wanted_w[Policy.TABLE] = rule_alone_w if decision is None else decision.battery_w
        bought = prices.import_price + prices.carbon_price
        shadows.follow(wanted_w, net_load_w, (bought, prices.export_price), battery, hours)
