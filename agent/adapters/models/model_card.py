"""The card of an exported model: what it is, what it was made from, how good it is. Refused when it does not add up."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.domain.sentences import model_faults as say
from agent.domain.wire import WireError, from_json
from agent.forecasting.features.load_features import LOAD_FEATURES
from agent.forecasting.features.solar_features import SOLAR_FEATURES
from agent.forecasting.forecaster import LEARNING_HOURS, LEVELS, ModelUnusable

MAX_CARD_BYTES = 1_000_000
CARD_FORMAT = 1
FEATURES = {"load_w": LOAD_FEATURES, "pv_w": SOLAR_FEATURES}


@dataclass(frozen=True, slots=True)
class SelfTest:
    """Recorded rows of features (null is missing) and what the trainer's own library answered to them."""

    rows: tuple[tuple[float | None, ...], ...]
    answers: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class SiteScore:
    """Errors on one site by the definitions in docs; shares of 1, ``mape`` in shares of the value. None: undefined."""

    site: str
    forecaster: str
    step_s: int
    seen_in_training: bool
    scored: int
    wape: float
    mape: float | None
    r2: float | None
    cover_90: float
    pinball: float


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What a model is, what it was made from and how good it is. ``card.json`` beside ``model.onnx``.

    ``quantity`` is ``load_w`` or ``pv_w``; ``step_s`` lists the rasters it can be asked on; ``version`` is a.b.c;
    ``trained_at`` is the newest day learnt from. ``data_sha256`` is over the files read, in the order of their names.
    ``targets`` has a sentence a site that is scored: what was aimed at, and whether it was met.
    """

    format: int
    name: str
    version: str
    quantity: str
    step_s: tuple[int, ...]
    max_horizon_h: int
    min_history_h: int
    features: tuple[str, ...]
    quantiles: tuple[float, ...]
    sha256: str
    size_bytes: int
    trained_on: tuple[str, ...]
    trained_at: str
    metrics: tuple[SiteScore, ...]
    limits: tuple[str, ...]
    self_test: SelfTest
    seed: int = 0
    data_sha256: str = ""
    targets: tuple[str, ...] = ()


def read_card(folder: Path) -> ModelCard:
    """The card of the model in ``folder``. Raises ModelUnusable."""
    path = folder / "card.json"
    try:
        if path.stat().st_size > MAX_CARD_BYTES:
            raise ModelUnusable(folder.name, say.model_file_too_large(file="card.json", most=MAX_CARD_BYTES))
        card = from_json(ModelCard, path.read_bytes())
    except OSError as error:
        raise ModelUnusable(
            folder.name, say.model_file_unreadable(file="card.json", cause=f"{error.strerror}")
        ) from error
    except WireError as error:
        raise ModelUnusable(folder.name, say.card_wrong(cause=str(error))) from error
    _refuse_card(folder.name, card)
    return card


def _refuse_card(name: str, card: ModelCard) -> None:
    if card.format != CARD_FORMAT:
        raise ModelUnusable(name, say.card_format_other(number=card.format, newest=CARD_FORMAT))
    if card.quantity not in FEATURES:
        raise ModelUnusable(name, say.forecasts_unknown(found=card.quantity, wanted=", ".join(FEATURES)))
    if not (card.step_s and card.max_horizon_h > 0 and 24 <= card.min_history_h <= LEARNING_HOURS):
        raise ModelUnusable(name, say.card_without_terms())
    if not (_finite(card.self_test.rows) and _finite(card.self_test.answers) and card.self_test.rows):
        raise ModelUnusable(name, say.self_test_no_numbers())
    if card.name != name:
        raise ModelUnusable(name, say.card_of_another(other=card.name))
    if tuple(card.quantiles) != LEVELS:
        raise ModelUnusable(name, say.quantiles_other(found=str(list(card.quantiles)), wanted=str(list(LEVELS))))
    unknown = [feature for feature in card.features if feature not in FEATURES[card.quantity]]
    if unknown or not card.features:
        raise ModelUnusable(name, say.features_unknown(found=str(unknown or "none")))
    widths = {len(row) for row in card.self_test.rows}, {len(row) for row in card.self_test.answers}
    if widths != ({len(card.features)}, {len(LEVELS)}) or len(card.self_test.rows) != len(card.self_test.answers):
        raise ModelUnusable(name, say.self_test_without_answers())


def _finite(table: Sequence[Sequence[float | None]]) -> bool:
    return all(value is None or math.isfinite(value) for row in table for value in row)
