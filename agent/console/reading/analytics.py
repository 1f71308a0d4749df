"""What a range was in energy, money and carbon: series, totals, a breakdown, a comparison."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from agent.adapters.store.newest_rollups import spans
from agent.console.reading import breakdowns
from agent.console.reading.buckets import Bucket, between
from agent.console.reading.measured import Measured, before, hours, measured, priced
from agent.console.reading.ranges import Range, weeks_before
from agent.console.reading.series import COLUMNS, Column, as_columns, columns, coverage, times, totals
from agent.console.reading.shapes import Document, change, head, known_sum, local, rounded, share_pct
from agent.domain.sentence import listed
from agent.domain.sentences import readings as say
from agent.recording.rollups import Rollup
from agent.settings.schema import Settings

WEEKS = (1, 2, 3, 4)
BY_PRICE = ("direction", "tariff")
LEAST_COVERAGE = 0.5


@dataclass(frozen=True, slots=True)
class Question:
    """``granularity``, ``breakdown`` and ``compare_with`` None: as suits the range, no breakdown, no comparison."""

    asked: Range
    now: datetime
    granularity: str | None = None
    breakdown: str | None = None
    compare_with: str | None = None
    shift: str = "period"


@dataclass(slots=True)
class Answer:
    """What an analysis adds to its series. ``hours`` are those of the breakdown, or finer, read once."""

    breakdown: list[Document] = field(default_factory=list)
    compare: Document | None = None
    notes: list[str] = field(default_factory=list)
    hours: Sequence[Rollup] | None = None


CONSUMPTION = columns("load_wh", "pv_wh", "import_wh", "export_wh", "charge_wh", "discharge_wh")
CONSUMPTION_SERIES = (*CONSUMPTION, *columns("load_w", "soc_pct", "soc_min_pct", "soc_max_pct", "covered_s"))
COST = columns("cost", "import_wh", "export_wh")
COST_SERIES = (*COST, *columns("import_price", "export_price"))
CARBON = columns("co2_kg", "import_wh")
COMPARABLE = 0.9  # of what was measured of ours: sums of much less are no change, but a gap


Baseline = Callable[[Measured, Answer], Document]


@dataclass(frozen=True, slots=True)
class Subject:
    """What is summed up, what is shown beside it in the series, and which column a breakdown shares out."""

    summed: tuple[Column, ...]
    series: tuple[Column, ...]
    shared: str


CONSUMED = Subject(CONSUMPTION, CONSUMPTION_SERIES, "load_wh")
COSTS = Subject(COST, COST_SERIES, "import_wh")
EMITTED = Subject(CARBON, CARBON, "co2_kg")


def consumption(settings: Settings, store: Path, question: Question) -> Document:
    """Energies of the home, the sun, the grid and the battery. Raises StoreFailure."""

    def weeks_before_it(found: Measured, answer: Answer) -> Document:
        return _weekly_mean(store, found, question.now)

    document = _analysed(settings, store, question, CONSUMED, weeks_before_it)
    document["totals"] |= _energy_figures(document["totals"], settings)
    return document


def cost(settings: Settings, store: Path, question: Question, baseline: Callable[[Measured], Document]) -> Document:
    """Money at the meter, without the demand charge; ``baseline`` tells it beside the ledger. Raises StoreFailure."""
    return _analysed(settings, store, question, COSTS, lambda found, answer: baseline(found))


def carbon(settings: Settings, store: Path, question: Question) -> Document:
    """Carbon of what was imported. Raises StoreFailure."""

    def without_battery(found: Measured, answer: Answer) -> Document:
        rows = hours(store, found)[0] if answer.hours is None else answer.hours
        answer.notes.append(say.without_battery_approximate())
        return _without_battery(rows, found, settings)

    return _analysed(settings, store, question, EMITTED, without_battery)


def envelope(settings: Settings, found: Measured, now: datetime) -> Document:
    """The head of a series."""
    zone = found.asked.zone
    return {
        **head(settings),
        "start": local(found.asked.start, zone),
        "end": local(found.asked.end, zone),
        "granularity": found.granularity,
        "coverage": coverage(found.buckets, found.asked.until(now)),
    }


def compared(asked: Range, terms: tuple[str, str | None], series: Document, sums: Document, ours: Document) -> Document:
    """``terms`` are with what and how it was moved; ``ours`` are the totals it is compared with."""
    return {
        "with": terms[0],
        "shift": terms[1],
        "start": local(asked.start, asked.zone),
        "end": local(asked.end, asked.zone),
        "series": series,
        "totals": sums,
        "change": change(ours, sums),
    }


def _analysed(settings: Settings, store: Path, question: Question, of: Subject, baseline: Baseline) -> Document:
    found = measured(store, question.asked, question.granularity)
    answer = Answer(notes=list(found.notes))
    _break_down(store, found, question, answer, of)
    if question.compare_with == "previous":
        answer.compare = _previous(store, found, question, of.summed, answer)
    elif question.compare_with == "baseline":
        answer.compare = baseline(found, answer)
    return {
        **envelope(settings, found, question.now),
        "series": as_columns(found.buckets, of.series, found.asked.zone),
        "totals": totals(found.buckets, of.summed),
        "breakdown": answer.breakdown,
        "compare": answer.compare,
        **listed("notes", answer.notes),
    }


def _previous(store: Path, found: Measured, question: Question, wanted: Sequence[Column], answer: Answer) -> Document:
    earlier = before(store, question.asked, question.shift, found.granularity, question.now)
    series, sums = as_columns(earlier.buckets, wanted, found.asked.zone), totals(earlier.buckets, wanted)
    theirs, ours = (
        coverage(earlier.buckets, earlier.asked.end),
        coverage(found.buckets, found.asked.until(question.now)),
    )
    if theirs is not None and theirs < COMPARABLE * (ours or 0.0):
        answer.notes.append(say.measured_too_little_to_compare(measured_pct=100.0 * theirs))
        return compared(earlier.asked, ("previous", question.shift), series, sums, {})
    return compared(earlier.asked, ("previous", question.shift), series, sums, totals(found.buckets, wanted))


def _break_down(store: Path, found: Measured, question: Question, answer: Answer, of: Subject) -> None:
    """Fill in the breakdown, unless it is one that only the caller can make."""
    kind, zone = question.breakdown, found.asked.zone
    if kind is None or kind == "demand":
        return
    rows, notes = (priced if kind in BY_PRICE else hours)(store, found)
    answer.hours, answer.notes = rows, [*answer.notes, *notes]
    match kind:
        case "source":
            answer.breakdown = breakdowns.covered_by(rows) if of is CONSUMED else breakdowns.carbon_by_use(rows)
            answer.notes.append(say.split_convention())
        case "direction":
            answer.breakdown = breakdowns.by_direction(rows)
        case _:
            parts = {
                "hour": lambda: breakdowns.by_hour(rows, zone),
                "weekday": lambda: breakdowns.by_weekday(rows, zone),
                "tariff": lambda: breakdowns.by_price(rows),
            }[kind]()
            answer.breakdown = breakdowns.parts_document(parts, of.summed, of.shared)


def _energy_figures(sums: Document, settings: Settings) -> Document:
    """What people ask of the sums: how much of the sun was used here, how much of the load was not bought, cycles."""
    load, pv, bought, sold = (sums[name] for name in ("load_wh", "pv_wh", "import_wh", "export_wh"))
    used = None if pv is None or sold is None else max(0.0, pv - sold)
    own = None if load is None or bought is None else max(0.0, load - bought)
    discharged = sums["discharge_wh"]
    return {
        "self_consumption_pct": share_pct(used, pv),
        "self_sufficiency_pct": share_pct(own, load),
        "full_cycles": None if discharged is None else rounded(discharged / settings.battery_spec().usable_wh, 2),
    }


def _weekly_mean(store: Path, found: Measured, now: datetime) -> Document:
    """Each bucket's consumption as it was on the same weekday, on average of the four weeks before."""
    zone = found.asked.zone
    means: list[float | None] = []
    known: dict[str, Sequence[Rollup]] = {}
    for bucket in found.buckets:
        span = _span_of_weeks(bucket, found, now)
        if span not in known:
            begun = bucket.start if span != "day" else found.asked.start
            known[span] = spans(
                store, span, weeks_before(begun, WEEKS[-1], zone), weeks_before(found.asked.end, WEEKS[0], zone), zone
            )
        means.append(_mean_of_weeks(bucket, known[span], found.asked, now))
    ours = [COLUMNS["load_wh"].of(bucket.rows) for bucket in found.buckets]
    both = [(own, mean) for own, mean in zip(ours, means, strict=True) if own is not None and mean is not None]
    sums = {"load_wh": rounded(known_sum([mean for _, mean in both]), 1)}
    series: dict[str, Any] = {
        "at": times(found.buckets, zone),
        "load_wh": [rounded(mean, 1) for mean in means],
    }
    own_sums = {"load_wh": known_sum([own for own, _ in both])}
    return compared(found.asked, ("baseline", None), series, sums, own_sums)


