"""Hears messages for ever: what one of them meets ends the hearing of no other."""

from collections.abc import Awaitable, Callable

import structlog

Message = tuple[str, bytes, bool]  # topic, payload, whether the broker had kept it

log = structlog.get_logger("hearing")


async def hear(incoming: Callable[[], Awaitable[Message]], take: Callable[[str, bytes, bool], Awaitable[None]]) -> None:
    """Give every message that comes to ``take``. A defect there is logged, as of any job."""
    while True:
        topic, payload, retained = await incoming()
        try:
            await take(topic, payload, retained)
        except Exception:
            log.exception("message_failed", topic=topic)
