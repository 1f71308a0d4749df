"""What would have been saved on the days on which the agent only observed."""

from pathlib import Path
from zoneinfo import ZoneInfo

from agent.adapters.store.store_reader import read_kept
from agent.console.reading.shapes import Document, local, rounded
from agent.domain.documents import OBSERVATION
from agent.domain.wire import WireError


def observed(store: Path, zone: ZoneInfo) -> Document | None:
    """None where it never did, or what was kept is of another version. Raises StoreFailure."""
    try:
        found = read_kept(store, OBSERVATION)
    except WireError:
        return None
    if found is None:
        return None
    return {"since": local(found.since, zone), "days": len(found.days), "saved": rounded(found.saved, 4)}
