"""Scores a model beside persistence, on the raster of hours and, where the site was measured so, of quarters."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from agent.adapters.models.model_card import SiteScore
from agent.adapters.models.onnx_models import OnnxForecaster, open_model
from agent.forecasting.forecaster import Forecaster
from agent.forecasting.persistence import LoadPersistence, SolarPersistence
from training.scoring.measures import score
from training.sites.measured_site import MeasuredSite

_HOUR_S = 3600


def compare(folder: Path, quantity: str, sites: Sequence[MeasuredSite], without: str = "") -> list[SiteScore]:
    """Persistence and the model of ``folder`` on every site and raster that can be scored. Raises ModelUnusable.

    ``without`` is added to the names of the forecasters: what they were not told.
    """
    scores = []
    for site in sites:
        model = open_model(folder, quantity, site.place, site.rated_w)
        for step_s in sorted({site.history.horizon.step_s, _HOUR_S}, reverse=True):
            for forecaster in (persistence(quantity, site), model):
                made = score(forecaster, site, step_s)
                if made is not None:
                    named = replace(made, forecaster=made.forecaster + without)
                    scores.append(SiteScore(**asdict(named), seen_in_training=_seen(forecaster, site)))
    return scores


def persistence(quantity: str, site: MeasuredSite) -> Forecaster:
    """Seasonal persistence for one quantity of a site."""
    if quantity == "load_w":
        return LoadPersistence(site.place)
    return SolarPersistence(site.place, site.rated_w)


def _seen(forecaster: Forecaster, site: MeasuredSite) -> bool:
    """Whether the forecaster learnt from this very site, so that its score flatters."""
    if not isinstance(forecaster, OnnxForecaster):
        return False
    return any(source.startswith(f"{site.name}:") for source in forecaster.card.trained_on)
