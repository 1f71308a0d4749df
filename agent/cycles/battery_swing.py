"""What is done about a battery that swings by its own orders: it is left to itself, looked at, and told."""

from dataclasses import replace

from agent.cycles.alarms import Alarms
from agent.domain.alarms import AlarmKind
from agent.domain.sentences import control as say
from agent.domain.setpoint import Rung, Setpoint
from agent.domain.site import SiteState
from agent.monitoring.swing_watch import SwingWatch


class BatterySwing:
    """One instance a site. Times are monotonic seconds."""

    def __init__(self, rated_w: float, alarms: Alarms) -> None:
        self._watch = SwingWatch(rated_w)
        self._alarms = alarms
        self._is_held = False

    def look(self, state: SiteState, monotonic_s: float) -> None:
        self._watch.seen(monotonic_s, state.battery_w.known, state.grid_w.known)
        self._is_held = self._watch.is_held(monotonic_s)
        self._alarms.alarm(AlarmKind.BATTERY_SWINGS, self._watch.sentence)

    def left_to_itself(self, wanted: Setpoint) -> Setpoint:
        """``wanted``, or a release. What a person asks for is one power, which does not swing."""
        if wanted.rung is Rung.OVERRIDE or not (self._is_held or self._watch.is_looking):
            return wanted
        why = say.battery_swings() if self._is_held else say.looking_for_a_swing()
        reason = say.released(why=why)
        return replace(wanted, battery_w=None, pv_limit_w=None, rung=Rung.RELEASE, reason=reason)

    def asked(self, monotonic_s: float, battery_w: float | None) -> None:
        """What was written; None is a release."""
        self._watch.asked(monotonic_s, battery_w)
