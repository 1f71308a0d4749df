"""The highest imports of the months, which a demand charge is paid for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from agent.adapters.store.console_reader import Peak, highest_import
from agent.adapters.store.store_reader import kept
from agent.console.reading.plan import NoPlan, kept_plan
from agent.console.reading.shapes import Document, head, local, rounded
from agent.domain.demand_charge import RATCHET_MONTHS, DemandCharge
from agent.domain.documents import DEMAND
from agent.domain.sentence import listed
from agent.domain.sentences import readings as say
from agent.settings.schema import Settings

MONTHS = 12
USUAL_S = 900  # where nothing is charged, peaks are still of interest

MonthPeak = tuple[date, Peak | None]  # the first of a month, and its highest import


@dataclass(frozen=True, slots=True)
class Kept:
    """The running month as the agent has kept it: up to when, and its peak. None where that is not known."""

    at: datetime | None = None
    peak: MonthPeak | None = None


def demand(settings: Settings, store: Path, now: datetime) -> Document:
    """This month's peak, what the plan holds import to, and the peaks of the months before. Raises StoreFailure."""
    zone, charges = ZoneInfo(settings.site.timezone), settings.demand_charges()
    charge = charges[0] if charges else None
    today = now.astimezone(zone).date()
    peaks, agent = _peaks(store, today, MONTHS, charge, zone), _kept(store, today)
    peaks[0] = agent.peak or peaks[0]
    history = _paid_for(charge, peaks, MONTHS, zone)
    return {
        **head(settings),
        "charge": None if charge is None else _terms(charge),
        "others": [_further(store, today, one, zone) for one in charges[1:]],
        "month": {**history[0], "seen_to": local(agent.at, zone), "paid_w": _shown_paid_w(charge, peaks)},
        "threshold_w": _threshold(store, now),
        "history": [month for month in history[1:] if month["peak_w"] is not None],
        **listed("notes", [say.peaks_from_quarters()]),
    }  # fmt: skip


def breakdown(settings: Settings, store: Path, start: datetime, end: datetime) -> list[Document]:
    """An entry a month that the range touches, oldest first. Raises StoreFailure."""
    zone, charge = ZoneInfo(settings.site.timezone), settings.demand_charge_spec()
    last = (end - timedelta(microseconds=1)).astimezone(zone).date()
    count = sum(1 for month in _months(last, 12 * 10) if _starts(_next(month), zone) > start)
    found = _paid_for(charge, _peaks(store, last, count, charge, zone), count, zone)
    return [{"key": month["month"], **month} for month in reversed(found)]


def _terms(charge: DemandCharge) -> Document:
    return {
        "name": charge.name,
        "per_kw": charge.per_kw,
        "interval_s": charge.interval_s,
        "months": list(charge.months),
        "has_hours": charge.hours is not None,
        "ratchet_pct": rounded(100.0 * charge.ratchet_share, 1),
    }


def _further(store: Path, today: date, charge: DemandCharge, zone: ZoneInfo) -> Document:
    """A charge that is asked besides, with its running month."""
    return {**_terms(charge), **_paid_for(charge, _peaks(store, today, 1, charge, zone), 1, zone)[0]}


def _peaks(store: Path, last: date, count: int, charge: DemandCharge | None, zone: ZoneInfo) -> list[MonthPeak]:
    """The peaks of ``count`` months, that of ``last`` first, and of those before them that a ratchet holds."""
    held = RATCHET_MONTHS if charge is not None and charge.ratchet_share > 0.0 else 0
    return [(month, _peak(store, month, charge, zone)) for month in _months(last, count + held)]


def _peak(store: Path, month: date, charge: DemandCharge | None, zone: ZoneInfo) -> Peak | None:
    start, end = _starts(month, zone), _starts(_next(month), zone)
    if charge is None:
        return highest_import(store, start, end, USUAL_S)
    return highest_import(store, start, end, charge.interval_s, charge.counts)


def _paid_for(charge: DemandCharge | None, peaks: Sequence[MonthPeak], count: int, zone: ZoneInfo) -> list[Document]:
    """The first ``count`` of ``peaks``, each with what it costs."""
    return [_document(*peaks[place], charge, _paid_w(charge, peaks[place:]), zone) for place in range(count)]


def _paid_w(charge: DemandCharge | None, peaks: Sequence[MonthPeak]) -> float | None:
    """The peak that the first of ``peaks`` is paid for, W: its own, or what a ratchet holds of the months before.

    A month that is not charged holds nothing against others. None where nothing is charged or known.
    """
    (month, own), *before = peaks
    if charge is None or month.month not in charge.months:
        return None
    charged = [peak for at, peak in before[:RATCHET_MONTHS] if at.month in charge.months]
    known = [charge.ratchet_share * peak.import_w for peak in charged if peak is not None]
    known += [] if own is None else [own.import_w]
    return max(known, default=None)


def _shown_paid_w(charge: DemandCharge | None, peaks: Sequence[MonthPeak]) -> float | None:
    """0 where it is charged and nothing was imported yet."""
    paid_w = _paid_w(charge, peaks)
    is_charged = charge is not None and peaks[0][0].month in charge.months
    return rounded(paid_w or 0.0, 0) if is_charged else None


def _document(
    month: date, peak: Peak | None, charge: DemandCharge | None, paid_w: float | None, zone: ZoneInfo
) -> Document:
    charged = charge is not None and month.month in charge.months
    cost = None if charge is None or paid_w is None else charge.per_kw * paid_w / 1000.0
    return {
        "month": f"{month:%Y-%m}",
        "peak_w": None if peak is None else rounded(peak.import_w, 0),
        "peak_at": None if peak is None else local(peak.at, zone),
        "cost": rounded(cost, 2) if charged or charge is None or peak is None else 0.0,
        "is_charged": charged,
    }


def _kept(store: Path, today: date) -> Kept:
    """What the agent itself has counted this month, which also knows what was too short for a roll-up."""
    month = today.replace(day=1)
    try:
        found = DEMAND.read(kept(store, DEMAND.name) or "null")
        if not isinstance(found, dict) or (found["year"], found["month"]) != (month.year, month.month):
            return Kept()
        seen_to = datetime.fromisoformat(found["seen_to"])
        if found["peak_at"] is None:
            return Kept(seen_to)
        return Kept(seen_to, (month, Peak(datetime.fromisoformat(found["peak_at"]), float(found["peak_w"]))))
    except (ValueError, KeyError, TypeError, RecursionError):
        return Kept()


def _threshold(store: Path, now: datetime) -> float | None:
    try:
        plan = kept_plan(store)
    except NoPlan:
        return None
    index, peak = plan.horizon.index_of(now), plan.values.peak
    return None if index is None or peak is None else rounded(peak.threshold_w[index], 0)


def _months(last: date, count: int) -> Sequence[date]:
    """So many months, that of ``last`` first."""
    places = range(12 * last.year + last.month - 1, 12 * last.year + last.month - 1 - count, -1)
    return [date(place // 12, place % 12 + 1, 1) for place in places]


def _next(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def _starts(month: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(month, time(0), zone).astimezone(UTC)