def _span_of_weeks(bucket: Bucket, found: Measured, now: datetime) -> str:
    """What the weeks before ``bucket`` are read in: whole days, but for the day that is not over."""
    if found.granularity in ("minute", "quarter"):
        return "quarter"
    is_days = found.granularity in ("day", "month") and found.asked.is_days
    return "day" if is_days and not bucket.start < now < bucket.end else "hour"


def _mean_of_weeks(bucket: Bucket, rows: Sequence[Rollup], asked: Range, now: datetime) -> float | None:
    """None where none of the weeks was measured for half of the time."""
    end, known = min(bucket.end, max(bucket.start, now)), []
    for week in WEEKS:
        first, last = (weeks_before(at, week, asked.zone) for at in (bucket.start, end))
        part = between(rows, first, last)
        length_s = (last - first).total_seconds()
        covered_s = sum(row.covered_s for row in part)
        wh = COLUMNS["load_wh"].of(part)
        if wh is not None and length_s > 0 and covered_s >= LEAST_COVERAGE * length_s:
            known.append(wh * length_s / covered_s)
    return sum(known) / len(known) if known else None


def _without_battery(rows: Sequence[Rollup], found: Measured, settings: Settings) -> Document:
    """The carbon of what the home would have imported without a battery; ``rows`` are hours, or finer."""
    flat = settings.carbon.kg_per_kwh
    kg = [
        known_sum([_carbon_without(row, flat) for row in between(rows, bucket.start, bucket.end)])
        for bucket in found.buckets
    ]
    ours = [COLUMNS["co2_kg"].of(bucket.rows) for bucket in found.buckets]
    both = [(own, other) for own, other in zip(ours, kg, strict=True) if own is not None and other is not None]
    series = {"at": times(found.buckets, found.asked.zone), "co2_kg": [rounded(one, 6) for one in kg]}
    sums = {"co2_kg": rounded(known_sum([other for _, other in both]), 6)}
    own_sums = {"co2_kg": known_sum([own for own, _ in both])}
    return compared(found.asked, ("baseline", None), series, sums, own_sums)


def _carbon_without(row: Rollup, flat_kg_per_kwh: float) -> float | None:
    if row.load_w is None:
        return None
    imported_kwh = row.import_wh / 1000.0
    known = row.co2_kg / imported_kwh if row.co2_kg is not None and imported_kwh > 0.01 else flat_kg_per_kwh
    return max(0.0, row.load_w - (row.pv_w or 0.0)) * row.covered_s / 3_600_000.0 * known
