"""The ladder: a person, a fresh plan, the last plan until it expires, our own rule, release; each with its reason."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from agent.dispatch.day_prices import DayPrices
from agent.dispatch.economic_dispatch import economic_dispatch
from agent.dispatch.guard import Limits
from agent.dispatch.moment import Moment
from agent.dispatch.pv_cap import Follower, pv_cap
from agent.dispatch.recent_mean import RecentMean
from agent.dispatch.shadow_policies import RuleMoment, rule_w
from agent.domain.battery import Battery, BatteryUnit
from agent.domain.override import Override
from agent.domain.paired_trial import Arm, Schedule
from agent.domain.plan import Plan
from agent.domain.policies import Policy, PolicyRecord
from agent.domain.sentences import control as say
from agent.domain.setpoint import Rung, Setpoint
from agent.domain.site import Connection, SiteState
from agent.planning.rules import self_consumption_w
from agent.site_conditions.site_conditions import SiteConditions

PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class ControlRules:
    """How the fast loop behaves. Times are seconds.

    What commissioning has measured: how much older the grid meter's values are than the battery's (None: not known), in
    which time the battery begins to follow, and how far its power is off.
    """

    step_s: float
    hold_s: float
    stale_s: float
    frozen_s: float
    plan_fresh_s: float
    limits: Limits
    roles: Mapping[str, frozenset[str]]  # device name -> roles
    units: tuple[BatteryUnit, ...] = ()  # the batteries, by the devices that steer them
    meter_lag_s: float | None = None
    dead_time_s: float = 0.0
    off_w: float = 0.0

    @property
    def patience_s(self) -> float:
        """How long a battery may take to follow an order before that is a miss."""
        return max(PATIENCE_S, 2.0 * self.step_s, 2.0 * self.dead_time_s)

    @property
    def watched(self) -> tuple[object, ...]:
        """What decides how devices and batteries are watched: with another one, that begins anew as at a start."""
        batteries = [
            replace(battery.without_wear(), soc_min_pct=0.0, soc_max_pct=100.0, reserve_pct=0.0)
            for battery in (self.limits.battery, *(unit.battery for unit in self.units))
        ]
        times = self.step_s, self.hold_s, self.stale_s, self.frozen_s
        measured = self.meter_lag_s, self.dead_time_s, self.off_w
        return *times, *measured, dict(self.roles), *batteries

    @property
    def deadband_w(self) -> float:
        """Changes smaller than this are not worth a write: 1 % of the rating."""
        return 0.01 * self.largest_w

    @property
    def largest_w(self) -> float:
        """The larger of the battery's ratings."""
        return max(self.limits.battery.charge_w, self.limits.battery.discharge_w)


@dataclass(frozen=True, slots=True)
class Situation:
    """What the ladder chooses by.

    ``clock_doubt`` is why the time is not trusted. ``there`` is what of the battery can be steered now, None for the
    whole of it; none of it while it is ``out_of_control``. ``interval_wh`` is what the running interval of a demand
    charge has imported, Wh, ``peak_w`` the month's highest mean import before it; ``in_force_w`` the battery power that
    was last written, None where nothing is in force, and ``is_capped`` whether the sun was capped with it.
    ``policies`` says whether plan or rule steers by the days that have passed, None: the plan.
    """

    state: SiteState
    plan: Plan | None = None
    paired_trial: Schedule | None = None
    clock_doubt: str | None = None
    override: Override | None = None
    out_of_control: bool = False
    there: Battery | None = None
    interval_wh: float = 0.0
    in_force_w: float | None = None
    peak_w: float = 0.0
    policies: PolicyRecord | None = None
    is_capped: bool = False

    @property
    def is_rules_turn(self) -> bool:
        return self.paired_trial is not None and self.paired_trial.which(self.state.at) is Arm.RULE

    @property
    def rule(self) -> PolicyRecord | None:
        """The record by which a rule steers although there is a plan; None where the plan does."""
        return None if self.policies is None or self.policies.acting is Policy.TABLE else self.policies

    @property
    def why_no_plan(self) -> str | None:
        """Why the battery does not go by a plan; None where it may."""
        if self.clock_doubt is not None:
            return self.clock_doubt
        if self.is_rules_turn:
            return say.rules_turn()
        if self.plan is None:
            return say.no_plan_yet()
        return say.plan_expired() if self.state.at >= self.plan.expires_at else None


