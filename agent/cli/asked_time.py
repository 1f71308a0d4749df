"""A time as people write it on the command line."""

from contextlib import suppress
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo


class UnknownTime(Exception):
    """It is no time. ``str()`` says so in one sentence."""


def asked_time(text: str | None, now: datetime, zone: ZoneInfo) -> datetime:
    """``HH:MM`` of the site's own day, or an ISO time (the site's clock where it names no other); None is ``now``.

    Raises UnknownTime.
    """
    if text is None:
        return now
    with suppress(ValueError):
        return datetime.combine(now.astimezone(zone).date(), _clock(text), zone).astimezone(UTC)
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo is not None else at.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):  # the first and the last day of the calendar have no UTC everywhere
        raise UnknownTime(f"{text!r} is no time: write 18:00, or 2026-06-01T18:00") from None


def _clock(text: str) -> time:
    return datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007 a time of day has no zone
