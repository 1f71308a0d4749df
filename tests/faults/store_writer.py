"""Writes thirty commits to a store as the recorder does, and says on standard output what each has made durable.

``store_writer.py PATH``: ``open``, then ``commit N`` or ``failed N sentence``; a commit that failed is tried again with
the next one. At the end ``remark sentence`` for everything that befell the file, and ``done``.
"""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

from agent.adapters.store.sqlite_store import SqliteStore
from agent.domain.records import Batch
from agent.ports import StoreFailure
from agent.recording.pending_writes import PendingWrites
from tests.adapters.store.store_rows import BERLIN, NAMES, event, minute

COMMITS = 30


async def write(path: Path) -> None:
    store = SqliteStore(path, BERLIN, lambda: datetime.now(UTC))
    try:
        await store.open()
    except StoreFailure as failure:
        print("failed", -1, failure, flush=True)
    print("open", flush=True)
    pending = PendingWrites()
    pending.catalogue(NAMES)
    for index in range(COMMITS):
        pending.minute(minute(index, 50))
        pending.event(event(index).at, "start", "info", f"event {index}")
        pending.keep("n", str(index))
        batch: Batch = pending.take(event(index).at)
        try:
            await store.write(batch)
            print("commit", index, flush=True)
        except StoreFailure as failure:
            pending.give_back(batch)
            print("failed", index, failure, flush=True)
    for sentence in store.remarks():
        print("remark", sentence, flush=True)
    await store.close()
    print("done", flush=True)


if __name__ == "__main__":
    asyncio.run(write(Path(sys.argv[1])))
