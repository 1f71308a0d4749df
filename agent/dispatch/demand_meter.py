"""What a demand charge counts: the mean import of the running interval, and the highest of the running month.

Intervals begin on whole multiples of their length; months are those of the site's clock. What was not measured counts
for nothing: a mean is taken over the seconds that were seen, and an interval of which less than half was seen is left
out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import isfinite
from zoneinfo import ZoneInfo

from agent.domain.demand_charge import RATCHET_MONTHS, DemandCharge
from agent.domain.horizon import floor_to_step
from agent.domain.request import Demand
from agent.domain.sentences.events import peak_unknown
from agent.domain.wire import WireError, from_json, to_json

PART_S = 300  # the horizon of a plan begins on a whole multiple of it
MONTHS_REMEMBERED = 3
LEAST_SEEN = 0.5  # of an interval, and of a month's intervals before its peak counts as known


@dataclass(frozen=True, slots=True)
class EarlierPeak:
    """The highest mean import of a month that is over, W, which a ratchet holds against the months after it."""

    year: int
    month: int
    peak_w: float


@dataclass(frozen=True, slots=True)
class FurtherPeak:
    """As ``MonthPeak`` for a charge that is asked besides, by its name."""

    name: str
    peak_w: float
    peak_at: datetime | None
    earlier: tuple[EarlierPeak, ...] = ()
    terms: str = ""


@dataclass(frozen=True, slots=True)
class MonthPeak:
    """The highest mean import, W, of a month so far, and the start of that interval (None: nothing was imported).

    Everything before ``seen_to`` is in it. All times are UTC; ``year`` and ``month`` are those of the site's clock.
    ``terms`` say what counted for it (``_terms``); empty where an earlier release has kept it.
    """

    year: int
    month: int
    interval_s: int
    peak_w: float
    peak_at: datetime | None
    seen_to: datetime
    earlier: tuple[EarlierPeak, ...] = ()
    others: tuple[FurtherPeak, ...] = ()
    terms: str = ""


Highest = tuple[float, datetime | None]  # W, and the start of its interval
NOTHING: Highest = (0.0, None)
Month = tuple[int, int]


class DemandMeter:
    """Fed with every control step, in order of time. ``zone`` is the site's; ``others`` are asked besides ``charge``,
    over the same intervals.
    """

    def __init__(self, charge: DemandCharge, zone: ZoneInfo, others: Sequence[DemandCharge] = ()) -> None:
        self.charge = charge
        self._charges = (charge, *others)
        self._zone = zone
        self._start: datetime | None = None
        self._month: Month = (0, 0)
        self._peaks = [NOTHING] * len(self._charges)
        self._counted = 0  # intervals of the month that were seen well enough
        self._recalled = False
        self._other_months: dict[Month, tuple[list[Highest], int, bool]] = {}
        self._earlier: list[dict[Month, float]] = [{} for _ in self._charges]
        self._parts: list[tuple[float, float]] = []  # imported Wh and seconds seen, by PART_S of the running interval

    @property
    def peak_w(self) -> float:
        """The highest mean import of the month so far, W, by the first charge."""
        return self._peaks[0][0]

    def seen(self, at: datetime, seconds: float, grid_w: float | None) -> bool:
        """``grid_w`` (> 0 imports, None unknown) held for ``seconds`` from ``at``. True when an interval has ended."""
        if grid_w is None or not isfinite(grid_w):
            return self._reach(at)
        return self.add(at, seconds, seconds, max(0.0, grid_w) * seconds / 3600.0)

    def add(self, at: datetime, span_s: float, seen_s: float, import_wh: float) -> bool:
        """``import_wh`` was imported within ``span_s`` from ``at``, of which ``seen_s`` were measured."""
        ended, left_s = False, span_s
        while left_s > 0.0:
            ended |= self._reach(at)
            part_s = min(left_s, PART_S - at.timestamp() % PART_S)
            part = int(at.timestamp() % self.charge.interval_s) // PART_S
            wh, known_s = self._parts[part]
            self._parts[part] = (wh + import_wh * part_s / span_s, known_s + seen_s * part_s / span_s)
            at, left_s = at + timedelta(seconds=part_s), left_s - part_s
        return ended

    def interval_wh(self, at: datetime) -> float:
        """What the running interval has imported by ``at``, Wh: the mean of what was seen, for all of its time.

        0 for an interval that begins at ``at`` or later, and where nothing of it was seen.
        """
        if self._start is None or at <= self._start:
            return 0.0
        elapsed_s = min((at - self._start).total_seconds(), float(self.charge.interval_s))
        mean_w = self._mean_w(-int(-elapsed_s // PART_S)) or self._mean_w(len(self._parts))
        return (mean_w or 0.0) * elapsed_s / 3600.0

    def demand(self, horizon_start: datetime) -> Demand:
        """What a plan whose horizon begins then is to know."""
        interval_wh = self.interval_wh(horizon_start)
        first, *others = (
            Demand(charge, self._peaks[place][0], interval_wh, self._highest_before(place))
            for place, charge in enumerate(self._charges)
        )
        return replace(first, others=tuple(others))

    def document(self) -> str | None:
        """What is to be kept, as JSON; None before the first control step."""
        if self._start is None:
            return None
        others = tuple(
            FurtherPeak(charge.name, *self._peaks[place], self._kept_before(place), _terms(charge))
            for place, charge in enumerate(self._charges)
            if place > 0
        )
        interval_s, before, terms = self.charge.interval_s, self._kept_before(0), _terms(self.charge)
        return to_json(MonthPeak(*self._month, interval_s, *self._peaks[0], self._start, before, others, terms))

    def recall(self, document: str | None, now: datetime) -> datetime:
        """Go on from what was kept, where that is of this month. Returns since when ``add`` is to be told what was.

        What was kept of a later time is taken too: a clock that was never set is behind.
        """
        local = now.astimezone(self._zone)
        kept = None if document is None else _sound(document)
        if kept is None or kept.interval_s != self.charge.interval_s:
            return self._first_wanted(now)
        found = self._of_the_same_terms(kept)
        for place, one in enumerate(found):
            self._earlier[place] = {} if one is None else {(e.year, e.month): e.peak_w for e in one.earlier}
        if (kept.year, kept.month) < (local.year, local.month):
            for place, one in enumerate(found):
                if one is not None:
                    self._earlier[place][kept.year, kept.month] = one.peak_w
            return self._first_wanted(now) if None in found else self._month_start(now)
        if None in found:  # a charge that is new in the site file, or counts other hours: the month is read again
            return self._first_wanted(now)
        self._month = (kept.year, kept.month)
        self._peaks = [NOTHING if one is None else (one.peak_w, one.peak_at) for one in found]
        self._recalled = True
        return kept.seen_to

    def doubt(self, now: datetime) -> str | None:
        """Why the month's peak cannot be relied on, in one sentence, once all that is known has been added."""
        self._reach(now)
        intervals = int((now - self._month_start(now)).total_seconds()) // self.charge.interval_s
        if self._recalled or not self._charged or self._counted >= LEAST_SEEN * intervals:
            return None
        return peak_unknown(
            counted=self._counted, intervals=intervals, interval_s=self.charge.interval_s, import_w=self.peak_w
        )

    def _of_the_same_terms(self, kept: MonthPeak) -> list[MonthPeak | FurtherPeak | None]:
        """What was kept of each charge; None where that is nothing, or of other hours and months than it has now."""
        by_name = {one.name: one for one in kept.others}
        found = [kept, *(by_name.get(charge.name) for charge in self._charges[1:])]
        return [
            one if one is not None and one.terms in ("", _terms(charge)) else None
            for one, charge in zip(found, self._charges, strict=True)
        ]

    @property
    def _charged(self) -> bool:
        return any(self._month[1] in charge.months for charge in self._charges)

    def _reach(self, at: datetime) -> bool:
        """Make the interval of ``at`` the running one. True when that ends the one before."""
        start = floor_to_step(at, self.charge.interval_s)
        if start == self._start:
            return False
        ended = self._start is not None
        if self._start is not None and start > self._start:  # where the clock was set back nothing is believed
            self._close(self._start)
        local = start.astimezone(self._zone)
        if (local.year, local.month) != self._month:
            self._turn_to((local.year, local.month))
        self._start = start
        self._parts = [(0.0, 0.0)] * (self.charge.interval_s // PART_S)
        return ended

    def _turn_to(self, month: Month) -> None:
        """Another month begins, or goes on where the clock was wrong for a while."""
        self._other_months[self._month] = (self._peaks, self._counted, self._recalled)
        if self._month != (0, 0):
            for place, (peak_w, _) in enumerate(self._peaks):
                self._earlier[place][self._month] = peak_w
        self._month = month
        nothing = [NOTHING] * len(self._charges)
        self._peaks, self._counted, self._recalled = self._other_months.pop(month, (nothing, 0, False))
        while len(self._other_months) > MONTHS_REMEMBERED:
            del self._other_months[next(iter(self._other_months))]

    def _close(self, start: datetime) -> None:
        mean_w = self._mean_w(len(self._parts))
        if mean_w is None or sum(seen_s for _, seen_s in self._parts) < LEAST_SEEN * self.charge.interval_s:
            return
        self._counted += 1
        for place, charge in enumerate(self._charges):
            if self._month[1] in charge.months and charge.counts(start) and mean_w > self._peaks[place][0]:
                self._peaks[place] = (mean_w, start)

    def _before(self, place: int) -> dict[Month, float]:
        """Peaks of the eleven months before the running one, W, of a charge with a ratchet."""
        if self._charges[place].ratchet_share <= 0.0:
            return {}
        now = 12 * self._month[0] + self._month[1]
        known = self._earlier[place].items()
        return {at: peak_w for at, peak_w in known if now - RATCHET_MONTHS <= 12 * at[0] + at[1] < now}

    def _highest_before(self, place: int) -> float:
        return max(self._before(place).values(), default=0.0)

    def _kept_before(self, place: int) -> tuple[EarlierPeak, ...]:
        return tuple(EarlierPeak(*at, peak_w) for at, peak_w in sorted(self._before(place).items()))

    def _mean_w(self, parts: int) -> float | None:
        """Mean import of the first ``parts`` of the running interval over what was seen of them; None: nothing was."""
        seen_s = sum(seen_s for _, seen_s in self._parts[:parts])
        return None if seen_s <= 0.0 else sum(wh for wh, _ in self._parts[:parts]) * 3600.0 / seen_s

    def _month_start(self, at: datetime) -> datetime:
        local = at.astimezone(self._zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0)
        return local.astimezone(UTC)

    def _first_wanted(self, at: datetime) -> datetime:
        """Since when imports matter: the month's start, or that of the first month that a ratchet holds."""
        start = self._month_start(at)
        if all(charge.ratchet_share <= 0.0 for charge in self._charges):
            return start
        for _ in range(RATCHET_MONTHS):
            start = self._month_start(start - timedelta(days=1))
        return start


def _terms(charge: DemandCharge) -> str:
    """What counts for ``charge``, whatever it costs; a ratchet also asks what earlier months were."""
    return to_json(replace(charge, per_kw=0.0, ratchet_share=float(charge.ratchet_share > 0.0), name=""))


def _sound(document: str) -> MonthPeak | None:
    """What was kept, or None where it cannot be used."""
    try:
        kept = from_json(MonthPeak, document, newer=True)
    except WireError:
        return None
    every: tuple[MonthPeak | FurtherPeak, ...] = (kept, *kept.others)
    times = [kept.seen_to, *(one.peak_at for one in every if one.peak_at is not None)]
    peaks_w = [one.peak_w for one in every] + [earlier.peak_w for one in every for earlier in one.earlier]
    sound = all(isfinite(peak_w) and peak_w >= 0.0 for peak_w in peaks_w) and all(at.tzinfo is not None for at in times)
    return kept if sound else None
