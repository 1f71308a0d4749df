"""The hours of a local day and what they cost: what a rule by the clock looks at."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from agent.site_conditions.site_conditions import SiteConditions

HOUR = timedelta(hours=1)


@dataclass(slots=True)
class DayPrices:
    """Import prices of the whole hours of the day that holds a time; they are looked up again every hour."""

    conditions: SiteConditions
    zone: ZoneInfo
    _hour: datetime | None = None
    _step: int = 0
    _prices: tuple[float, ...] = ()

    def at(self, now: datetime) -> tuple[int, tuple[float, ...]]:
        """The number of the hour of ``now`` in its day, and the price of each hour; one not known costs their mean."""
        hour = now.astimezone(self.zone).replace(minute=0, second=0, microsecond=0).astimezone(UTC)
        if hour != self._hour:
            day = now.astimezone(self.zone).date()
            begin, end = (
                datetime.combine(one, time(0), self.zone).astimezone(UTC) for one in (day, day + timedelta(days=1))
            )
            hours = [begin + i * HOUR for i in range(max(1, round((end - begin) / HOUR)))]
            found = [self.conditions.known_at(at)[0] for at in hours]
            known = [price for price in found if price is not None]
            mean = sum(known) / len(known) if known else 0.0
            self._hour, self._step = hour, min(max(0, int((now - begin) / HOUR)), len(hours) - 1)
            self._prices = tuple(mean if price is None else price for price in found)
        return self._step, self._prices
