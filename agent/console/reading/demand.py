"""The highest imports of the months, which a demand charge is paid for."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from agent.adapters.store.console_reader import Peak, highest_import
from agent.adapters.store.store_reader import kept
from agent.console.reading.plan import NoPlan, kept_plan
from agent.console.reading.shapes import Document, head, local, rounded
from agent.domain.demand_charge import DemandCharge
from agent.domain.documents import DEMAND
from agent.domain.sentence import listed
from agent.domain.sentences import readings as say
from agent.settings.schema import Settings

MONTHS = 12
USUAL_S = 900  # where nothing is charged, peaks are still of interest


def demand(settings: Settings, store: Path, now: datetime) -> Document:
    """This month's peak, what the plan holds import to, and the peaks of the months before. Raises StoreFailure."""
    zone, charges = ZoneInfo(settings.site.timezone), settings.demand_charges()
    charge = charges[0] if charges else None
    months = _months(now.astimezone(zone).date(), MONTHS)
    interval_s = USUAL_S if charge is None else charge.interval_s
    history = [_month(store, month, interval_s, charge, zone) for month in months]
    running = history[0] | _kept_peak(store, months[0], charge, zone)
    others = [{**_terms(one), **_month(store, months[0], interval_s, one, zone)} for one in charges[1:]]
    return {
        **head(settings),
        "charge": None if charge is None else _terms(charge),
        "others": others,
        "month": _with_ratchet(charge, running, history[1:]),
        "threshold_w": _threshold(store, now),
        "history": [month for month in history[1:] if month["peak_w"] is not None],
        **listed("notes", [say.peaks_from_quarters()]),
    }  # fmt: skip


def breakdown(settings: Settings, store: Path, start: datetime, end: datetime) -> list[Document]:
    """An entry a month that the range touches, oldest first. Raises StoreFailure."""
    zone, charge = ZoneInfo(settings.site.timezone), settings.demand_charge_spec()
    last = end.astimezone(zone).date()
    months = [month for month in _months(last, 12 * 10) if _starts(_next(month), zone) > start]
    interval_s = USUAL_S if charge is None else charge.interval_s
    found = [_month(store, month, interval_s, charge, zone) for month in reversed(months) if _starts(month, zone) < end]
    return [{"key": month["month"], **month} for month in found]


def _terms(charge: DemandCharge) -> Document:
    return {
        "name": charge.name,
        "per_kw": charge.per_kw,
        "interval_s": charge.interval_s,
        "months": list(charge.months),
        "has_hours": charge.hours is not None,
        "ratchet_pct": rounded(100.0 * charge.ratchet_share, 1),
    }


def _with_ratchet(charge: DemandCharge | None, running: Document, earlier: Sequence[Document]) -> Document:
    """The month with the peak that it is paid for, W: its own, or what a ratchet holds of the eleven months before."""
    if charge is None or not running["is_charged"]:
        return {**running, "paid_w": None}
    held = [charge.ratchet_share * month["peak_w"] for month in earlier if month["peak_w"] is not None]
    paid_w = max(running["peak_w"] or 0.0, *held, 0.0)
    cost = running["cost"] if not charge.ratchet_share else rounded(charge.per_kw * paid_w / 1000.0, 2)
    return {**running, "paid_w": rounded(paid_w, 0), "cost": cost}


def _month(store: Path, month: date, interval_s: int, charge: DemandCharge | None, zone: ZoneInfo) -> Document:
    start, end = _starts(month, zone), _starts(_next(month), zone)
    peak = (
        highest_import(store, start, end, interval_s)
        if charge is None
        else highest_import(store, start, end, interval_s, charge.counts)
    )
    return _document(month, peak, charge, zone)


def _document(month: date, peak: Peak | None, charge: DemandCharge | None, zone: ZoneInfo) -> Document:
    charged = charge is not None and month.month in charge.months
    cost = None if charge is None or peak is None else charge.per_kw * peak.import_w / 1000.0 if charged else 0.0
    return {
        "month": f"{month:%Y-%m}",
        "peak_w": None if peak is None else rounded(peak.import_w, 0),
        "peak_at": None if peak is None else local(peak.at, zone),
        "cost": rounded(cost, 2),
        "is_charged": charged,
    }


def _kept_peak(store: Path, month: date, charge: DemandCharge | None, zone: ZoneInfo) -> Document:
    """What the agent itself has counted this month, which also knows what was too short for a roll-up."""
    try:
        found = DEMAND.read(kept(store, DEMAND.name) or "null")
        if not isinstance(found, dict) or (found["year"], found["month"]) != (month.year, month.month):
            return {"seen_to": None}
        seen_to = datetime.fromisoformat(found["seen_to"])
        if found["peak_at"] is None:
            return {"seen_to": local(seen_to, zone)}
        peak = Peak(datetime.fromisoformat(found["peak_at"]), float(found["peak_w"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        return {"seen_to": None}
    return {**_document(month, peak, charge, zone), "seen_to": local(seen_to, zone)}


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
