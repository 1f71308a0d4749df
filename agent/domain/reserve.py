"""How much is kept in the battery for outages, by the site's clock."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from agent.domain.horizon import Horizon
from agent.domain.tariff import TimeOfUse, price_at, segments

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Reserve:
    """``by_clock`` is a schedule in the form of a tariff: what stands there as a price is an SoC in percent."""

    by_clock: TimeOfUse

    def at(self, at: datetime) -> float:
        """What is kept at ``at``, percent."""
        kept = price_at(self.by_clock, at)
        return self.by_clock.default_per_kwh if kept is None else kept

    @property
    def highest(self) -> float:
        """The most that is kept at any time, percent."""
        windows = max((window.price_per_kwh for window in self.by_clock.windows), default=0.0)
        return max(self.by_clock.default_per_kwh, windows)

    def over(self, horizon: Horizon) -> tuple[float, ...]:
        """What the SoC must not be below at the end of each step, percent.

        It is the highest that is kept within the step or from its end on: before a window begins it must be there.
        """
        highest = [0.0] * horizon.steps
        for segment in segments(self.by_clock, horizon.start, horizon.end + _MINUTE):
            begin, end = ((at - horizon.start).total_seconds() / horizon.step_s for at in (segment.start, segment.end))
            first, last = max(0, -int(-begin // 1) - 1), min(horizon.steps - 1, -int(-end // 1) - 1)
            for step in range(first, last + 1):
                highest[step] = max(highest[step], segment.price or 0.0)
        return tuple(highest)
