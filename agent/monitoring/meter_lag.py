"""How much older the grid meter's values are than the battery's, learnt from the battery's own moves.

A move of the battery is seen by the meter a lag later, with the opposite sign. Shifted by the right lag, the sum of
both is the net load, which does not know of the battery; shifted by another, each move stands in it twice. So for each
candidate the squared changes of that sum are added up, and the smallest sum tells the lag. A change far beyond the
battery's own is the load's; the battery answers it, and it would speak for a wrong lag.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from agent.dispatch.power_trace import PowerTrace

CANDIDATES_S = tuple(range(-12, 31))
LOOK_BACK_S = 42.0  # a move of the battery counts for so long: the span of the candidates
LEAST_MOVE = 0.05  # of the rating; smaller moves drown in the load's own
LEARNT_FROM = 0.3  # squared ratings that the battery must have moved by before a lag is told
MEMORY = 3.0  # squared ratings after which what was seen counts for a third (1 / e)
CLEAR = 0.5  # of what the battery's moves add to the sum of a wrong candidate: by so much the best one must be below
OF_THE_LOAD = 2.0  # times what the battery may move by while a value stands: what is beyond counts as no more
WIDEST_S = 10  # of the candidates that cannot be told apart: more is no lag
ALIKE = 0.15  # of the way from the best sum to the usual one: candidates up to there cannot be told from the best


@dataclass(frozen=True, slots=True)
class Lag:
    """The meter's values are ``least_s`` to ``most_s`` seconds older than the battery's; younger where negative."""

    least_s: float
    most_s: float


@dataclass(slots=True)
class LagWatch:
    """One instance a pair of traces. ``rating_w`` is the battery's largest power.

    ``lag`` is None until it has been seen, and ``is_clear`` false while the newest moves do not tell it.
    """

    rating_w: float
    lag: Lag | None = None
    is_clear: bool = False
    _sums: list[float] = field(default_factory=lambda: [0.0] * len(CANDIDATES_S))
    _moved: float = 0.0  # squared ratings

    def begin_with(self, measured: Lag) -> None:
        """This was measured before; it is clear until the battery's moves say something else, or nothing."""
        self.lag, self.is_clear = measured, True

    def see(self, grid: PowerTrace, battery: PowerTrace, held_s: float = 1.0) -> None:
        """Take in the newest value of the meter, where one stands for ``held_s``; ``lag`` is learnt from it."""
        if len(grid) < 2 or battery.spread_w(battery.newest_s - LOOK_BACK_S) < LEAST_MOVE * self.rating_w:
            return
        before_s, now_s = grid.last_two_s()
        most = (OF_THE_LOAD * max(1.0, held_s) * battery.largest_step_w(now_s - LOOK_BACK_S)) ** 2
        moved = ((battery.at(now_s) - battery.at(before_s)) / self.rating_w) ** 2
        keep = max(0.0, 1.0 - moved / MEMORY)
        for i, lag_s in enumerate(CANDIDATES_S):
            late_s, early_s = max(lag_s, 0), max(-lag_s, 0)
            change_w = grid.at(now_s - early_s) - grid.at(before_s - early_s)
            change_w += battery.at(now_s - late_s) - battery.at(before_s - late_s)
            self._sums[i] = keep * self._sums[i] + min(change_w * change_w, most)
        self._moved = keep * self._moved + moved
        if moved and self._moved >= LEARNT_FROM:
            found = _told_by(self._sums, 2.0 * self._moved * self.rating_w**2)
            self.lag, self.is_clear = found or self.lag, found is not None


def _told_by(sums: Sequence[float], added: float) -> Lag | None:
    """The lag whose sum is clearly the smallest, with its neighbours that are as good; None where none is.

    ``added`` is what the moves of the battery add to the sum of every wrong candidate, squared W.
    """
    usual, best = sorted(sums)[len(sums) // 2], min(range(len(sums)), key=sums.__getitem__)
    if usual - sums[best] < CLEAR * added:
        return None
    most = sums[best] + ALIKE * (usual - sums[best])
    first = last = best
    while first > 0 and sums[first - 1] <= most:
        first -= 1
    while last < len(sums) - 1 and sums[last + 1] <= most:
        last += 1
    if last - first > WIDEST_S:
        return None
    return Lag(float(CANDIDATES_S[first]), float(CANDIDATES_S[last]))
