"""Whether a new fit is better than what is deployed: tables over the figures of cards."""

from dataclasses import replace
from pathlib import Path

import pytest

from agent.adapters.models.model_card import ModelCard, SiteScore, read_card
from exported_models import __file__ as exported
from training.nightly.verdict import verdict

Losses = dict[str, float]
"""By site, of a model whose persistence has a loss of .1 everywhere."""

SHIPPED = read_card(Path(exported).parent / "consumption")


def score(site: str, forecaster: str, pinball: float, cover: float = 0.9, seen: bool = False) -> SiteScore:
    return SiteScore(site, forecaster, 3600, seen, 500, 0.1, 0.1, 0.9, cover, pinball)


def card(
    losses: Losses, version: str = "1.1.0", cover: float = 0.9, persistence: float = 0.1, seen: bool = False
) -> ModelCard:
    metrics = [score(site, "persistence", persistence) for site in losses]
    metrics += [score(site, f"consumption {version}", loss, cover, seen) for site, loss in losses.items()]
    return replace(SHIPPED, version=version, metrics=tuple(metrics), sha256=f"{version} {losses}")


DEPLOYED = card({"mill": 0.05, "shop": 0.06})


@pytest.mark.parametrize(
    ("fitted", "better", "said"),
    [
        (card({"mill": 0.045, "shop": 0.06}, "1.1.1"), True, "over 2 cases not seen in the fit its loss is 5.1% lower"),
        (card({"mill": 0.05, "shop": 0.0595}, "1.1.1"), False, "is 0.4% lower, and 1% is needed"),
        (card({"mill": 0.05, "shop": 0.063}, "1.1.1"), False, "the loss of the new fit is 2.5% higher"),
        (card({"mill": 0.02, "shop": 0.067}, "1.1.1"), False, "is 11.7% higher on shop (3600 s)"),
        (card({"mill": 0.03, "shop": 0.03}, "1.1.1", cover=0.87), False, "hold 3.0% of what came less"),
        (card({"mill": 0.03, "barn": 0.03, "yard": 0.03}, "1.1.1"), True, "over 1 cases not seen in the fit"),
        (card({"barn": 0.03}, "1.1.1"), False, "is scored on 0 of the 2 cases"),
        (card({"mill": 0.03}, "1.1.1", seen=True), False, "no figure of a site that it has not seen"),
        (card({}, "1.1.1"), False, "no figure of a site that it has not seen"),
        (DEPLOYED, False, "the same, byte for byte"),
    ],
)
def test_the_figures_of_both_cards_decide(fitted: ModelCard, better: bool, said: str) -> None:
    found = verdict(fitted, DEPLOYED)
    assert found.better is better
    assert said in found.reason


def test_a_harder_period_does_not_count_against_the_new_fit() -> None:
    """Twice the loss where persistence has more than twice."""
    assert verdict(card({"mill": 0.10, "shop": 0.12}, "1.1.1", persistence=0.25), DEPLOYED).better
    assert not verdict(card({"mill": 0.049, "shop": 0.058}, "1.1.1", persistence=0.08), DEPLOYED).better


def test_where_nothing_is_deployed_it_is_laid_beside_persistence() -> None:
    assert (
        verdict(card({"mill": 0.08}), None).reason == "nothing was deployed, and its loss is 20.0% below persistence's"
    )
    worse = verdict(card({"mill": 0.12}), None)
    assert not worse.better
    assert worse.reason == "nothing is deployed, and the new fit's loss is 20.0% above persistence's"


def test_what_the_forecasters_were_not_told_is_compared_apart() -> None:
    """The name of a card's forecaster ends with it."""
    both = card({"mill": 0.05})
    bare = [replace(one, forecaster=f"{one.forecaster}, no weather") for one in card({"mill": 0.2}).metrics]
    told_and_not = replace(both, metrics=(*both.metrics, *bare))
    better = replace(told_and_not, metrics=(*card({"mill": 0.03}).metrics, *bare), sha256="other")
    found = verdict(better, told_and_not)
    assert found.better
    assert found.reason.startswith("over 2 cases")
