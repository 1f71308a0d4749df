"""The forecasters of a site: the model in charge of a quantity, what stands behind it, and persistence at the end."""

from contextlib import suppress
from pathlib import Path

from agent.adapters.models.model_registry import in_charge
from agent.adapters.models.onnx_models import open_model
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
        installed = Path(request.models)
        choice = in_charge(Path(request.store).parent, installed, quantity, wanted)
        notes += [] if choice.note is None else [choice.note]
        try:
            found.append(_opened(choice.folder, quantity, request))
        except ModelUnusable as refusal:
            notes.append(str(refusal))
        if choice.folder != installed / wanted:
            with suppress(ModelUnusable):  # it is not in charge; nobody misses it
                found.append(_opened(installed / wanted, quantity, request))
    return [*found, _persistence(request, quantity)], tuple(notes)


def _opened(folder: Path, quantity: str, request: PlanRequest) -> Forecaster:
    return open_model(folder, quantity, request.place, request.solar_rated_w)


def _persistence(request: PlanRequest, quantity: str) -> Forecaster:
    if quantity == "load_w":
        return LoadPersistence(request.place)
    return SolarPersistence(request.place, request.solar_rated_w)
