"""Whether the battery swings by its own orders: it goes to and fro while it covers the load, and the load does not.

A meter that is later than is reckoned with, or a scale factor of meter or battery that is wrong by ten, makes every
order answer the one before. All values look sound, and the battery is at rest for too short a time to be judged by a
step. ``TURNS`` turns of its power within ``WITHIN_S`` are a suspicion where the grid meanwhile went to and fro at least
``IN_VAIN`` times as far, since a battery that meets a restless load keeps the grid still, and where a load at rest
would explain both (``resting_load.py``). With the fastest of loads it may look the same. So the battery is left to
itself, and what both do is looked at from ``SETTLE_S`` on for as long as ``EXPECTED`` turns took. A load that goes on
and off still does so then: one of the two turns on, and the next look waits half an hour, and twice as long each time,
up to a day. Where both have come to rest, ``PROOFS`` times, it was our doing: the battery is left to itself for
``PAUSE_S``, and then one look decides. That is told until the battery has been steered for ``WITHIN_S``, has moved, and
the grid has kept still by that.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from agent.domain.sentence import Sentence
from agent.domain.sentences.batteries import swings_late, swings_scaled
from agent.monitoring.resting_load import Seen, load_rests, mean_off_w

TURN_PART, TURN_W = 0.1, 500.0  # of the rating, and at least: a smaller turn counts for nothing
TURNS, WITHIN_S = 6, 1200.0
SETTLE_S = 60.0  # until the meter shows what was before the release no more
IN_VAIN = 0.5
UNEXPLAINED_S = 120.0  # until it is worked out again
EXPECTED, LEAST_LOOK_S = 5, 30.0
AT_REST = 1  # turn that a load may have by itself
CALMER = 0.25  # of how far a power swung: what is less is no turn of that swing
PROOFS, PROOF_KEPT_S = 2, 3600.0
PAUSE_S = 1800.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1800.0, 86_400.0  # between looks
STEERED_S = 150.0  # after the last order: a lease is renewed sooner
SCALED = 4.0  # times as far as the other: two powers of one size differ by less


@dataclass(slots=True)
class _Turns:
    """Counts how often a power turns round by ``step_w``."""

    step_w: float
    count: int = 0
    _extreme_w: float | None = None
    _way: float = 0.0  # 1 rises, -1 falls, 0 is not known yet

    def see(self, watts: float) -> bool:
        """Whether it has turned with this value."""
        if self._extreme_w is None:
            self._extreme_w = watts
        moved_w = watts - self._extreme_w
        if abs(moved_w) < self.step_w and moved_w * self._way <= 0.0:
            return False
        turned = moved_w * self._way < 0.0
        self._extreme_w, self._way = watts, 1.0 if moved_w > 0.0 else -1.0
        self.count += turned
        return turned


@dataclass(slots=True)
class _Look:
    """At a battery that is left to itself. Times are monotonic seconds."""

    begins_s: float
    ends_s: float
    battery: _Turns
    grid: _Turns
    scale: float  # how far the grid swung, by how far the battery did

    @property
    def is_calm(self) -> bool:
        return max(self.battery.count, self.grid.count) <= AT_REST


@dataclass(slots=True)
class SwingWatch:
    """One instance a site. Powers are W with the project's signs, times monotonic seconds."""

    rated_w: float
    sentence: Sentence | None = None  # while it stands
    _ordered_s: float = -float("inf")
    _steered_since: float | None = None
    _seen: deque[Seen] = field(default_factory=deque)  # while it was steered
    _turned_s: deque[float] = field(default_factory=deque)  # the newest turns
    _turns: _Turns = field(init=False)
    _look: _Look | None = None
    _next_look: float = -float("inf")
    _pause_s: float = FIRST_PAUSE_S
    _proofs: int = 0
    _proven_s: float = -float("inf")
    _held_until: float = -float("inf")

    def __post_init__(self) -> None:
        self._turns = _Turns(self._step_w)

    @property
    def is_looking(self) -> bool:
        """Whether the battery shall be left to itself to see whether it comes to rest."""
        return self._look is not None

    def is_held(self, monotonic_s: float) -> bool:
        """Whether it shall be left to itself since it swings."""
        return monotonic_s < self._held_until

    def asked(self, monotonic_s: float, battery_w: float | None) -> None:
        """A setpoint was written; None is a release."""
        if battery_w is not None:
            self._ordered_s = monotonic_s

    def seen(self, monotonic_s: float, battery_w: float | None, grid_w: float | None) -> None:
        """Take in what is shown at one control step, None where it is not known."""
        if battery_w is None or grid_w is None:
            return
        if self._look is not None:
            self._look_on(self._look, monotonic_s, battery_w, grid_w)
        elif self.is_held(monotonic_s) or monotonic_s - self._ordered_s > STEERED_S:
            self._begin_anew()
        else:
            self._count(monotonic_s, battery_w, grid_w)

    @property
    def _step_w(self) -> float:
        return max(TURN_W, TURN_PART * self.rated_w)

    def _begin_anew(self) -> None:
        self._steered_since, self._turns = None, _Turns(self._step_w)
        self._seen.clear()
        self._turned_s.clear()

    def _count(self, monotonic_s: float, battery_w: float, grid_w: float) -> None:
        if self._steered_since is None:
            self._steered_since = monotonic_s
        self._seen.append((monotonic_s, battery_w, grid_w))
        while self._seen[0][0] < monotonic_s - WITHIN_S:
            self._seen.popleft()
        if self._turns.see(battery_w):
            self._turned(monotonic_s)
        if self.sentence is not None and monotonic_s - self._steered_since >= WITHIN_S and self._is_sound():
            self.sentence = None

    def _turned(self, monotonic_s: float) -> None:
        self._turned_s.append(monotonic_s)
        if len(self._turned_s) < TURNS:
            return
        since_s = self._turned_s.popleft()
        if since_s < monotonic_s - WITHIN_S or monotonic_s < self._next_look or not self._is_in_vain(since_s):
            return
        if load_rests(self._since(since_s)):
            self._begin_look(monotonic_s, since_s)
        else:
            self._next_look = monotonic_s + UNEXPLAINED_S

    def _is_sound(self) -> bool:
        has_moved = _spread_w(watts for _, watts, _ in self._seen) >= self._step_w
        return has_moved and not self._is_in_vain(self._seen[0][0])

    def _is_in_vain(self, since_s: float) -> bool:
        seen = self._since(since_s)
        return mean_off_w([w for _, _, w in seen]) >= IN_VAIN * mean_off_w([w for _, w, _ in seen])

    def _since(self, since_s: float) -> list[Seen]:
        return [one for one in self._seen if one[0] >= since_s]

    def _begin_look(self, monotonic_s: float, since_s: float) -> None:
        seen = self._since(since_s)
        battery_w, grid_w = _spread_w(w for _, w, _ in seen), _spread_w(w for _, _, w in seen)
        begins_s = monotonic_s + SETTLE_S
        lasts_s = max(LEAST_LOOK_S, (monotonic_s - since_s) * EXPECTED / TURNS)
        battery, grid = (_Turns(max(self._step_w, CALMER * spread_w)) for spread_w in (battery_w, grid_w))
        self._look = _Look(begins_s, begins_s + lasts_s, battery, grid, grid_w / battery_w)

    def _look_on(self, look: _Look, monotonic_s: float, battery_w: float, grid_w: float) -> None:
        if monotonic_s >= look.begins_s:
            look.battery.see(battery_w)
            look.grid.see(grid_w)
        if not look.is_calm or monotonic_s >= look.ends_s:
            self._look = None
            self._begin_anew()
            self._judge(look, monotonic_s)

    def _judge(self, look: _Look, monotonic_s: float) -> None:
        if not look.is_calm:
            self._proofs = 0
            self._next_look = monotonic_s + self._pause_s
            self._pause_s = min(2.0 * self._pause_s, LONGEST_PAUSE_S)
            return
        if self.sentence is None and monotonic_s - self._proven_s > PROOF_KEPT_S:
            self._proofs = 0
        self._proofs, self._proven_s = self._proofs + 1, monotonic_s
        if self._proofs < PROOFS and self.sentence is None:
            return
        self._held_until, self._pause_s = monotonic_s + PAUSE_S, FIRST_PAUSE_S
        is_scaled = not 1.0 / SCALED < look.scale < SCALED
        self.sentence = swings_scaled(found_times=look.scale) if is_scaled else swings_late()


def _spread_w(watts: Iterable[float]) -> float:
    found = tuple(watts)
    return max(found) - min(found)
