"""Which setpoints are written down one by one: changes of rung or outcome always, changes of power once a minute."""

from dataclasses import dataclass

from agent.domain.records import DecisionRow
from agent.domain.setpoint import Applied, Clamped, Held, Outcome, Refused, Setpoint, Unreachable

# Every power that was held is in the minute's means; writing each down would wear the flash for nothing.
POWER_EVERY_S = 60.0


@dataclass(slots=True)
class Decisions:
    """Remembers what was written down last."""

    last: DecisionRow | None = None

    def note(self, granted: Setpoint, outcome: Outcome) -> DecisionRow | None:
        """The row for ``granted`` and what became of it, or None when it says nothing new."""
        last = self.last
        if last is not None and isinstance(outcome, Held):
            word, detail = last.outcome, last.detail
        else:
            word, detail = describe(outcome)
        row = DecisionRow(granted.at, granted.battery_w, granted.hold_s, granted.rung, granted.reason, word, detail)
        comes_later = isinstance(outcome, Clamped) and outcome.later_s > 0.0 and not outcome.failed
        if last is not None and not self._is_news(last, row, comes_later):
            return None
        self.last = row
        return row

    @staticmethod
    def _is_news(last: DecisionRow, row: DecisionRow, comes_later: bool) -> bool:
        """A device with a pace answers "later" after each of its orders, which is no more than a change of power."""
        if last.rung != row.rung or (last.outcome != row.outcome and not comes_later):
            return True
        recent = 0.0 <= (row.at - last.at).total_seconds() < POWER_EVERY_S  # the clock may have been set back
        return (last.battery_w, last.outcome) != (row.battery_w, row.outcome) and not recent


def describe(outcome: Outcome) -> tuple[str, str]:
    """An outcome as a stable word and a sentence."""
    match outcome:
        case Applied():
            return "applied", ""
        case Clamped(battery_w, reason):
            return "clamped", reason if battery_w is None else f"{battery_w:z.0f} W: {reason}"
        case Refused(reason):
            return "refused", reason
        case Unreachable(reason):
            return "unreachable", reason
        case Held():
            return "held", ""
