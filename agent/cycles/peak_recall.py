"""The month's peak of a demand charge at the start: as it was kept, else from what was measured."""

from agent.cycles.alarms import Alarms
from agent.dispatch.demand_meter import DemandMeter
from agent.domain.alarms import EventKind
from agent.domain.documents import DEMAND
from agent.ports import Clock, Store
from agent.recording.pending_writes import PendingWrites


async def recall_peak(meter: DemandMeter, store: Store, clock: Clock, pending: PendingWrites) -> None:
    """Bring ``meter`` up to now; an event says where too little is known of the month. Raises StoreFailure.

    What the running interval had imported is in the store up to the last commit.
    """
    now = clock.now()
    since = meter.recall(await store.kept(DEMAND.name), now)
    for row in await store.imports(since):
        meter.add(*row)
    doubt = meter.doubt(now) if clock.trusted() else None
    if doubt is not None:
        Alarms(clock, pending).note(EventKind.PEAK_UNKNOWN, doubt)
    document = meter.document()
    if document is not None:
        pending.keep(DEMAND.name, document)
