"""What became of every row: written to the store, received by the platform, acknowledged, lost."""

import asyncio
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from simulator.platform import Platform

STREAMS = ("minute", "decision", "event")
WAIT_S = 10.0


@dataclass(frozen=True, slots=True)
class Messages:
    """Rows. ``lost`` were written and never received; ``duplicates`` were received twice and counted once."""

    written: int
    received: int
    acknowledged: int
    duplicates: int
    gaps: int

    @property
    def lost(self) -> int:
        return self.written - self.received


async def count(store: Path, platform: Platform, site_id: str, first: dict[str, int]) -> Messages:
    """Compare the store's rows after ``first`` (seq by stream) with the platform's, once the last are through."""
    written = {stream: set(_seqs(store, stream, first[stream])) for stream in STREAMS}
    give_up = time.monotonic() + WAIT_S
    while time.monotonic() < give_up:
        found = {stream: platform.stream(site_id, stream) for stream in STREAMS}
        if all(written[stream] <= found[stream].rows.keys() for stream in STREAMS):
            break
        await asyncio.sleep(0.05)
    received = acknowledged = 0
    for stream in STREAMS:
        mark = found[stream].contiguous or 0
        received += len(written[stream] & found[stream].rows.keys())
        acknowledged += sum(seq <= mark for seq in written[stream])
    return Messages(
        written=sum(len(seqs) for seqs in written.values()),
        received=received,
        acknowledged=acknowledged,
        duplicates=sum(found[stream].duplicates for stream in STREAMS),
        gaps=sum(found[stream].gaps for stream in STREAMS),
    )


def _seqs(store: Path, stream: str, after: int) -> list[int]:
    with closing(sqlite3.connect(f"{store.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        rows = connection.execute(f"SELECT seq FROM {stream} WHERE seq > ?", (after,))  # noqa: S608 - our own names
        return [seq for (seq,) in rows]
