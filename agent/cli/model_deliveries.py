"""What `models list` says of the models that the platform has delivered, or wanted to."""

from collections.abc import Iterator
from pathlib import Path

from agent.adapters.store.store_reader import NoStore, read_kept
from agent.domain.documents import MODEL_DELIVERIES
from agent.domain.model_delivery import Deliveries, Delivery, DeliveryState
from agent.domain.wire import WireError


def delivery_lines(store: Path) -> Iterator[str]:
    """A line for the newest delivery of every name. Raises StoreFailure where the store cannot be read."""
    try:
        deliveries = read_kept(store, MODEL_DELIVERIES) or Deliveries()
    except NoStore:
        return
    except WireError as error:
        yield f"what the platform has delivered cannot be read: {error}"
        return
    for one in deliveries.newest:
        manifest = one.manifest
        yield f"from the platform: {manifest.name}, delivery {manifest.version} ({_size(manifest.size)}), {_words(one)}"


def _words(one: Delivery) -> str:
    match one.state:
        case DeliveryState.DELIVERED:
            return f"came on {one.at:%Y-%m-%d}"
        case DeliveryState.REFUSED:
            return f"refused on {one.at:%Y-%m-%d}: {one.reason}"
        case DeliveryState.AWAITED:
            return f"awaited since {one.at:%Y-%m-%d}" + (f": {one.reason}" if one.reason else "")


def _size(size: int) -> str:
    return f"{size / 1000:z.0f} kB"