class Ladder:
    """Chooses what the battery shall do now. Knows nothing of devices; the guard has the last word after it."""

    def __init__(self, conditions: SiteConditions, rules: ControlRules) -> None:
        self._conditions, self._rules = conditions, rules
        self._net_load, self._zone = RecentMean(), ZoneInfo(conditions.place.timezone)
        self._day_prices = DayPrices(conditions, self._zone)
        self._usable_wh = self._before_wh = self._plan_wh = rules.limits.battery.usable_wh
        self._changed_at: datetime | None = None
        self._plan: Plan | None = None

    def go_by(self, rules: ControlRules) -> None:
        """Other rules, and perhaps other prices, from now on."""
        self._rules, self._day_prices = rules, DayPrices(self._conditions, self._zone)

    def choose(self, situation: Situation) -> Setpoint:
        """The highest rung that can be taken."""
        state, hold_s = situation.state, self._rules.hold_s
        if situation.out_of_control:
            return Setpoint(state.at, None, hold_s, Rung.RELEASE, say.released(why=say.battery_does_not_follow()))
        net_load_w, soc_pct = state.net_load_w, state.soc_pct.known
        if net_load_w is None or soc_pct is None:
            return Setpoint(state.at, None, hold_s, Rung.RELEASE, say.released(why=_what_is_missing(state)))
        battery = self._conditions.with_reserve(self._of_the_plan(situation), state.at)
        if situation.override is not None:
            return self._by_hand(situation.override, situation, battery)
        why_not, plan = situation.why_no_plan, situation.plan
        if why_not is None and (record := situation.rule) is not None:
            return self._by_rule(record, situation, net_load_w, soc_pct, battery)
        if why_not is None and plan is not None:
            moment = self._moment(situation, plan, net_load_w, soc_pct)
            planned = self._planned(plan, moment, situation, battery)
            if planned is not None:
                return planned
        why = why_not or say.plan_expired()

        def by_rule(net_w: float) -> float:
            return self_consumption_w(net_w, soc_pct, battery, hold_s / 3600.0)

        watts, limit_w = by_rule(net_load_w), self._conditions.connection(state.at).export_limit_w
        cap_w = pv_cap(state, watts, 0.0, limit_w, Follower(battery, soc_pct, by_rule), situation.is_capped)
        return Setpoint(state.at, watts, hold_s, Rung.RULES, say.self_consumption(why=why), cap_w)

    def _by_hand(self, override: Override, situation: Situation, battery: Battery) -> Setpoint:
        """A discharge gives way to the sun, as the guard has it."""
        state, capped = situation.state, situation.is_capped
        watts = override.battery_w(battery.charge_w, battery.discharge_w)
        until = override.until.astimezone(self._zone)
        limit_w = self._conditions.connection(state.at).export_limit_w
        cap_w = pv_cap(state, min(watts, 0.0), 0.0, limit_w, stands=capped)
        asked = say.by_hand if override.command is None else say.by_platform
        reason = asked(order=override.words, until_at=until)
        return Setpoint(state.at, watts, self._rules.hold_s, Rung.OVERRIDE, reason, cap_w)

    def _by_rule(
        self, record: PolicyRecord, situation: Situation, net_load_w: float, soc_pct: float, battery: Battery
    ) -> Setpoint:
        """A rule that has earned more here than the plan."""
        state = situation.state
        step, prices = self._day_prices.at(state.at)
        step_h = 1.0 if record.acting is Policy.TIME_OF_USE else self._rules.hold_s / 3600.0

        def by_rule(net_w: float) -> float:
            return rule_w(record.acting, RuleMoment(net_w, soc_pct, step_h, step, prices), battery)

        watts, conditions = by_rule(net_load_w), self._conditions
        sold, limit_w = conditions.at(state.at).export_price, conditions.connection(state.at).export_limit_w
        cap_w = pv_cap(state, watts, sold, limit_w, Follower(battery, soc_pct, by_rule), situation.is_capped)
        return Setpoint(state.at, watts, self._rules.hold_s, Rung.RULES, record.why, cap_w)

    def _moment(self, situation: Situation, plan: Plan, net_load_w: float, soc_pct: float) -> Moment:
        now = situation.state.at
        prices = self._conditions.at(now)
        return Moment(
            now,
            net_load_w,
            soc_pct,
            prices.import_price,
            prices.export_price,
            prices.carbon_price,
            self._net_load.after(now, net_load_w, plan.horizon.step_s / 2.0),
            situation.interval_wh,
            situation.in_force_w,
            situation.peak_w,
        )

    def _planned(self, plan: Plan, moment: Moment, situation: Situation, battery: Battery) -> Setpoint | None:
        """What the plan's value of stored energy asks for; None where the plan does not cover this moment."""
        connection = self._conditions.connection(moment.at)
        decision = economic_dispatch(plan, moment, battery, connection)
        if decision is None:
            return None
        age_s = (moment.at - plan.issued_at).total_seconds()
        rung = Rung.PLAN if age_s <= self._rules.plan_fresh_s else Rung.LAST_PLAN

        def by_plan(net_w: float) -> float:
            sunny = economic_dispatch(plan, replace(moment, net_load_w=net_w), battery, connection)
            return decision.battery_w if sunny is None else sunny.battery_w

        follower = Follower(battery, moment.soc_pct, by_plan)
        cap_w = _solar_cap(plan, moment, situation, decision.battery_w, connection, follower)
        return Setpoint(moment.at, decision.battery_w, self._rules.hold_s, rung, decision.reason, cap_w)

    def _of_the_plan(self, situation: Situation) -> Battery:
        """What is there, with the capacity that the plan was made for: its value of stored energy is by the percent."""
        there, plan = situation.there, situation.plan
        if there is None:
            return self._rules.limits.battery
        if there.usable_wh != self._usable_wh:
            self._before_wh, self._usable_wh, self._changed_at = self._usable_wh, there.usable_wh, situation.state.at
        if self._changed_at is not None and self._changed_at > situation.state.at:
            self._changed_at = situation.state.at  # the clock was set back, and no plan of before outlasts that
        if plan is None:
            return there
        if plan is not self._plan:  # later changes do not touch what it was made for: a battery may go and come back
            older = self._changed_at is not None and plan.issued_at < self._changed_at
            self._plan, self._plan_wh = plan, self._before_wh if older else self._usable_wh
        return replace(there, usable_wh=self._plan_wh)


