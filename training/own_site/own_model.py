"""A model of one site's own: the shipped one with extra trees that were grown on the history of that site alone.

It is a candidate like any other: the agent blends and judges it on days that came after it was made.
"""

import hashlib
import json
import shutil
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from agent.adapters.models.model_card import ModelCard, SelfTest
from agent.adapters.models.model_file import read_files
from agent.adapters.models.onnx_models import open_model
from agent.domain.history import History
from agent.domain.wire import to_json
from training.own_site.rows import SiteRows, fingerprint, known_by, measured_series, site_rows
from training.quantities import FOLDERS
from training.sites.measured_site import MeasuredSite

FEWEST_DAYS = 28
_EXPORTED = Path(__file__).parents[2] / "exported_models"
_FEWEST_ROWS = 2000
_SELF_TEST_ROWS = 12


class TooLittleHistory(Exception):
    """A site has not shown enough for a model of its own. ``str()`` says so in one sentence."""


@dataclass(frozen=True, slots=True)
class _Taught:
    """What a model was grown from."""

    site: str
    history: History
    since: datetime
    days: float
    seed: int


def own_name(quantity: str) -> str:
    """The name, and so the folder, of a site's own model."""
    return f"{FOLDERS[quantity]}-own"


def fit_own(
    site: MeasuredSite, quantity: str, until: datetime, folder: Path, seed: int = 1, base: Path | None = None
) -> Path | None:
    """Write a model of the site's own to ``folder`` from what was measured before ``until``; None with too little.

    ``base`` is the model to build on, by default the exported one of the quantity. Raises ModelUnusable when that
    cannot be built on and OSError when ``folder`` cannot be written.
    """
    try:
        make_own(site, quantity, until, folder, seed, base)
    except TooLittleHistory:
        return None
    return folder


def make_own(
    site: MeasuredSite, quantity: str, until: datetime, folder: Path, seed: int = 1, base: Path | None = None
) -> ModelCard:
    """As ``fit_own``, but raises TooLittleHistory where that returns None. Returns the card."""
    from training.own_site.trees import add_trees, answers, extra_trees, trees_for  # LightGBM is needed to train alone

    taught = _taught(site, quantity, until, seed)
    base = _EXPORTED / FOLDERS[quantity] if base is None else base
    model = open_model(base, quantity, site.place, site.rated_w)
    found = site_rows(site, taught.history, model)
    if len(found.hour) < _FEWEST_ROWS:
        usable = f"{len(found.hour)} hours of {quantity} that can be learnt from"
        raise TooLittleHistory(f"{site.name} has {usable}, a model of its own needs {_FEWEST_ROWS}")
    boosters = list(extra_trees(found, trees_for(taught.days), seed))
    content = add_trees(model.name, read_files(base).model, boosters, len(model.card.features))
    matrix = _self_test_rows(found)
    tested = SelfTest(
        tuple(tuple(float(value) if np.isfinite(value) else None for value in row) for row in matrix),
        tuple(tuple(map(float, row)) for row in answers(model.answers(matrix), boosters, matrix)),
    )
    card = _card(folder.name, model.card, taught, content, tested)
    write_model_folder(folder, card, content)
    return card


def _taught(site: MeasuredSite, quantity: str, until: datetime, seed: int) -> _Taught:
    history = known_by(site.history, until)
    measured = np.zeros(0, dtype=np.int64)
    if history is not None and (quantity == "load_w" or site.rated_w > 0):
        measured = np.flatnonzero(np.isfinite(measured_series(site, history, quantity).values))
    days = measured.size / 24
    if history is None or days < FEWEST_DAYS:
        shown = f"{site.name} has {days:.0f} days of {quantity} measured before {until:%Y-%m-%d}"
        raise TooLittleHistory(f"{shown}, a model of its own needs {FEWEST_DAYS}")
    return _Taught(site.name, history, history.horizon.start + timedelta(hours=int(measured[0])), days, seed)


def write_model_folder(folder: Path, card: ModelCard, content: bytes) -> None:
    """Put a model in the place of the one that may be there; it is whole or absent at any moment."""
    staging, former = (folder.with_name(f".{folder.name}.{word}") for word in ("new", "old"))
    for left in (staging, former):
        shutil.rmtree(left, ignore_errors=True)
    staging.mkdir(parents=True)
    (staging / "model.onnx").write_bytes(content)
    (staging / "card.json").write_text(json.dumps(json.loads(to_json(card)), indent=1) + "\n")
    if folder.exists():
        folder.rename(former)
    staging.rename(folder)
    shutil.rmtree(former, ignore_errors=True)


def _self_test_rows(found: SiteRows) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Rows spread over those learnt from, the last one wholly missing."""
    matrix = found.rows.matrix
    chosen = matrix[np.linspace(0, len(matrix) - 1, _SELF_TEST_ROWS - 1).astype(np.int64)]
    return np.concatenate([chosen, np.full((1, matrix.shape[1]), np.nan, dtype=np.float32)])


def _card(name: str, base: ModelCard, taught: _Taught, content: bytes, tested: SelfTest) -> ModelCard:
    end = taught.history.horizon.end
    learnt = f"{taught.days:.0f} days measured from {taught.since:%Y-%m-%d} to {end:%Y-%m-%d}"
    return replace(
        base,
        name=name,
        version=f"{end.year}.{end.month}.{end.day}",
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        trained_on=(
            f"{taught.site}: {learnt}",
            f"on top of {base.name} {base.version}, SHA-256 {base.sha256}, and so of what follows",
            *base.trained_on,
        ),
        trained_at=end.date().isoformat(),
        metrics=(),
        limits=(
            f"Grown on {taught.site}: for that site alone, and while it lives as it did then.",
            "Not scored when it was made: what it is worth shows on the days that come after it.",
            "What it adds was grown on hourly means up to 48 h ahead.",
            *base.limits,
        ),
        self_test=tested,
        seed=taught.seed,
        data_sha256=fingerprint(taught.history),
        targets=(),
    )
