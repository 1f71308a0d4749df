"""Pages of decisions and events, newest first, and the alarms that stand."""

import base64
import binascii
import json
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from agent.adapters.store.console_reader import Sought, decision_page, event_page
from agent.console.reading.shapes import Document, local, rounded
from agent.domain.alarms import StandingAlarm
from agent.domain.documents import ALARMS
from agent.domain.sentence import named
from agent.domain.wire import WireError


class BadCursor(ValueError):
    """The cursor is none that was given out."""


@dataclass(frozen=True, slots=True)
class Page:
    """``limit`` entries of what ``sought`` names; ``cursor`` is the ``next`` of the page before."""

    sought: Sought
    cursor: str | None = None

    @property
    def one_more(self) -> Sought:
        """Which rows to read: one more than is shown tells whether there is a next page. Raises BadCursor."""
        before = None if self.cursor is None else opened(self.cursor)
        if before is not None and not isinstance(before, int):
            raise BadCursor(self.cursor)
        return replace(self.sought, before=before, limit=self.sought.limit + 1)


def decisions(store: Path, page: Page, zone: ZoneInfo) -> Document:
    """Raises StoreFailure and BadCursor."""
    rows = decision_page(store, page.one_more)
    items = [
        {
            "seq": seq,
            "at": local(row.at, zone),
            "battery_w": rounded(row.battery_w, 1),
            "hold_s": rounded(row.hold_s, 1),
            "rung": row.rung.value,
            **named("reason", row.reason),
            "outcome": row.outcome,
            "detail": row.detail,
        }
        for seq, row in rows
    ]
    return _paged(items, page)


def events(store: Path, page: Page, zone: ZoneInfo) -> Document:
    """Raises StoreFailure and BadCursor."""
    items: list[Document] = []
    for seq, row in event_page(store, page.one_more):
        kind, _, subject = row.kind.partition("/")
        items.append(
            {
                "seq": seq,
                "at": local(row.at, zone),
                "kind": kind,
                "subject": subject,
                "severity": row.severity,
                **named("text", row.text),
            }
        )
    return _paged(items, page)


def alarms(document: str | None, now: datetime, zone: ZoneInfo) -> Document:
    """What stands, oldest first, from the kept document or the newer one that the agent shows."""
    try:
        standing = ALARMS.read(document or "[]")
    except WireError:
        standing = ()
    return {"at": local(now, zone), "items": [_alarm(one, now, zone) for one in standing]}


def sealed(place: object) -> str:
    """A cursor: opaque, and safe in an address."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def opened(cursor: str) -> object:
    """What was sealed. Raises BadCursor."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return json.loads(text)
    except (binascii.Error, ValueError, RecursionError) as error:
        raise BadCursor(cursor) from error


def _paged(items: list[Document], page: Page) -> Document:
    shown = items[: page.sought.limit]
    return {"items": shown, "next": sealed(shown[-1]["seq"]) if len(items) > len(shown) else None}


def _alarm(one: StandingAlarm | str, now: datetime, zone: ZoneInfo) -> Document:
    if isinstance(one, str):  # of an earlier version, which kept the text alone
        one = StandingAlarm("", "", now, one, one, "")
        return _alarm(one, now, zone) | {"since": None, "age_s": None}
    return {
        "key": one.key,
        "kind": one.kind,
        "subject": one.subject,
        "severity": one.severity.value,
        "since": local(one.since, zone),
        "age_s": rounded((now - one.since).total_seconds(), 0),
        **named("text", one.text),
        "told": one.told,
        "check": one.check,
    }
