"""What a battery gives beside the sun behind one cap on their inverter's whole active power."""

from dataclasses import dataclass

FOLLOWS_WITHIN_S = 10.0


@dataclass(slots=True)
class BesideTheSun:
    """One instance a device. Powers are W, > 0 discharges; times monotonic seconds.

    A battery that was just told something else is on its way there: a cap by what it was seen to give would keep it
    from giving more, or let the sun be exported that it was to leave room for. After that it gives what is seen.
    """

    _told_w: float | None = None
    _changed_s: float = -float("inf")

    def told(self, battery_w: float | None, now_s: float) -> None:
        """This power was written; None is a release. The same one again is no change."""
        if battery_w != self._told_w:
            self._told_w, self._changed_s = battery_w, now_s

    def battery_w(self, seen_w: float | None, now_s: float) -> float:
        if self._told_w is not None and now_s - self._changed_s < FOLLOWS_WITHIN_S:
            return self._told_w
        return seen_w or 0.0
