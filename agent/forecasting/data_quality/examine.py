"""Which measurements to believe: a data fault is taken out of the history, an unusual day is only named.

Two judges. Signatures say what cannot be: they alone make a fault. The detector, an isolation forest (F. T. Liu,
K. M. Ting and Z.-H. Zhou, "Isolation Forest", ICDM 2008), says how strange a step or a day is: it decides where a
signature is in doubt, and names days that are strange but possible. Without a detector the certain signatures stand.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from agent.domain.history import History
from agent.domain.request import Place
from agent.domain.sentence import Sentence
from agent.domain.sentences import measurements as say
from agent.domain.sentences.plans import measurements_left_out, older_left_out
from agent.domain.suspect import DATA_FAULT, Suspect
from agent.forecasting.data_quality import load, solar
from agent.forecasting.data_quality.features import Detector, step_rows
from agent.forecasting.data_quality.load import Signs
from agent.forecasting.data_quality.trace import BoolArray, Calendar, Trace, calendar_of, runs, trace_of
from agent.forecasting.data_quality.unusual import unusual_days
from agent.forecasting.forecaster import DAY_S, FloatArray
from agent.forecasting.series import ABSURD_W

MOST_NOTES = 4


@dataclass(frozen=True, slots=True)
class Sound:
    """``history`` without its data faults, which are None, and all ``suspects`` by their start."""

    history: History
    suspects: tuple[Suspect, ...] = ()


@dataclass(frozen=True, slots=True)
class _Finding:
    """The steps of one quantity that match a signature, and the sentence that says so."""

    mask: BoolArray
    says: "_Says"


_Says = Callable[[float, float, float], Sentence]  # of the power, W, the hours, and how many times the usual peak it is
_LOAD: tuple[tuple[Callable[[Trace], Signs], _Says], ...] = (
    (load.below_zero, lambda watts, hours, _: say.load_below_zero(power_w=watts, lasted_h=hours)),
    (load.dead, lambda _, hours, __: say.load_dead(lasted_h=hours)),
    (load.frozen, lambda watts, hours, _: say.load_frozen(power_w=watts, lasted_h=hours)),
    (load.beyond, lambda watts, _, times: say.load_beyond(power_w=watts, usual_times=times)),
)
_SOLAR: tuple[tuple[Callable[[solar.SolarTrace], Signs], _Says], ...] = (
    (solar.above_rating, lambda watts, _, __: say.solar_above_rating(power_w=watts)),
    (solar.solar_below_zero, lambda watts, _, __: say.solar_below_zero(power_w=watts)),
    (solar.at_night, lambda watts, _, __: say.solar_at_night(power_w=watts)),
    (solar.solar_frozen, lambda watts, hours, _: say.solar_frozen(power_w=watts, lasted_h=hours)),
    (solar.solar_dead, lambda _, hours, __: say.solar_dead(lasted_h=hours)),
)


def examine(history: History, place: Place, rated_w: float, detector: Detector | None, now: datetime) -> Sound:
    """Look for data faults and strange days in what is known at ``now``.

    ``rated_w`` is the solar rating, 0 where there is none. What is usual comes from the history itself, so a site of
    less than two days is only checked for what is impossible anywhere. A history whose step does not divide a day
    comes back as it is. Raises ModelUnusable when the detector does not answer.
    """
    if DAY_S % history.horizon.step_s:
        return Sound(history)
    calendar = calendar_of(history, place)
    first_ahead = _first_ahead(history, now)
    load_w, load_suspects = _load(history, calendar, first_ahead, detector)
    pv_w, pv_suspects = _solar(history, calendar, first_ahead, place, rated_w)
    suspects = sorted([*load_suspects, *pv_suspects], key=lambda suspect: suspect.start)
    return Sound(replace(history, load_w=load_w, pv_w=pv_w), tuple(suspects))


def _load(
    history: History, calendar: Calendar, ahead: int, detector: Detector | None
) -> tuple[tuple[float | None, ...], list[Suspect]]:
    values = np.array(history.load_w, dtype=np.float64)  # None becomes NaN
    findings = _impossible(values, ahead, say.load_in_future(), say.load_absurd())
    trace = trace_of(_without(values, findings), calendar)
    if not trace.known.any():
        return _taken_out(history.load_w, values, findings), _suspects(history, "load_w", trace, values, findings)
    for find, says in _LOAD:
        signs = find(trace)
        mask = signs.certain | _confirmed(trace, signs.likely & ~signs.certain, detector)
        findings.append(_Finding(mask, says))
    faults = _suspects(history, "load_w", trace, values, findings)
    left = replace(trace, values=_without(values, findings))
    strange = [] if detector is None else unusual_days(left, history.horizon, detector)
    return _taken_out(history.load_w, values, findings), faults + strange


def _solar(
    history: History, calendar: Calendar, ahead: int, place: Place, rated_w: float
) -> tuple[tuple[float | None, ...], list[Suspect]]:
    values = np.array(history.pv_w, dtype=np.float64)
    findings = _impossible(values, ahead, say.solar_in_future(), say.solar_absurd())
    trace = trace_of(_without(values, findings), calendar)
    if trace.known.any():
        curtailed = np.array(history.curtailed, dtype=np.bool_)
        start_s = round(history.horizon.start.timestamp())
        sun = solar.solar_trace(trace, curtailed, start_s, place, rated_w)
        findings += [_Finding(find(sun).certain, says) for find, says in _SOLAR]
    return _taken_out(history.pv_w, values, findings), _suspects(history, "pv_w", trace, values, findings)


def notes(suspects: Sequence[Suspect]) -> tuple[str, ...]:
    """Sentences for the plan: the newest data faults and how many more there are. What is unusual stays in."""
    faults = [suspect for suspect in suspects if suspect.kind == DATA_FAULT]
    told = [measurements_left_out(from_at=one.start, to_at=one.end, cause=one.reason) for one in faults]
    more = len(told) - MOST_NOTES
    rest = (older_left_out(stretches=more),) if more > 0 else ()
    return (*told[-MOST_NOTES:], *rest)


def _first_ahead(history: History, now: datetime) -> int:
    """The first step that begins at or after ``now``, which nobody can have measured."""
    return max(0, -((history.horizon.start - now) // timedelta(seconds=history.horizon.step_s)))


def _impossible(values: FloatArray, ahead: int, is_ahead: Sentence, is_absurd: Sentence) -> list[_Finding]:
    future = np.isfinite(values) & (np.arange(values.size) >= ahead)
    beyond = ~np.isnan(values) & ~(np.abs(np.nan_to_num(values, posinf=np.inf, neginf=-np.inf)) <= ABSURD_W)
    return [_Finding(future, lambda *_: is_ahead), _Finding(beyond, lambda *_: is_absurd)]


def _confirmed(trace: Trace, likely: BoolArray, detector: Detector | None) -> BoolArray:
    """The runs of ``likely`` in which the detector finds a step strange."""
    confirmed = trace.nowhere()
    if detector is None or not likely.any():
        return confirmed
    steps = np.flatnonzero(likely)
    strange = trace.nowhere()
    strange[steps] = detector.scores(step_rows(trace, steps))[:, 0] > detector.strange_above[0]
    for first, stop in runs(likely):
        confirmed[first:stop] = strange[first:stop].any()
    return confirmed


def _without(values: FloatArray, findings: Sequence[_Finding]) -> FloatArray:
    """``values`` with NaN where something was found and where they are no numbers."""
    kept = np.where(np.isfinite(values), values, np.nan)
    for finding in findings:
        kept[finding.mask] = np.nan
    return kept


def _taken_out(
    measured: tuple[float | None, ...], values: FloatArray, findings: Sequence[_Finding]
) -> tuple[float | None, ...]:
    missing = np.isnan(_without(values, findings))
    if int(missing.sum()) == measured.count(None):
        return measured
    kept = list(measured)
    for step in np.flatnonzero(missing):
        kept[step] = None
    return tuple(kept)


def _suspects(
    history: History, quantity: str, trace: Trace, values: FloatArray, findings: Sequence[_Finding]
) -> list[Suspect]:
    """One for each run of steps that a signature matches; the first signature that matches a step explains it."""
    horizon = history.horizon
    free = ~np.isnan(values)
    found = []
    for finding in findings:
        for first, stop in runs(finding.mask & free):
            reason = _said(finding.says, trace, values, first, stop)
            start = horizon.start + timedelta(seconds=horizon.step_s * first)
            end = horizon.start + timedelta(seconds=horizon.step_s * stop)
            found.append(Suspect(quantity, start, end, DATA_FAULT, reason))
        free &= ~finding.mask
    return found


def _said(says: _Says, trace: Trace, values: FloatArray, first: int, stop: int) -> Sentence:
    worst = first + int(np.argmax(np.abs(values[first:stop])))
    times = values[worst] / max(trace.usual.peak[worst], 1.0) if np.isfinite(trace.usual.peak[worst]) else np.nan
    return says(float(values[worst]), float(trace.hours(first, stop)), float(times))
