"""The settings that the agent starts with are kept, and what has changed in them since the last start is told.

They are written at once: who gives a battery back after a kill, by a site file that is broken by then, goes by them.
"""

from agent.cycles.alarms import Alarms
from agent.domain.alarms import EventKind
from agent.domain.documents import SETTINGS, SITE_FILE
from agent.domain.records import Batch
from agent.domain.sentences.events import settings_changed, settings_changed_and_more
from agent.ports import Store, StoreFailure
from agent.recording.pending_writes import PendingWrites
from agent.settings.last_run import differences
from agent.settings.schema import Settings

MOST_TOLD = 10


async def keep_settings(settings: Settings, store: Store, alarms: Alarms, pending: PendingWrites) -> None:
    """Raises StoreFailure."""
    if await store.kept(SITE_FILE.name) is not None:
        pending.keep(SITE_FILE.name, "null")  # what a start reads is no edit
    document, before = settings.model_dump_json(by_alias=True), await store.kept(SETTINGS.name)
    if document == before:
        return
    try:
        await store.write(Batch(kept=((SETTINGS.name, document),)))
    except StoreFailure:  # a full disk: with the next commit that succeeds
        pending.keep(SETTINGS.name, document)
    changed = [] if before is None else differences(before, settings)
    if changed:
        keys, more = ", ".join(changed[:MOST_TOLD]), len(changed) - MOST_TOLD
        text = settings_changed_and_more(keys=keys, more=more) if more > 0 else settings_changed(keys=keys)
        alarms.note(EventKind.SETTINGS_CHANGED, text)
