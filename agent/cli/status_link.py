"""What `status` says of the way to the platform: the link, what waits for it, and what the broker refuses."""

import json
from pathlib import Path

from rich.console import Console

from agent.adapters.store.store_reader import backlog, kept
from agent.cli.labelled import say
from agent.domain.documents import PARKED
from agent.settings.schema import Settings


def show_link(console: Console, path: Path, document: str | None, settings: Settings, runs: bool) -> None:
    """The kept ``document`` of the link, of then where no agent ``runs``, and the store's own count.

    Raises StoreFailure.
    """
    if settings.cloud is None:
        say(console, "link", "none configured")
        return
    link = json.loads(document or "{}")
    up = bool(link.get("connected"))
    trouble = f": {link['trouble']}" if link.get("trouble") else ""
    words = f"{'' if runs else 'was '}{'up' if up else 'down'} to {settings.cloud.host}:{settings.cloud.port}{trouble}"
    say(console, "link", words, "" if up and not trouble else "yellow")
    depth = {stream: highest - acknowledged for stream, (acknowledged, highest) in backlog(path).items()}
    waiting = ", ".join(f"{stream} {count}" for stream, count in depth.items())
    rows = sum(depth.values())
    say(console, "outbox", f"{rows} {'row waits' if rows == 1 else 'rows wait'} for the platform ({waiting})")
    if parked := json.loads(kept(path, PARKED.name) or "[]"):
        count = "1 row" if len(parked) == 1 else f"{len(parked)} rows"
        say(console, "parked", f"{count} that the broker refused time and again, kept here", "yellow")
