"""Keeps a storm out of the log: so many lines a second of one source, so many bytes a day of all.

A source is the logger's name and the event. What was left out is counted and told in the source's next line.
"""

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

LINES_AT_ONCE, LINES_PER_S = 5, 5.0  # any second has at most ten
DAY_S = 86400.0
# A day has what was saved up and what comes in a day: 2 + 3 = 5 MB of all sources, 0.25 + 0.75 = 1 MB of one.
ALL_BYTES_AT_ONCE, ALL_BYTES_PER_S = 2e6, 3e6 / DAY_S
SOURCE_BYTES_AT_ONCE, SOURCE_BYTES_PER_S = 0.25e6, 0.75e6 / DAY_S
QUIET = 0.9  # of its bytes: a source that has said little
FOR_THE_QUIET = 0.2  # of all bytes, so that storms do not silence the others
MOST_SOURCES = 500


@dataclass(slots=True)
class TokenBucket:
    """Holds up to ``capacity`` and gains ``per_s`` a second; a new one is full. Times are monotonic seconds."""

    capacity: float
    per_s: float
    filled_at: float
    held: float = field(init=False)

    def __post_init__(self) -> None:
        self.held = self.capacity

    def has(self, amount: float, now: float) -> bool:
        self.held = min(self.capacity, self.held + (now - self.filled_at) * self.per_s)
        self.filled_at = now
        return self.held >= amount

    def take(self, amount: float) -> None:
        self.held -= amount


@dataclass(slots=True)
class _Source:
    lines: TokenBucket
    bytes: TokenBucket
    left_out: int = 0


class LogLimit:
    """Two processors of structlog: ``count`` before the line is rendered and ``weigh`` after it.

    ``monotonic`` gives seconds; ``drop`` is structlog's DropEvent. Lines a second are judged before, so that a storm
    costs no rendering.
    """

    def __init__(self, monotonic: Callable[[], float], drop: type[Exception]) -> None:
        self._drop = drop
        self._monotonic = monotonic
        self._sources: dict[tuple[str, str], _Source] = {}
        self._bytes = TokenBucket(ALL_BYTES_AT_ONCE, ALL_BYTES_PER_S, monotonic())
        self._source: _Source | None = None

    def count(self, logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Raises ``drop`` for a line too many."""
        now = self._monotonic()
        name = (str(getattr(logger, "name", "")), str(event.get("event")))
        source = self._sources.get(name)
        if source is None:
            if len(self._sources) >= MOST_SOURCES:
                name = ("", "all others")
            source = self._sources.setdefault(name, _new_source(now))
        if not source.lines.has(1.0, now):
            source.left_out += 1
            raise self._drop
        source.lines.take(1.0)
        if source.left_out:
            event["left_out"] = source.left_out
        self._source = source
        return event

    def weigh(self, logger: Any, method: str, line: str) -> str:
        """Raises ``drop`` for a line that passes the bytes of its source or of all."""
        now, size, source = self._monotonic(), len(line.encode("utf-8", "replace")) + 1, self._source
        assert source is not None
        quiet = source.bytes.has(max(size, QUIET * SOURCE_BYTES_AT_ONCE), now)
        kept_back = 0.0 if quiet else FOR_THE_QUIET * ALL_BYTES_AT_ONCE
        if not source.bytes.has(size, now):
            source.left_out += 1
            raise self._drop
        source.bytes.take(size)  # also for a line that is then left out: a storm does not become quiet by that
        if not self._bytes.has(size + kept_back, now):
            source.left_out += 1
            raise self._drop
        self._bytes.take(size)
        source.left_out = 0
        return line


def _new_source(now: float) -> _Source:
    return _Source(
        TokenBucket(LINES_AT_ONCE, LINES_PER_S, now), TokenBucket(SOURCE_BYTES_AT_ONCE, SOURCE_BYTES_PER_S, now)
    )
