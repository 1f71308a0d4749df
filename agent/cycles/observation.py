"""Observe: what the battery would do is worked out and shown, and what that would have saved; nothing is written."""

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

from agent.cycles.alarms import Alarms
from agent.dispatch.shadow_battery import ShadowBattery
from agent.domain.battery import Battery
from agent.domain.documents import OBSERVATION
from agent.domain.observation import Observation, ObservedDay
from agent.domain.sentences import control as say
from agent.domain.setpoint import Rung, Setpoint
from agent.domain.site import SiteState
from agent.domain.wire import to_json
from agent.ports import Clock
from agent.recording.pending_writes import PendingWrites
from agent.site_conditions.site_conditions import SiteConditions

MOST_DAYS = 60
KEEP_EVERY_S = 600.0
HOUR_S = 3600.0


class Observing:
    """Each local day begins with the battery as it is, so that what was left in it is counted once."""

    def __init__(self, clock: Clock, conditions: SiteConditions, pending: PendingWrites, battery: Battery) -> None:
        self._clock, self._conditions, self._pending = clock, conditions, pending
        self._alarms = Alarms(clock, pending)
        self._zone = ZoneInfo(conditions.place.timezone)
        self._shadow = ShadowBattery(battery)
        self._observed: Observation | None = None
        self._day: date | None = None
        self._kept_at = -KEEP_EVERY_S

    def go_by(self, battery: Battery) -> None:
        """The battery within other bounds from now on."""
        self._shadow.go_by(battery)

    def recall(self, document: str | None) -> None:
        """Count on from what was kept. The running day begins anew with the start."""
        self._observed = self._alarms.read_kept(OBSERVATION, document, "observation") or self._observed

    def site(self, real: SiteState) -> SiteState:
        """The site as it would be with a battery that follows us."""
        day = real.at.astimezone(self._zone).date()
        if day != self._day and self._clock.trusted():
            self._day = day
            self._shadow.begin()
        return self._shadow.site(real)

    def follow(self, granted: Setpoint, real: SiteState, since_s: float) -> Setpoint:
        """What is shown in place of ``granted``, which the battery would have been told ``since_s`` after the last."""
        prices = self._conditions.at(real.at)
        self._shadow.follow(granted.battery_w, real, since_s / HOUR_S, (prices.import_price, prices.export_price))
        if self._clock.trusted():
            self._count()
        would = say.would_be_left() if granted.battery_w is None else _words(granted.battery_w)
        reason = say.only_observed(would=would, said=granted.reason)
        return replace(granted, battery_w=None, pv_limit_w=None, rung=Rung.OBSERVE, reason=reason)

    def _count(self) -> None:
        if self._day is None:
            return
        costs = self._shadow.costs
        today = ObservedDay(self._day, costs.real, costs.steered, costs.stored_wh, self._shadow.value_per_kwh)
        observed = self._observed or Observation(self._clock.now())
        days = [day for day in observed.days if day.day != self._day]
        self._observed = replace(observed, days=(*days, today)[-MOST_DAYS:])
        if self._clock.monotonic() - self._kept_at >= KEEP_EVERY_S:
            self._kept_at = self._clock.monotonic()
            self._pending.keep(OBSERVATION.name, to_json(self._observed))


def _words(battery_w: float) -> str:
    if abs(battery_w) < 1.0:
        return say.would_rest()
    order = say.order_discharge_with if battery_w > 0.0 else say.order_charge_with
    return order(power_w=abs(battery_w))
