"""The thresholds of the preferences: when one is passed, and when that is over. Pure.

A threshold is passed once the value has been beyond it for ``for_s`` in a row, and over once it has been back, by more
than its hysteresis, for as long. A value that is missing is neither.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agent.console.own_settings import Thresholds
from agent.domain.alarms import Severity


@dataclass(frozen=True, slots=True)
class Values:
    """Of now; None is missing. ``import_w`` is 0 while the site exports."""

    soc_pct: float | None = None
    import_w: float | None = None
    price_per_kwh: float | None = None
    data_age_s: float | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """``word`` is the kind of its alert. ``value`` and ``limit`` read what is compared, ``margin`` says by how much it
    must be back beyond the limit ``limit``. ``side`` is +1 where more is too much, -1 where less is too little."""

    word: str
    value: Callable[[Values], float | None]
    limit: Callable[[Thresholds], float | None]
    margin: Callable[[float], float]
    side: int
    for_s: float
    severity: Severity

    def is_beyond(self, value: float, limit: float) -> bool:
        return self.side * (value - limit) > 0.0

    def is_back(self, value: float, limit: float) -> bool:
        return self.side * (limit - value) >= self.margin(limit)


RULES = (
    Rule(
        "soc_below", lambda now: now.soc_pct, lambda set_: set_.soc_below_pct,
        lambda limit: 3.0, -1, 60.0, Severity.WARNING,
    ),
    Rule(
        "import_above", lambda now: now.import_w, lambda set_: set_.import_above_w,
        lambda limit: 0.05 * limit, 1, 60.0, Severity.WARNING,
    ),
    Rule(
        "price_above", lambda now: now.price_per_kwh, lambda set_: set_.price_above_per_kwh,
        lambda limit: max(0.005, 0.02 * abs(limit)), 1, 60.0, Severity.WARNING,
    ),
    # An agent that has stopped tells nothing itself. One that starts beside the console has a minute to show something.
    Rule(
        "data_older", lambda now: now.data_age_s, lambda set_: set_.data_older_than_s,
        lambda limit: 0.5 * limit, 1, 60.0, Severity.ALARM,
    ),
)  # fmt: skip
WORDS = tuple(rule.word for rule in RULES)


@dataclass(frozen=True, slots=True)
class Passed:
    """A threshold was passed, or is no longer."""

    rule: Rule
    value: float
    limit: float
    is_over: bool


@dataclass(frozen=True, slots=True)
class Watch:
    """``standing`` are the words of the thresholds that are passed; ``held_s`` is for how long the opposite holds."""

    standing: frozenset[str] = frozenset()
    held_s: Mapping[str, float] | None = None


def watched(before: Watch, values: Values, thresholds: Thresholds, elapsed_s: float) -> tuple[Watch, list[Passed]]:
    """What holds now, and what has changed. ``elapsed_s`` has passed since ``before``.

    A threshold that has been taken back is told no more.
    """
    standing, held_s, changed = set[str](), dict[str, float](), []
    for rule in RULES:
        limit, value, stood = rule.limit(thresholds), rule.value(values), rule.word in before.standing
        if limit is None:
            continue
        if stood:
            standing.add(rule.word)
        if value is None or not (rule.is_back(value, limit) if stood else rule.is_beyond(value, limit)):
            continue
        held = None if before.held_s is None else before.held_s.get(rule.word)
        lasted_s = 0.0 if held is None else held + elapsed_s
        if lasted_s < rule.for_s:
            held_s[rule.word] = lasted_s
            continue
        standing ^= {rule.word}
        changed.append(Passed(rule, value, limit, is_over=stood))
    return Watch(frozenset(standing), held_s), changed
