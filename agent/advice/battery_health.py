"""How much energy a battery really holds, from its own history of SoC and energy. Pure, without numpy.

From meters alone three figures can be told: the AC energy that fills 100 points of SoC, the AC energy that 100 points
deliver, and their ratio, the round-trip efficiency. Each uninterrupted charge or discharge gives one estimate; the
median of these and its standard error (1.2533 x 1.4826 x MAD / sqrt n, as for a normal distribution) is the answer.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import erf, hypot, sqrt

from agent.domain.battery import Battery
from agent.recording.rollups import Rollup

LEAST_POINTS = 15.0  # of SoC that a run must span: an SoC in whole points is then good to some percent
LEAST_RUNS = 6
SLACK_WH_SHARE = 0.02  # of the larger energy: what a run may hold of the other direction
MEDIAN_ERROR = 1.2533 * 1.4826
LEAST_ERROR_SHARE = 0.01  # no meter is better than this


@dataclass(frozen=True, slots=True)
class Sample:
    """SoC at ``at`` (UTC), and the AC energy, Wh, charged and discharged since the sample before."""

    at: datetime
    soc_pct: float
    charge_wh: float
    discharge_wh: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its standard error, from ``runs`` uninterrupted charges or discharges."""

    value: float
    error: float
    runs: int

    def chance_below(self, limit: float) -> float:
        """Probability that the true figure is below ``limit``."""
        return 0.5 * (1.0 + erf((limit - self.value) / (self.error * sqrt(2.0))))


@dataclass(frozen=True, slots=True)
class Health:
    """``delivered_wh`` is what 100 points of SoC deliver, AC; ``round_trip`` a fraction. None: not measured enough."""

    delivered_wh: Estimate | None
    round_trip: Estimate | None


def samples_of(spans: Sequence[Rollup], span_s: int) -> tuple[tuple[Sample, ...], ...]:
    """Unbroken series of samples from roll-ups of ``span_s`` seconds.

    The mean SoC of a span stands for its middle, so each sample takes half the energy of its span and half of the one
    before. A span that is missing, badly measured or without SoC ends a series.
    """
    series: list[list[Sample]] = []
    before: Rollup | None = None
    for span in spans:
        if span.soc_pct is None or span.covered_s < 0.95 * span_s:
            before = None
            continue
        joined = before is not None and span.at - before.at == timedelta(seconds=span_s)
        charge = 0.5 * (span.charge_wh + before.charge_wh) if joined and before is not None else 0.0
        discharge = 0.5 * (span.discharge_wh + before.discharge_wh) if joined and before is not None else 0.0
        sample = Sample(span.at + timedelta(seconds=span_s / 2), span.soc_pct, charge, discharge)
        if joined:
            series[-1].append(sample)
        else:
            series.append([sample])
        before = span
    return tuple(tuple(one) for one in series)


def health(series: Iterable[Sequence[Sample]]) -> Health:
    """The figures of a battery from unbroken series of samples, oldest first."""
    fills: list[float] = []
    delivers: list[float] = []
    for samples in series:
        for points, charge_wh, discharge_wh in _runs(samples):
            if points >= LEAST_POINTS and discharge_wh <= SLACK_WH_SHARE * charge_wh:
                fills.append(100.0 * (charge_wh - discharge_wh) / points)
            elif points <= -LEAST_POINTS and charge_wh <= SLACK_WH_SHARE * discharge_wh:
                delivers.append(-100.0 * (discharge_wh - charge_wh) / points)
    fill, delivered = _median(fills), _median(delivers)
    if fill is None or delivered is None:
        return Health(delivered, None)
    ratio = delivered.value / fill.value
    error = ratio * hypot(delivered.error / delivered.value, fill.error / fill.value)
    return Health(delivered, Estimate(ratio, error, min(fill.runs, delivered.runs)))


def rated_delivery_wh(battery: Battery) -> float:
    """What 100 points of SoC should deliver."""
    return battery.usable_wh * battery.discharge_efficiency


def _runs(samples: Sequence[Sample]) -> Iterable[tuple[float, float, float]]:
    """(points of SoC, Wh charged, Wh discharged) of every stretch in one direction."""
    direction, points, charge_wh, discharge_wh = 0, 0.0, 0.0, 0.0
    for i in range(1, len(samples)):
        way = _way(samples[i])
        if way != direction:
            yield points, charge_wh, discharge_wh
            direction, points, charge_wh, discharge_wh = way, 0.0, 0.0, 0.0
        points += samples[i].soc_pct - samples[i - 1].soc_pct
        charge_wh += samples[i].charge_wh
        discharge_wh += samples[i].discharge_wh
    yield points, charge_wh, discharge_wh


def _way(sample: Sample) -> int:
    """1 charging, -1 discharging, 0 idle or both."""
    charge, discharge = sample.charge_wh, sample.discharge_wh
    if min(charge, discharge) > SLACK_WH_SHARE * max(charge, discharge):
        return 0
    return (charge > discharge) - (charge < discharge)


def _median(values: Sequence[float]) -> Estimate | None:
    if len(values) < LEAST_RUNS:
        return None
    middle = _middle(values)
    spread = _middle([abs(value - middle) for value in values])
    error = max(MEDIAN_ERROR * spread / sqrt(len(values)), LEAST_ERROR_SHARE * abs(middle))
    return Estimate(middle, error, len(values))


def _middle(values: Sequence[float]) -> float:
    ordered = sorted(values)
    return (ordered[len(ordered) // 2] + ordered[(len(ordered) - 1) // 2]) / 2.0
