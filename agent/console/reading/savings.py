"""What the battery saved, from the settled hours of the ledger: between no battery and hindsight."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from agent.adapters.store.console_reader import predicted
from agent.adapters.store.newest_rollups import spans
from agent.adapters.store.row_reader import ledger
from agent.adapters.store.store_reader import read_kept
from agent.console.reading.advisories import read_book
from agent.console.reading.analytics import Question, compared, envelope
from agent.console.reading.buckets import Bucket, between, filled
from agent.console.reading.measured import Measured, measured
from agent.console.reading.observed import observed
from agent.console.reading.ranges import Range, earlier
from agent.console.reading.series import COLUMNS, times
from agent.console.reading.shapes import Document, known_sum, local, money, rounded, share_pct
from agent.domain.documents import LEDGER, PAIRED_TRIAL
from agent.domain.ledger import Amounts, Entry, PredictedDay
from agent.domain.sentence import listed, named, sentence_of
from agent.domain.sentences import readings as say
from agent.domain.wire import WireError
from agent.savings.ledger_sums import total
from agent.savings.paired_blocks import block_results
from agent.savings.paired_trial import NoEstimate, estimate
from agent.settings.schema import Settings

BILLS = ("no_battery", "rule", "paid", "hindsight")
MONEY = (*BILLS, "saved", "saved_by_rule", "achievable", "forecast", "plan", "execution")
LOSSES = ("forecast", "plan", "execution")
LEAST_ACHIEVABLE = 10_000  # millionths: a share of less says nothing
FINEST = ("hour", "day", "month")


def savings(settings: Settings, store: Path, question: Question) -> Document:
    """The four bills and what lies between them. Raises StoreFailure."""
    wanted = question.granularity if question.granularity in (None, *FINEST) else "hour"
    found = measured(store, question.asked, wanted)
    asked = found.asked
    entries = ledger(store, asked.start, asked.end)
    groups = _grouped(found.buckets, entries)
    whole = _together(groups)
    promised = _promised(found, predicted(store, asked.start, asked.end))
    until = _settled_until(store)
    return {
        **envelope(settings, found, question.now),
        "settled_until": local(until, asked.zone),
        "series": {
            "at": times(found.buckets, asked.zone),
            **{name: [_money(group, name) for group in groups] for name in MONEY},
            "predicted": promised,
            "hours": [0 if group is None else group.hours for group in groups],
        },
        "totals": _totals(whole if entries else None, promised),
        "waterfall": [{"key": name, "cost": _money(whole if entries else None, name)} for name in BILLS],
        "breakdown": _breakdown(store, question, whole if entries else None),
        "compare": _compare(store, question, found, groups, until),
        "trial": _trial(settings, store, asked.zone),
        "observed": observed(store, asked.zone),
        **listed("notes", [*found.notes, *_notes(entries, until, asked, question.now)]),
    }


def cost_baseline(store: Path, found: Measured) -> Document:
    """What ``found`` would have cost without a battery and by the rule, from the ledger. Raises StoreFailure."""
    entries = ledger(store, found.asked.start, found.asked.end)
    groups, names = _grouped(found.buckets, entries), ("no_battery", "rule", "paid")
    whole = _together(groups) if entries else None
    series = {
        "at": times(found.buckets, found.asked.zone),
        **{name: [_money(group, name) for group in groups] for name in names},
    }
    sums = {name: _money(whole, name) for name in names}
    ours = dict.fromkeys(names[:2], sums["paid"])
    return compared(found.asked, ("baseline", None), series, sums, ours)


def _grouped(buckets: Sequence[Bucket], entries: Sequence[Entry]) -> list[Amounts | None]:
    """The sum of each bucket; None where nothing is settled in it."""
    groups: list[Amounts | None] = []
    for bucket in buckets:
        inside = between(entries, bucket.start, bucket.end)
        groups.append(total([entry.amounts for entry in inside]) if inside else None)
    return groups


def _money(amounts: Amounts | None, name: str) -> float | None:
    return None if amounts is None else rounded(money(getattr(amounts, name)), 6)


def _totals(whole: Amounts | None, promised: list[float | None]) -> Document:
    sums: Document = {name: _money(whole, name) for name in MONEY}
    is_large = whole is not None and whole.achievable >= LEAST_ACHIEVABLE
    return sums | {
        "predicted": rounded(known_sum(promised), 6),
        "hours": 0 if whole is None else whole.hours,
        "unsolved": 0 if whole is None else whole.unsolved,
        "capture_pct": share_pct(whole.saved, whole.achievable) if whole is not None and is_large else None,
    }


def _promised(found: Measured, days: Sequence[PredictedDay]) -> list[float | None]:
    """What plans had promised to save in each bucket; None in hours, and where no plan held the whole day."""
    if found.granularity == "hour":
        return [None] * len(found.buckets)
    return [
        rounded(known_sum([money(day.saved) for day in days if bucket.start <= day.at < bucket.end]), 6)
        for bucket in found.buckets
    ]


def _breakdown(store: Path, question: Question, whole: Amounts | None) -> list[Document]:
    match question.breakdown:
        case "loss" if whole is not None:
            lost = whole.achievable - whole.saved
            return [
                {"key": name, "cost": _money(whole, name), "share_pct": share_pct(getattr(whole, name), lost)}
                for name in LOSSES
            ]
        case "advice":
            return _advice(store, question.asked)
        case _:
            return []


def _advice(store: Path, asked: Range) -> list[Document]:
    """What recommendations promised and what came of them, oldest first."""
    try:
        book = read_book(store)
    except WireError:
        return []
    return [
        {
            "key": one.key,
            **named("headline", one.headline),
            "start": local(one.start, asked.zone),
            "predicted": rounded(one.cost_saving, 4),
            "saved": None if one.outcome is None else rounded(one.outcome.saved, 4),
            "came_true": None if one.outcome is None else one.outcome.came_true,
            "state": one.state.value,
        }
        for one in sorted(book.advisories, key=lambda one: one.start)
        if asked.start <= one.start < asked.end
    ]


def _compare(
    store: Path, question: Question, found: Measured, groups: Sequence[Amounts | None], until: datetime | None
) -> Document | None:
    """``until`` is how far ours is settled: as much of the time before is set beside it."""
    ours = {name: _money(_together(groups), name) for name in MONEY}
    if question.compare_with == "baseline":
        by_rule = [_money(group, "saved_by_rule") for group in groups]
        series = {"at": times(found.buckets, found.asked.zone), "saved_by_rule": by_rule}
        return compared(found.asked, ("baseline", None), series, {"saved": rounded(known_sum(by_rule), 6)}, ours)
    if question.compare_with == "previous":
        asked = earlier(question.asked, question.shift, min(question.now, until or question.now))
        entries = ledger(store, asked.start, asked.end)
        buckets = filled(asked, found.granularity, ())
        then = _grouped(buckets, entries)
        whole = _together(then) if entries else None
        series = {
            "at": times(buckets, asked.zone),
            **{name: [_money(group, name) for group in then] for name in MONEY},
        }
        sums = {name: _money(whole, name) for name in MONEY}
        return compared(asked, ("previous", question.shift), series, sums, ours)
    return None


def _together(groups: Sequence[Amounts | None]) -> Amounts:
    """The sum of those that are settled."""
    return total([group for group in groups if group is not None])


def _settled_until(store: Path) -> datetime | None:
    try:
        found = read_kept(store, LEDGER)
    except WireError:
        return None
    return None if found is None else found.until


def _notes(entries: Sequence[Entry], until: datetime | None, asked: Range, now: datetime) -> list[str]:
    notes: list[str] = []
    passed = asked.until(now)
    if until is None:
        return [say.nothing_settled()]
    if until < passed:
        notes.append(say.not_settled_since(since_at=until.astimezone(asked.zone)))
    hours = round((min(until, passed) - asked.start) / timedelta(hours=1))
    if entries and hours > len(entries):
        notes.append(say.hours_not_counted(missing=hours - len(entries), hours=hours))
    unsolved = sum(entry.amounts.unsolved for entry in entries)
    if unsolved:
        notes.append(say.hindsight_missing(hours=unsolved))
    return notes


def _trial(settings: Settings, store: Path, zone: ZoneInfo) -> Document | None:
    """The comparison of optimiser and rule on this site; None where none was begun."""
    try:
        trial = read_kept(store, PAIRED_TRIAL)
    except WireError:
        return None
    if trial is None or not trial.arms:
        return None
    end = trial.end + timedelta(hours=1)
    entries = ledger(store, trial.start.astimezone(UTC), end)
    days = spans(store, "day", trial.start - timedelta(days=1), end, zone)
    price = COLUMNS["import_price"].of(days)
    worth = settings.battery_spec().discharge_efficiency * (price or 0.0)
    said: Document = {
        "start": local(trial.start, zone),
        "end": local(trial.end, zone),
        "block_h": trial.block_h,
        "blocks": len(trial.arms),
        "mean_a_day": None,
        "low_a_day": None,
        "high_a_day": None,
        "is_certain": False,
    }
    try:
        effect = estimate(trial, block_results(trial, entries, worth))
    except NoEstimate as error:
        return said | named("text", sentence_of(error))
    currency = settings.site.currency
    told = (
        f"the optimiser saves {effect.mean:+.2f} {currency} a day against the rule, 95 % interval "
        f"{effect.low:+.2f} to {effect.high:+.2f}, from {effect.blocks} blocks of {trial.block_h} h"
    )
    return said | {
        "mean_a_day": rounded(effect.mean, 4),
        "low_a_day": rounded(effect.low, 4),
        "high_a_day": rounded(effect.high, 4),
        "is_certain": effect.low > 0 or effect.high < 0,
        **named("text", told),
    }
