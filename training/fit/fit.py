"""Fits the exported models: first without some sites, to say how good they are, then on all that may be used."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import lightgbm

from agent.adapters.models.model_card import ModelCard
from site_data.unreadable import SitesUnreadable
from training.fit.export import Origin, write_model
from training.fit.rows import TrainingRows, training_rows, without_weather
from training.fit.trees import Growth, fit_quantiles
from training.quantities import FOLDERS
from training.scoring.compare import compare
from training.sites.measured_site import MeasuredSite

_SEEN_SHARE = 0.6  # the honest fit sees only what lies before the test period of every site
# Two skies teach less than twelve loads: the solar trees are fewer and smaller, or they learn Cambridge by heart.
_GROWTH = {
    "load_w": Growth(trees=(100, 120, 140, 120, 80), leaves=24, learning_rate=0.05, fewest_rows=400),
    "pv_w": Growth(trees=(100, 90, 80, 50, 30), leaves=8, learning_rate=0.05, fewest_rows=2500),
}
STEPS_OF_A_FIT = 2 * len(_GROWTH["load_w"].trees) + 1


@dataclass(frozen=True, slots=True)
class FitData:
    """``measured`` sites carry the weather measured there, ``told`` the same ones what a weather model said.

    Only the first are learnt from, and only where their licence allows it; only the second are scored.
    """

    measured: Sequence[MeasuredSite]
    told: Sequence[MeasuredSite]
    sha256: str

    def allowed(self) -> list[MeasuredSite]:
        """Raises SitesUnreadable when there is none."""
        found = [site for site in self.measured if site.source is not None]
        if not found:
            raise SitesUnreadable("no site of the folder may be learnt from: the licence of none is known to allow it")
        return found


def held_out(sites: Sequence[MeasuredSite]) -> frozenset[str]:
    """The last site, by name, of every source that has more than one: scored, and not learnt from in the honest fit."""
    by_source: dict[str, list[str]] = {}
    for site in sites:
        by_source.setdefault(site.source or "", []).append(site.name)
    return frozenset(max(names) for names in by_source.values() if len(names) > 1)


def fit_and_export(
    data: FitData, quantity: str, out: Path, seed: int, advance: Callable[[str], None], threads: int = 2
) -> ModelCard:
    """Write the model of one quantity below ``out``. ``advance`` is told after every step of work that is done.

    Raises SitesUnreadable when there is nothing to learn from.
    """
    allowed = data.allowed()
    aside = held_out(allowed)
    known = [site for site in allowed if site.name not in aside]
    learnt = {site.name for site in known}
    unknown = [site for site in data.told if site.name not in learnt]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / FOLDERS[quantity]
        rows = _rows(known, quantity, _SEEN_SHARE, seed)
        boosters = _fit(rows, quantity, seed, threads, advance)
        write_model(folder, quantity, boosters, rows, Origin(known, aside, data.sha256, seed), [])
        metrics = compare(folder, quantity, unknown)
        plain = [without_weather(site) for site in unknown if site.history.weather is not None]
        metrics += compare(folder, quantity, plain, without=", no weather")
    advance("scored on sites never seen")
    rows = _rows(allowed, quantity, 1.0, seed)
    boosters = _fit(rows, quantity, seed, threads, advance)
    origin = Origin(allowed, aside, data.sha256, seed)
    return write_model(out / FOLDERS[quantity], quantity, boosters, rows, origin, metrics)


def _rows(sites: Sequence[MeasuredSite], quantity: str, share: float, seed: int) -> TrainingRows:
    try:
        return training_rows(sites, quantity, share, seed)
    except ValueError as error:
        raise SitesUnreadable(str(error)) from error


def _fit(
    rows: TrainingRows, quantity: str, seed: int, threads: int, advance: Callable[[str], None]
) -> list[lightgbm.Booster]:
    boosters = []
    for booster in fit_quantiles(rows, seed, _GROWTH[quantity], threads):
        boosters.append(booster)
        advance(f"quantile {len(boosters)} of {len(rows.answer)} rows")
    return boosters
