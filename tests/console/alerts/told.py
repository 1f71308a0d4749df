"""Events in a site's store, a console that tells of them, and what a receiver was told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from agent.adapters.store.sqlite_store import SqliteStore
from agent.console.alerts.delivery import Delivery
from agent.console.alerts.follower import Follower
from agent.console.alerts.outbox_file import OutboxFile
from agent.console.alerts.settings import AlertSettings, Target, Webhook
from agent.console.own_settings import OwnSettings
from agent.console.source import Source
from agent.domain.records import Batch, EventRow, MinuteRow
from tests.console.alerts.receivers import Hook
from tests.console.served import Times

ZONE = ZoneInfo("Europe/London")


async def write(source: Source, *rows: EventRow, minutes: tuple[MinuteRow, ...] = ()) -> None:
    store = SqliteStore(source.store, ZONE, source.now)
    await store.open()
    await store.write(Batch(events=rows, minutes=minutes, catalogue=()))
    await store.close()


def row(now: datetime, text: str, kind: str = "no_plan", severity: str = "alarm", ago_h: float = 0.0) -> EventRow:
    return EventRow(now - timedelta(hours=ago_h), kind, severity, text)


def set_up(source: Source, receiver: Hook, **more: object) -> AlertSettings:
    settings = AlertSettings((Target("hook", webhook=Webhook(receiver.url)),), **more)  # type: ignore[arg-type]  # a test's own
    OwnSettings(source.own).set_alerts(settings)
    return settings


def texts(receiver: Hook) -> list[str]:
    return [got.document["text"] for got in receiver.got]


class Console:
    """The part of a console that alerts; made anew, it is one that was started again."""

    def __init__(self, source: Source, times: Times) -> None:
        self.own = OwnSettings(source.own)
        self.file = OutboxFile(self.own)
        self.delivery = Delivery(source, self.file, lambda: times.monotonic_s)
        self.follower = Follower(source, self.own, self.file, self.delivery, lambda: times.monotonic_s)

    async def look(self) -> None:
        """Once, until all that was begun has ended."""
        await self.follower.look()
        await asyncio.gather(*(line.task for line in self.delivery.lines.values() if line.task is not None))


@asynccontextmanager
async def console(source: Source, times: Times) -> AsyncIterator[Console]:
    found = Console(source, times)
    yield found
    await found.delivery.close()
