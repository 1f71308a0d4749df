"""Structured logs on standard error, one line each: as journald likes them, or as a person at a terminal does."""

import os
import sys
import time
from functools import partial
from typing import Any

from agent.adapters.host.log_limit import LogLimit
from agent.adapters.host.log_stream import LineLogger, LogStream
from agent.adapters.host.terminal_lines import terminal_line

# Syslog priorities as journald reads them from a "<N>" prefix (sd-daemon(3)).
PRIORITIES = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2, "exception": 3}
KEYS = ("timestamp", "level", "event")
STANDARD_ERROR = 2
LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def configure(level: str) -> None:
    """Send every log line at ``level`` or above to standard error, in the form for who reads it there.

    Without journald a time stamp is added, on a terminal in local time.
    """
    import logging

    structlog = _structlog()
    under_journald = "JOURNAL_STREAM" in os.environ
    limit, stream = LogLimit(time.monotonic, structlog.DropEvent), LogStream(_descriptor())
    logfmt = structlog.processors.LogfmtRenderer(key_order=KEYS, drop_missing=True, bool_as_flag=False)
    if under_journald:
        rendered = [logfmt]
    elif sys.stderr.isatty():
        rendered = [terminal_line]
    else:
        rendered = [structlog.processors.TimeStamper(fmt="iso", utc=True), logfmt]
    processors: list[Any] = [
        limit.count,
        stream.tell_lost,
        structlog.processors.add_log_level,
        structlog.processors.ExceptionRenderer(),
        *rendered,
        limit.weigh,
        *([_with_priority] if under_journald else []),
    ]
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=partial(LineLogger, stream),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.CRITICAL, stream=sys.stderr)
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)


def _descriptor() -> int:
    """Of standard error, also while something that is no file stands in its place."""
    try:
        return sys.stderr.fileno()
    except OSError:  # io.UnsupportedOperation
        return STANDARD_ERROR


def _structlog() -> Any:
    """structlog without rich, which it loads wherever it finds it: 4 MB for coloured traces that no daemon shows."""
    without = "structlog" not in sys.modules and "rich" not in sys.modules
    if without:
        sys.modules["rich"] = None  # type: ignore[assignment]
    try:
        import structlog
    finally:
        if without:
            del sys.modules["rich"]
    return structlog


def _with_priority(_: Any, method: str, line: str) -> str:
    return f"<{PRIORITIES.get(method, 6)}>{line}"
