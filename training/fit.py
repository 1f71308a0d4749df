"""Fits the exported models: first without some sites, to say how good they are, then on all that may be used."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import lightgbm

from agent.edges.model_card import ModelCard
from training.compare import compare
from training.export import FOLDERS, write_model
from training.rows import TrainingRows, training_rows
from training.sites import MeasuredSite
from training.trees import Growth, fit_quantiles

HELD_OUT = frozenset({"ucam_b41", "fontana_h09"})
_SEEN_SHARE = 0.6  # the honest fit sees only what lies before the test period of every site
# Two skies teach less than twelve loads: the solar trees are fewer and smaller, or they learn Cambridge by heart.
_GROWTH = {
    "load_w": Growth(trees=100, band_trees=40, leaves=15, learning_rate=0.07, fewest_rows=400),
    "pv_w": Growth(trees=80, band_trees=30, leaves=8, learning_rate=0.05, fewest_rows=1500),
}


def fit_and_export(
    sites: list[MeasuredSite], quantity: str, out: Path, seed: int, advance: Callable[[str], None]
) -> ModelCard:
    """Write the model of one quantity below ``out``. ``advance`` is told after every step of work that is done."""
    allowed = [site for site in sites if site.source is not None]
    known = [site for site in allowed if site.name not in HELD_OUT]
    unknown = [site for site in sites if site not in known]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / FOLDERS[quantity]
        rows = training_rows(known, quantity, _SEEN_SHARE)
        write_model(folder, quantity, _fit(rows, quantity, seed, advance), rows, known, [])
        metrics = compare(folder, quantity, unknown)
    advance("scored on sites never seen")
    rows = training_rows(allowed, quantity)
    return write_model(out / FOLDERS[quantity], quantity, _fit(rows, quantity, seed, advance), rows, allowed, metrics)


def _fit(rows: TrainingRows, quantity: str, seed: int, advance: Callable[[str], None]) -> list[lightgbm.Booster]:
    boosters = []
    for booster in fit_quantiles(rows, seed, _GROWTH[quantity]):
        boosters.append(booster)
        advance(f"quantile {len(boosters)} of {len(rows.answer)} rows")
    return boosters
