"""Events in a site's store, and what a receiver was told of them."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from agent.adapters.store.sqlite_store import SqliteStore
from agent.console.alerts.settings import AlertSettings, Target, Webhook
from agent.console.own_settings import OwnSettings
from agent.console.source import Source
from agent.domain.records import Batch, EventRow, MinuteRow
from tests.console.alerts.receivers import Hook

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
