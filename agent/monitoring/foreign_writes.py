"""Writes of another controller at the battery: how often they were seen, and when not to write back.

Writing back wears flash and settles nothing, so after ``allowed`` times within ``pause_s`` nothing is written for
``pause_s``. Then it is tried again, and given way at once when the other one is still there.
"""

from collections import deque
from dataclasses import dataclass, field

from drivers.device import ControlState


@dataclass(slots=True)
class ForeignWrites:
    """One instance a battery. Times are monotonic seconds."""

    allowed: int = 3
    pause_s: float = 600.0
    _seen: deque[float] = field(default_factory=deque)
    _until: float | None = None
    _told: str | None = None

    def seen(self, monotonic_s: float, told: str) -> None:
        """Something else had written. ``told`` is one sentence."""
        self._told = told
        while self._seen and monotonic_s - self._seen[0] >= self.pause_s:
            self._seen.popleft()
        self._seen.append(monotonic_s)
        gave_way = self._until is not None and monotonic_s < self._until + self.pause_s
        if gave_way or len(self._seen) >= self.allowed:
            self._until = monotonic_s + self.pause_s
            self._seen.clear()

    def gives_way(self, monotonic_s: float) -> bool:
        """True while nothing may be written."""
        return self._until is not None and monotonic_s < self._until

    def told(self, monotonic_s: float) -> str | None:
        """The newest sentence, until ``pause_s`` have passed without another and nothing is held back."""
        if self.gives_way(monotonic_s):
            return self._told
        if not self._seen or monotonic_s - self._seen[-1] >= self.pause_s:
            return None
        return self._told


def is_foreign(found: ControlState, written: ControlState, clamps: bool) -> bool:
    """Whether ``found`` is neither what was ``written`` nor a device left to itself.

    A device that ``clamps`` may lower by itself what it took.
    """
    if not found.order or found.order == written.order:
        return False
    return not (clamps and _is_lowered(found, written))


def _is_lowered(found: ControlState, written: ControlState) -> bool:
    if found.order.keys() != written.order.keys():
        return False
    pairs = [(found.order[name], written.order[name]) for name in found.order]
    return all(now * before >= 0.0 and abs(now) <= abs(before) for now, before in pairs)


def order_words(state: ControlState) -> str:
    """``704.WSetMod 1, 704.WSet -5000``, or that nothing is forced."""
    return ", ".join(f"{name} {value:g}" for name, value in state.order.items()) or "no order"
