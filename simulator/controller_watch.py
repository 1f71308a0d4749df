"""Whether the controller of a simulated device lives, by the heartbeat that it must count on."""

import math
from dataclasses import dataclass

STOPS_AFTER_S = 10.0  # the standard leaves it to the maker
POINTS = {"715": "715.ControllerHb", "802": "802.CtrlHb"}
_HALF_OF_ALL = {"715": 1 << 31, "802": 1 << 15}


@dataclass(slots=True)
class ControllerWatch:
    """``model`` is where the heartbeat is, "" on a device that does not watch. Times are seconds since 1970.

    A count that stands still, or goes back by a little, is no sign of life; from its end it begins anew.
    """

    model: str
    _count: int = 0
    _alive_until_s: float = -math.inf

    @property
    def point(self) -> str:
        """The name of its point, "" where there is none."""
        return POINTS.get(self.model, "")

    @property
    def until_s(self) -> float:
        """When the device takes its controller for dead, unless it counts on."""
        return self._alive_until_s if self.model else math.inf

    def counted(self, count: int, at_s: float) -> None:
        """The controller wrote ``count``."""
        change = (count - self._count) % (2 * _HALF_OF_ALL[self.model])
        if 0 < change < _HALF_OF_ALL[self.model]:
            self._alive_until_s = at_s + STOPS_AFTER_S
        self._count = count
