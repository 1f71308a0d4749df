"""What is new in the store since the last look: a plan, recommendations in another state, events."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.adapters.store.schema_sql import sentence
from agent.adapters.store.store_reader import reading
from agent.domain.documents import ADVICE, PLAN
from agent.domain.sentence import named

MOST_EVENTS = 50

_PLAN = "SELECT json_extract(body, '$.issued_at') FROM kept WHERE name = ?"
_ADVICE = (
    "SELECT json_extract(value, '$.key'), json_extract(value, '$.state') "
    "FROM kept, json_each(kept.body, '$.advisories') WHERE name = ?"
)
_EVENTS = (
    "SELECT seq, strftime('%Y-%m-%dT%H:%M:%S+00:00', at, 'unixepoch'), kind, severity, text, said "
    "FROM (SELECT * FROM event WHERE seq > ? ORDER BY seq DESC LIMIT ?) ORDER BY seq"
)


@dataclass(frozen=True, slots=True)
class Seen:
    """``plan`` is when the newest was issued, ``states`` those of recommendations by key, ``event`` the last seq."""

    plan: str | None = None
    states: Mapping[str, str] = field(default_factory=dict)
    event: int | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """``topic`` is what clients subscribe to; ``body`` goes out with it."""

    topic: str
    body: Mapping[str, Any]


def news(path: Path, before: Seen) -> tuple[Seen, tuple[Message, ...]]:
    """What is seen now, and what is to be told of it. Raises StoreFailure.

    The first look, of a ``before`` without an event, tells nothing: all of it is known from the pages.
    """
    with reading(path) as connection:
        plan = connection.execute(_PLAN, (PLAN.name,)).fetchone()
        states = dict(connection.execute(_ADVICE, (ADVICE.name,)).fetchall())
        if before.event is None:
            last = connection.execute("SELECT max(seq) FROM event").fetchone()[0]
            return Seen(None if plan is None else plan[0], states, int(last or 0)), ()
        events = connection.execute(_EVENTS, (before.event, MOST_EVENTS)).fetchall()
    seen = Seen(None if plan is None else plan[0], states, events[-1][0] if events else before.event)
    told = [_event(*row) for row in events]
    if seen.plan != before.plan:
        told.append(Message("plan", {"issued_at": seen.plan}))
    changed = {key: state for key, state in states.items() if before.states.get(key) != state}
    told += [Message("advisory", {"key": key, "state": state}) for key, state in changed.items()]
    return seen, tuple(told)


def _event(seq: int, at: str, kind: str, severity: str, text: str, said: str | None) -> Message:
    body = {"seq": seq, "at": at, "kind": kind, "severity": severity}
    return Message("event", {**body, **named("text", sentence(text, said))})