def _solar_cap(
    plan: Plan, moment: Moment, situation: Situation, battery_w: float, connection: Connection, follower: Follower
) -> float | None:
    """The PV power to cap at, or None: while import is paid for, sun that the plan gives away makes room for it.

    Nor is it stored while export costs money: it may be a burden.
    """
    state, gives_away = situation.state, _gives_sun_away(plan, moment.at)
    if moment.import_price + moment.carbon_price < 0.0 and gives_away:
        return _cap_for_import(state, battery_w, connection.import_limit_w)
    stored_by = None if gives_away and moment.export_price < 0.0 else follower
    return pv_cap(state, battery_w, moment.export_price, connection.export_limit_w, stored_by, situation.is_capped)


def _what_is_missing(state: SiteState) -> str:
    """Which quantity cannot be acted on, and why: ``the grid power is stale``."""
    needed = (("grid_w", state.grid_w), ("soc_pct", state.soc_pct), ("battery_w", state.battery_w))
    quantity, missing = next((name, measured) for name, measured in needed if measured.known is None)
    return say.quantity_unusable(quantity=quantity, quality=missing.quality.value)


def _gives_sun_away(plan: Plan, at: datetime) -> bool:
    """Whether the plan curtails at ``at``: it has weighed the import that replaces the sun against peaks and limits."""
    step = plan.step_at(at)
    return step is not None and step.curtail_w > 1.0


def _cap_for_import(state: SiteState, battery_w: float, import_limit_w: float | None) -> float | None:
    """The PV power to cap at while import is paid for: none, or what the import limit leaves to be covered."""
    load_w = state.load_to_cover_w
    if load_w is None:
        return None
    return 0.0 if import_limit_w is None else max(0.0, load_w - battery_w - import_limit_w)
