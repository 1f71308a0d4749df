"""Where the console's answers come from: the site file, the store, the live file, its own folder, the clock."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from agent.adapters.host.live_file import RUNTIME
from agent.console.store_thread import Answer, Asked, StoreThread
from agent.settings.schema import Settings
from agent.settings.store_path import console_folder


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Source:
    """``runtime`` holds the live file; None where the agent shows none. ``own`` is the only folder written to.

    ``site_file`` has the permit to steer beside it; None where it is not known.
    """

    settings: Settings
    store: Path
    runtime: Path | None
    own: Path
    now: Callable[[], datetime]
    site_file: Path | None = None
    thread: StoreThread = field(default_factory=StoreThread)

    @property
    def zone(self) -> ZoneInfo:
        """The site's, in which days and hours are shown."""
        return ZoneInfo(self.settings.site.timezone)

    async def ask(self, read: Callable[Asked, Answer], *args: Asked.args, **words: Asked.kwargs) -> Answer:
        """What ``read`` returns, on the thread of the store. Raises Problem."""
        return await self.thread.ask(read, *args, **words)


def own_folder(store: Path) -> Path:
    """The console's own, beside the store."""
    return console_folder(store)


def source_of(
    settings: Settings,
    runtime: Path | None = RUNTIME,
    now: Callable[[], datetime] = utc_now,
    site_file: Path | None = None,
) -> Source:
    """That of the site file's store, with the console's own folder beside it."""
    store = Path(settings.store.path)
    return Source(settings, store, runtime, own_folder(store), now, site_file)
