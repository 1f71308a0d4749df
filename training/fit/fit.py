"""Fits the exported models: first without some sites, to say how good they are, then on all that may be used."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import lightgbm

from agent.adapters.models.model_card import ModelCard, SiteScore
from agent.forecasting.forecaster import LEVELS
from site_data.unreadable import SitesUnreadable
from training.fit.export import VERSION, Origin, spread, write_model
from training.fit.rows import TrainingRows, joined, site_rows, skies_near, taught_sites, without_weather
from training.fit.trees import Growth, fit_level
from training.parts.files import Files, packed, unpack
from training.parts.part import Engine, OneMachine, Part, holding, in_order
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


@dataclass(frozen=True, slots=True)
class _Fit:
    """What the two fits of a quantity share: what is fitted, how, where, and who is told how far it is."""

    quantity: str
    seed: int
    threads: int
    engine: Engine
    advance: Callable[[str], None]

    def rows(self, sites: Sequence[MeasuredSite], share: float) -> Part[TrainingRows]:
        held = {site.name: holding(f"site {site.name}", site) for site in sites}
        parts = []
        for site in taught_sites(sites, self.quantity, self.seed):
            own = held.get(site.name) or holding(f"site {site.name}", site)
            near = [held[other.name] for other in skies_near(site, sites, self.quantity)]
            asked = (self.quantity, share, self.seed, own, *near)
            parts.append(Part(f"rows of {site.name} for {self.quantity}", site_rows, asked))
        return Part(f"rows for {self.quantity}", _joined, (self.quantity, *parts), shared=True)

    def boosters(self, rows: Part[TrainingRows], count: int) -> list[lightgbm.Booster]:
        """One a level of LEVELS, by way of their text, which is the same on every machine."""
        asked = (self.seed, _GROWTH[self.quantity], self.threads)
        parts = [
            Part(f"quantile {level} of {self.quantity}", _level_text, (rows, column, *asked))
            for column, level in enumerate(LEVELS)
        ]
        texts = [""] * len(parts)
        for done, (index, text) in enumerate(self.engine.results(parts), start=1):
            texts[index] = text
            self.advance(f"quantile {done} of {count} rows")
        return [lightgbm.Booster(model_str=text) for text in texts]

    def write(self, folder: Path, origin: Origin, share: float, metrics: Sequence[SiteScore] = ()) -> ModelCard:
        """Fit on the first ``share`` of the sites of ``origin`` and write the model and its card to ``folder``."""
        rows = self.rows(origin.sites, share)
        (sample, count) = in_order(self.engine, [Part(f"sample for {self.quantity}", spread, (rows,))])[0]
        return write_model(folder, self.quantity, self.boosters(rows, count), sample, origin, metrics)

    def scores(self, folder: Path, sites: Sequence[MeasuredSite]) -> list[SiteScore]:
        """With what a weather model said, then without it."""
        files = holding(f"the model of {self.quantity}", packed(folder.parent, _files(folder.name)))
        held = {site.name: holding(f"site {site.name}", site) for site in sites}
        plain = [site.name for site in sites if site.history.weather is not None]
        asked = [(name, False) for name in held] + [(name, True) for name in plain]
        parts = [
            Part(f"{self.quantity} scored on {name}", _scored, (files, self.quantity, held[name], bare))
            for name, bare in asked
        ]
        return [score for found in in_order(self.engine, parts) for score in found]


def held_out(sites: Sequence[MeasuredSite]) -> frozenset[str]:
    """The last site, by name, of every source that has more than one: scored, and not learnt from in the honest fit."""
    by_source: dict[str, list[str]] = {}
    for site in sites:
        by_source.setdefault(site.source or "", []).append(site.name)
    return frozenset(max(names) for names in by_source.values() if len(names) > 1)


def fit_and_export(
    data: FitData,
    quantity: str,
    out: Path,
    seed: int,
    advance: Callable[[str], None],
    threads: int = 2,
    engine: Engine | None = None,
    version: str = VERSION,
) -> ModelCard:
    """Write the model of one quantity below ``out``. ``advance`` is told after every step of work that is done.

    The same bytes whatever ``engine`` does the parts of it; None is this process. Raises SitesUnreadable when there is
    nothing to learn from, and WorkFailed from an engine.
    """
    allowed = data.allowed()
    aside = held_out(allowed)
    known = [site for site in allowed if site.name not in aside]
    learnt = {site.name for site in known}
    unknown = [site for site in data.told if site.name not in learnt]
    made = partial(Origin, aside=aside, data_sha256=data.sha256, seed=seed, version=version)
    work = _Fit(quantity, seed, threads, engine or OneMachine(), advance)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / FOLDERS[quantity]
        work.write(folder, made(known), _SEEN_SHARE)
        metrics = work.scores(folder, unknown)
    advance("scored on sites never seen")
    return work.write(out / FOLDERS[quantity], made(allowed), 1.0, metrics)


def _joined(quantity: str, *parts: TrainingRows) -> TrainingRows:
    try:
        return joined(quantity, *parts)
    except ValueError as error:
        raise SitesUnreadable(str(error)) from error


def _level_text(rows: TrainingRows, column: int, seed: int, growth: Growth, threads: int) -> str:
    return str(fit_level(rows, column, seed, growth, threads).model_to_string())


def _scored(files: Files, quantity: str, site: MeasuredSite, bare: bool) -> list[SiteScore]:
    with tempfile.TemporaryDirectory() as scratch:
        unpack(files, Path(scratch))
        folder = Path(scratch) / FOLDERS[quantity]
        if bare:
            return compare(folder, quantity, [without_weather(site)], without=", no weather")
        return compare(folder, quantity, [site])


def _files(name: str) -> tuple[str, str]:
    return f"{name}/card.json", f"{name}/model.onnx"
