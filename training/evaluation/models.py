"""The models that can be scored, by the names they have in the file of results."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from agent.adapters.models.model_card import read_card
from agent.forecasting.forecaster import FloatArray, IntArray
from training.evaluation.ours import persistence_band, raw_band, retrained_band, second_day_band, walked_band
from training.evaluation.results import file_hash
from training.peers.hours import Hours, hours_of
from training.peers.naive import PointForecast, band_of_points, four_week_mean, same_hour_last_week, same_hour_yesterday
from training.quantities import FOLDERS
from training.sites.measured_site import MeasuredSite, WeatherKind

TARGETS = {"load": "load_w", "pv": "pv_w"}
PEERS_VERSION = "1"
"""Raised when a peer's forecasts change, so that old rows are not mixed with new ones."""

Band = Callable[[MeasuredSite, str, Sequence[datetime], Path], FloatArray]
"""Quantiles at BAND, W, (O, 3, HORIZON_H), of a site's quantity from the origins; the path is the exported models'."""


@dataclass(frozen=True, slots=True)
class Model:
    """``libraries`` are those it needs beyond the agent's own, which come with the extra ``extra``.

    ``plain`` names the model that it is on a site without a weather model. ``shipped`` tells that it runs the exported
    models, so that its rows are those of one version of them.
    """

    name: str
    band: Band
    weather: WeatherKind = "none"
    targets: tuple[str, ...] = ("load", "pv")
    libraries: tuple[str, ...] = ()
    extra: str = "peers"
    plain: str | None = None
    shipped: bool = False

    @property
    def missing(self) -> list[str]:
        """The libraries that are not installed."""
        return [library for library in self.libraries if find_spec(library) is None]

    def identity(self, exported: Path) -> str:
        """What made its rows, in a few words. Raises ModelUnusable, OSError."""
        words = [f"{library} {version(library)}" for library in self.libraries]
        if not self.shipped:
            return ", ".join([*words, f"peers {PEERS_VERSION}"])
        for folder in (exported / name for name in FOLDERS.values()):
            card = read_card(folder)
            words.append(f"{card.name} {card.version} {file_hash(folder / 'model.onnx')}")
        return ", ".join(words)


def _of_peer(band: Callable[[Hours, IntArray], FloatArray]) -> Band:
    def made(site: MeasuredSite, quantity: str, origins: Sequence[datetime], exported: Path) -> FloatArray:
        hours = hours_of(site, quantity)
        return band(hours, np.array([hours.index_of(origin) for origin in origins], dtype=np.int64))

    return made


def _of_points(points: PointForecast) -> Band:
    return _of_peer(lambda hours, origins: band_of_points(hours, origins, points))


def _lightgbm(hours: Hours, origins: IntArray) -> FloatArray:
    from training.peers.lightgbm_peer import lightgbm_band  # an extra

    return lightgbm_band(hours, origins)


def _xgboost(hours: Hours, origins: IntArray) -> FloatArray:
    from training.peers.xgboost_peer import xgboost_band  # an extra

    return xgboost_band(hours, origins)


def _prophet(hours: Hours, origins: IntArray) -> FloatArray:
    from training.peers.prophet_peer import prophet_band  # an extra

    return prophet_band(hours, origins)


_PLAIN, _FITTED = "enalysis_no_weather", "lightgbm_no_weather"
MODELS = {
    model.name: model
    for model in (
        Model("same_hour_yesterday", _of_points(same_hour_yesterday)),
        Model("same_hour_last_week", _of_points(same_hour_last_week)),
        Model("hour_of_week_mean", _of_points(four_week_mean)),
        Model("persistence", persistence_band),
        Model("enalysis_raw", raw_band, "model", shipped=True),
        Model("enalysis_day2", second_day_band, "model", shipped=True),
        Model(_PLAIN, walked_band, shipped=True),
        Model("enalysis", walked_band, "model", plain=_PLAIN, shipped=True),
        Model("enalysis_perfect", walked_band, "measured", shipped=True),
        Model(_FITTED, _of_peer(_lightgbm), libraries=("lightgbm",)),
        Model("lightgbm", _of_peer(_lightgbm), "model", libraries=("lightgbm",), plain=_FITTED),
        Model("lightgbm_perfect", _of_peer(_lightgbm), "measured", libraries=("lightgbm",)),
        Model(
            "enalysis_retrained", retrained_band, "model", libraries=("lightgbm", "onnx"), extra="train", shipped=True
        ),
        Model("xgboost", _of_peer(_xgboost), "model", ("pv",), libraries=("xgboost",)),
        Model("prophet", _of_peer(_prophet), "model", ("load",), libraries=("prophet",)),
    )
}
"""In the order in which they are made: the quick ones first.

``enalysis`` is what the agent would publish: weather of the site's weather model where it has one, blended with
persistence and calibrated on up to 60 days before the test period and on every hour since. ``enalysis_raw`` has learnt
nothing on the site; as the features look back 28 days, it is also what a site gets after its first 28 days.
``enalysis_day2`` sees 24 h alone. ``enalysis_perfect`` and ``lightgbm_perfect`` are given the weather that came.
"""
