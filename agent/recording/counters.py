"""Which values of a lifetime counter can be true. Pure.

A counter of energy can only rise, and no faster than a connection can carry. One that falls or leaps is missing until
it is back between its last good value and what may have been added since, or until it has gone on for an hour from
where it is now: then it has been reset or exchanged, which is told. One that was close under 2^32 of its own unit and
is now close to 0 has rolled over, which needs no proof and is told too.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.domain.sentence import Sentence
from agent.domain.sentences import events
from drivers.reading import Quantity

COUNTERS = frozenset(quantity.value for quantity in Quantity if quantity.is_counter)
PROOF_S = 3600.0
MOST_W = 2e6  # no site of ours carries more
SLACK_WH = 10_000.0  # coarse counters step by kilowatt-hours
ROLL_OVER = tuple(2.0**32 * 10.0**exponent for exponent in range(-3, 7))
BEFORE_ROLL_OVER = 0.005  # of 2^32: the last 1/256 of a SunSpec counter is missing, for it may be a negative number
AFTER_ROLL_OVER = 0.001
KEEP_EVERY_S = 900.0  # a floor that is a little old is still a floor, and costs less flash


@dataclass(slots=True)
class _Line:
    """A value that a counter had at a time, and so what it may be later."""

    wh: float
    at: float
    since: float

    def allows(self, wh: float, monotonic_s: float) -> bool:
        if self.wh == 0.0 < wh:  # nothing was counted yet, or nothing was said
            return True
        return self.wh <= wh <= self.wh + SLACK_WH + MOST_W * max(0.0, monotonic_s - self.at) / 3600.0

    def go_on(self, wh: float, monotonic_s: float) -> None:
        self.wh, self.at = wh, monotonic_s


@dataclass(slots=True)
class Counters:
    """All counters of a site by point name (``meter.import_wh``). Times are monotonic seconds."""

    _good: dict[str, _Line] = field(default_factory=dict)
    _other: dict[str, _Line] = field(default_factory=dict)  # where one goes on that is not believed
    _recalled: dict[str, float] = field(default_factory=dict)
    _kept: str = ""
    _kept_at: float = -PROOF_S

    def judged(
        self, points: Mapping[str, float | None], monotonic_s: float
    ) -> tuple[dict[str, float | None], list[tuple[str, Sentence]]]:
        """``points`` with None for a counter that cannot be right; and (device, sentence) of those that were reset."""
        found, resets = dict(points), list[tuple[str, Sentence]]()
        for name, value in points.items():
            if name.rpartition(".")[2] in COUNTERS and value is not None:
                found[name], reset = self._judge(name, value, monotonic_s)
                if reset is not None:
                    resets.append((name.rpartition(".")[0], reset))
        return found, resets

    def document(self, monotonic_s: float) -> str | None:
        """The last good values, for the next start; None where that was asked for lately or nothing has moved."""
        if monotonic_s - self._kept_at < KEEP_EVERY_S:
            return None
        text = json.dumps({**self._recalled, **{name: line.wh for name, line in self._good.items()}})
        if text in (self._kept, "{}"):
            return None
        self._kept, self._kept_at = text, monotonic_s
        return text

    def recall(self, document: str | None) -> bool:
        """Begin with the values of ``document``: no counter may be below. False where it cannot be read."""
        if document is None:
            return True
        try:
            plain = json.loads(document)
        except ValueError:
            return False
        if not isinstance(plain, dict) or not all(type(value) in (int, float) for value in plain.values()):
            return False
        self._recalled = {str(name): float(value) for name, value in plain.items()}
        return True

    def _judge(self, name: str, wh: float, monotonic_s: float) -> tuple[float | None, Sentence | None]:
        if name not in self._good:
            # How long the agent was not there is not known, so a recalled counter may have risen by anything.
            before = self._recalled.pop(name, wh)
            self._good[name] = _Line(max(before, wh), monotonic_s, monotonic_s)
        good = self._good[name]
        if good.allows(wh, monotonic_s):
            good.go_on(wh, monotonic_s)
            self._other.pop(name, None)
            return wh, None
        if _has_rolled_over(good.wh, wh):
            return wh, self._reset(name, wh, monotonic_s, rolled_over=True)
        other = self._other.get(name)
        if other is None or not other.allows(wh, monotonic_s):
            self._other[name] = other = _Line(wh, monotonic_s, monotonic_s)
        other.go_on(wh, monotonic_s)
        if monotonic_s - other.since >= PROOF_S:
            return wh, self._reset(name, wh, monotonic_s, rolled_over=False)
        return None, None

    def _reset(self, name: str, wh: float, monotonic_s: float, rolled_over: bool) -> Sentence:
        before = self._good[name].wh
        self._good[name] = _Line(wh, monotonic_s, monotonic_s)
        self._other.pop(name, None)
        told = events.counter_rolled_over if rolled_over else events.counter_reset
        return told(counter=name, before_wh=before, after_wh=wh)


def _has_rolled_over(before_wh: float, wh: float) -> bool:
    return any(
        top * (1.0 - BEFORE_ROLL_OVER) <= before_wh < top and 0.0 < wh <= AFTER_ROLL_OVER * top for top in ROLL_OVER
    )
