"""Does everything that must last, and says on standard output what lasts from then on: ``power_cut_writer.py FOLDER``.

In FOLDER lie, made by ``prepare``: ``old`` with a store of version 1, ``damaged`` and ``newer``. The store of ``site``
is made here.
"""

import asyncio
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agent.adapters.host.inbox import clear, drop, inbox_of, look
from agent.adapters.models.model_archive import fingerprint, keep
from agent.adapters.models.model_file import ModelFiles
from agent.adapters.models.model_registry import change_registry
from agent.adapters.store import retention, store_file
from agent.adapters.store.sqlite_store import SqliteStore
from agent.domain.advisory import Verb
from agent.domain.commands import AnswerAdvice, Request
from agent.domain.model_registry import Deployment, ModelRegistry
from agent.domain.records import Batch
from tests.adapters.store.store_rows import BERLIN, NAMES, event, minute

COMMITS = 36
AT = datetime(2026, 6, 1, tzinfo=UTC)


def say(*words: object) -> None:
    print(*words, flush=True)


async def opened(folder: Path) -> SqliteStore:
    store = SqliteStore(folder / "site.db", BERLIN, lambda: datetime.now(UTC))
    await store.open()
    return store


async def write_rows(folder: Path, name: str, first: int, count: int) -> None:
    """One commit each; ``rows NAME N`` when N and all before it last."""
    store = await opened(folder)
    say("opened", name)
    acked = (await store.backlog())["event"][1]
    for index in range(first, first + count):
        batch = Batch(
            minutes=tuple(minute(3 * index + i, 50) for i in range(3)), events=(event(index),), catalogue=NAMES,
            kept=(("n", str(index)), ("plan", "x" * 6000 + str(index))), acknowledged=(("minute", acked + index),),
        )  # fmt: skip
        await store.write(batch)
        say("rows", name, index)
        if index % 9 == 8:
            await store.tidy(event(index).at + timedelta(days=2))
    await store.close()


def model(number: int) -> ModelFiles:
    return ModelFiles(f"m{number}", b'{"name": "m"}', bytes([number]) * 9000)


def promote(models: Path, number: int) -> None:
    files = model(number)
    keep(models, files)
    seat = Deployment(files.name, "1", fingerprint(files), AT, "better")

    def change(registry: ModelRegistry) -> ModelRegistry:
        return registry.with_post(replace(registry.post("load_w").promoted(seat), watch=None))

    change_registry(models, change)
    say("champion", number)


def ask(folder: Path, number: int) -> None:
    drop(inbox_of(folder / "site.db"), Request(AnswerAdvice(f"k{number}", Verb.DISMISS), AT))
    say("asked", number)


async def write_all(root: Path) -> None:
    for name in ("old", "damaged", "newer"):
        await write_rows(root / name, name, 100, 3)
    site = root / "site"
    await write_rows(site, "site", 0, COMMITS // 2)
    for number in range(3):
        promote(site / "models", number)
        ask(site, number)
    found = look(inbox_of(site / "site.db"))
    say("took", len(found.requests))
    clear(inbox_of(site / "site.db"), found.names)
    await write_rows(site, "site", COMMITS // 2, COMMITS // 2)
    for number in range(3, 5):
        promote(site / "models", number)
        ask(site, number)


if __name__ == "__main__":
    store_file.CHECKPOINT_BYTES = 30_000  # so that a short run has many checkpoints
    retention.TRUNCATE_WAL_BYTES = 20_000
    asyncio.run(write_all(Path(sys.argv[1])))
