"""What is in force at the device, and whether it has to be written again."""

from dataclasses import dataclass

from agent.domain.setpoint import Setpoint


@dataclass(frozen=True, slots=True)
class Lease:
    """The last write that was read back. ``battery_w`` None: the device is released. Times are monotonic seconds."""

    battery_w: float | None
    pv_limit_w: float | None
    written_at: float
    hold_s: float

    def must_be_replaced(self, granted: Setpoint, monotonic_s: float, deadband_w: float) -> bool:
        """True when ``granted`` differs by more than the dead-band, or half of the lease has passed.

        A released device holds no lease, so it needs no refresh.
        """
        if granted.battery_w is None or self.battery_w is None:
            return granted.battery_w is not self.battery_w
        if self.half_is_over(monotonic_s):
            return True
        if cap_differs(granted.pv_limit_w, self.pv_limit_w, deadband_w):
            return True
        stops_or_starts = (granted.battery_w == 0.0) != (self.battery_w == 0.0)
        return stops_or_starts or abs(granted.battery_w - self.battery_w) > deadband_w

    def half_is_over(self, monotonic_s: float) -> bool:
        """It is to be renewed, so that one failure does not let it lapse."""
        return monotonic_s - self.written_at >= self.hold_s / 2.0


def cap_differs(wanted_w: float | None, in_force_w: float | None, deadband_w: float) -> bool:
    """Whether two caps of the sun differ by more than ``deadband_w``; None is no cap."""
    if wanted_w is None or in_force_w is None:
        return wanted_w is not in_force_w
    return abs(wanted_w - in_force_w) > deadband_w
