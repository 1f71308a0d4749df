"""The forecasters of a site: the model in charge of a quantity, what stands behind it, and persistence at the end."""

from contextlib import suppress
from pathlib import Path

from agent.adapters.models.onnx_models import open_model
from agent.adapters.models.registry_file import models_beside, nobody_promoted
from agent.domain.request import PlanRequest
from agent.forecasting.forecaster import Forecaster, ModelUnusable
from agent.forecasting.persistence import LoadPersistence, SolarPersistence


def members(request: PlanRequest, quantity: str) -> tuple[list[Forecaster], tuple[str, ...]]:
    """Forecasters of ``load_w`` or ``pv_w`` in order of preference, and a sentence for every model that is not used.

    The model in charge; the installed one, where a model of the site has been promoted over it; persistence.
    """
    found: list[Forecaster] = []
    notes: list[str] = []
    wanted = request.load_model if quantity == "load_w" else request.solar_model
    if wanted is not None and (quantity == "load_w" or request.solar_rated_w > 0):
        installed = Path(request.models) / wanted
        chosen, note = _in_charge(request, quantity, wanted)
        notes += [] if note is None else [note]
        try:
            found.append(_opened(chosen, quantity, request))
        except ModelUnusable as refusal:
            notes.append(refusal.said)
        if chosen != installed:
            with suppress(ModelUnusable):  # it is not in charge; nobody misses it
                found.append(_opened(installed, quantity, request))
    return [*found, _persistence(request, quantity)], tuple(notes)


def _in_charge(request: PlanRequest, quantity: str, wanted: str) -> tuple[Path, str | None]:
    """The folder of the model in charge, and a sentence when it is not the one that should be."""
    store, installed = Path(request.store), Path(request.models)
    if nobody_promoted(models_beside(store)):
        return installed / wanted, None
    from agent.adapters.models.model_registry import in_charge

    choice = in_charge(store.parent, installed, quantity, wanted)
    return choice.folder, choice.note


def _opened(folder: Path, quantity: str, request: PlanRequest) -> Forecaster:
    return open_model(folder, quantity, request.place, request.solar_rated_w)


def _persistence(request: PlanRequest, quantity: str) -> Forecaster:
    if quantity == "load_w":
        return LoadPersistence(request.place)
    return SolarPersistence(request.place, request.solar_rated_w)
