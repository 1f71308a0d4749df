"""Which models forecast, what they have learnt here, and which measurements are doubted."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from agent.adapters.models.registry_file import models_beside, read_registry
from agent.adapters.store.store_reader import flags, read_kept
from agent.console.reading.shapes import Document, local
from agent.domain.forecast_corrections import FORECAST_CORRECTIONS
from agent.domain.model_registry import FACTORY, Assignment
from agent.domain.sentence import listed, named
from agent.domain.sentences import model_trials as say
from agent.domain.wire import WireError
from agent.settings.schema import Settings

DOUBTS_OF = timedelta(days=7)


def models(settings: Settings, store: Path, now: datetime) -> Document:
    """Raises StoreFailure."""
    zone = ZoneInfo(settings.site.timezone)
    registry, damage = read_registry(models_beside(store))
    wanted = {"load_w": settings.planning.load_model}
    if settings.solar is not None:
        wanted["pv_w"] = settings.planning.solar_model
    items = [item for quantity, name in wanted.items() for item in _items(registry.post(quantity), name, zone)]
    items += [
        {"quantity": None, "role": "refused", "name": one.name, "version": None, "since": None}
        | named("reason", one.why)
        for one in registry.refused
    ]
    return {
        "items": items,
        "learnt": _learnt(store, zone),
        "doubts": [
            {
                "quantity": one.quantity,
                "kind": one.kind,
                "start": local(one.start, zone),
                "end": local(one.end, zone),
                "reason": one.reason,
            }
            for one in flags(store, now - DOUBTS_OF)
        ],
        **listed("notes", [] if damage is None else [damage]),
    }


def _items(post: Assignment, wanted: str | None, zone: ZoneInfo) -> Iterator[Document]:
    """Who is in charge of a quantity, who was before, who is on trial."""
    role = "in_charge"
    if wanted is None:
        yield _item(post.quantity, role, "none", "", None, say.no_model_wanted())
        return
    for seat in (post.champion, post.previous):
        if seat is not None:
            yield _item(post.quantity, role, seat.name, seat.version, local(seat.since, zone), seat.reason)
            role = "before"
    yield _item(post.quantity, role, wanted or FACTORY[post.quantity], "", None, say.model_installed())
    for trial in post.trials:
        said = trial.said or say.nothing_compared()
        yield _item(post.quantity, "on_trial", trial.name, trial.version, local(trial.since, zone), said)


def _item(quantity: str, role: str, name: str, version: str, since: str | None, reason: str) -> Document:
    return {
        "quantity": quantity,
        "role": role,
        "name": name,
        "version": version or None,
        "since": since,
        **named("reason", reason),
    }


def _learnt(store: Path, zone: ZoneInfo) -> list[Document]:
    try:
        corrections = read_kept(store, FORECAST_CORRECTIONS) or ()
    except WireError:
        return []
    return [
        {"quantity": one.quantity, "origins": one.origins, "until": local(one.learnt_to, zone)} for one in corrections
    ]
