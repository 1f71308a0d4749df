"""Whether a new fit is better than what is deployed, by the figures of both cards. Pure.

A card has the figures of sites and periods that its scored fit had not seen, and those of persistence on the same ones.
A loss is taken as a share of persistence's in the same card, so that a harder month does not count against a model.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from agent.adapters.models.model_card import ModelCard, SiteScore

LEAST_GAIN = 0.01  # of the loss; less is within what another seed does
WORST_LOSS = 0.10  # more on any one site
COVER_LOST = 0.02  # of what came, out of the 90 % interval
_PERSISTENCE = "persistence"

Case = tuple[str, int, str]
"""A site, the step in s, and what the forecasters were not told."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """``reason`` is a clause: why it is deployed, or why not. ``gain`` is a share of the loss; None: not compared."""

    better: bool
    reason: str
    gain: float | None = None


@dataclass(frozen=True, slots=True)
class _Figure:
    """Of one case: the loss as a share of persistence's, and the share of values in the 90 % interval."""

    loss: float
    cover: float


def verdict(fitted: ModelCard, deployed: ModelCard | None) -> Verdict:
    """Better is at least LEAST_GAIN on average, WORST_LOSS worse nowhere, and with intervals that hold as much."""
    new = _figures(fitted)
    if not new:
        return Verdict(False, "the card of the new fit has no figure of a site that it has not seen")
    if deployed is None:
        return _beside_persistence(new)
    if fitted.sha256 == deployed.sha256:
        return Verdict(False, "the new fit is the same, byte for byte")
    old = _figures(deployed)
    common = sorted(new.keys() & old.keys())
    if len(common) * 2 < len(old) or not common:
        return Verdict(False, f"the new fit is scored on {len(common)} of the {len(old)} cases of what is deployed")
    return _beside(new, old, common)


def _beside(new: Mapping[Case, _Figure], old: Mapping[Case, _Figure], common: list[Case]) -> Verdict:
    ratios = {case: new[case].loss / old[case].loss for case in common}
    gain = 1.0 - _mean(ratios.values())
    worst = max(common, key=lambda case: ratios[case])
    lost = sum(old[case].cover - new[case].cover for case in common) / len(common)
    over = f"over {len(common)} cases not seen in the fit"
    if ratios[worst] > 1.0 + WORST_LOSS:
        return Verdict(False, f"the loss of the new fit is {ratios[worst] - 1.0:.1%} higher on {_said(worst)}", gain)
    if lost > COVER_LOST:
        return Verdict(False, f"{over} the 90 % intervals of the new fit hold {lost:.1%} of what came less", gain)
    if gain < LEAST_GAIN:
        side = f"{gain:.1%} lower, and {LEAST_GAIN:.0%} is needed" if gain > 0 else f"{-gain:.1%} higher"
        return Verdict(False, f"{over} the loss of the new fit is {side}", gain)
    return Verdict(True, f"{over} its loss is {gain:.1%} lower", gain)


def _beside_persistence(new: Mapping[Case, _Figure]) -> Verdict:
    gain = 1.0 - _mean([figure.loss for figure in new.values()])
    if gain <= 0.0:
        return Verdict(False, f"nothing is deployed, and the new fit's loss is {-gain:.1%} above persistence's", gain)
    return Verdict(True, f"nothing was deployed, and its loss is {gain:.1%} below persistence's", gain)


def _figures(card: ModelCard) -> dict[Case, _Figure]:
    ours = f"{card.name} {card.version}"
    plain = {_case(score, _PERSISTENCE): score for score in card.metrics if score.forecaster.startswith(_PERSISTENCE)}
    found = {}
    for score in card.metrics:
        if not score.forecaster.startswith(ours) or score.seen_in_training:
            continue
        case = _case(score, ours)
        beside = plain.get(case)
        if beside is not None and _sound(score.pinball) and _sound(beside.pinball):
            found[case] = _Figure(score.pinball / beside.pinball, score.cover_90)
    return found


def _case(score: SiteScore, forecaster: str) -> Case:
    return score.site, score.step_s, score.forecaster.removeprefix(forecaster)


def _sound(loss: float) -> bool:
    return math.isfinite(loss) and loss > 0.0


def _mean(ratios: Iterable[float]) -> float:
    """Geometric: twice as good here and half as good there is neither."""
    logs = [math.log(ratio) for ratio in ratios]
    return math.exp(sum(logs) / len(logs))


def _said(case: Case) -> str:
    site, step_s, untold = case
    return f"{site} ({step_s} s{untold})"
