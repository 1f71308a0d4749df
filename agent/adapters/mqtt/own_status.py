"""Our own ``up/status`` as the broker gives it back: another gateway with our id shows in it.

Brokers end the older of two connections with one id, many of them without a word. Each of the two gateways publishes
its birth, with its session, on every connection; the other one is given it when it comes back.
"""

import json
from datetime import datetime

STATUS_TOPIC = "up/status"


class OwnStatus:
    """``said`` is called with our own birth after the broker has taken it."""

    def __init__(self) -> None:
        self._session: object = None
        self._first_at: datetime | None = None

    def said(self, payload: bytes) -> None:
        body = json.loads(payload)
        self._session = body["session"]
        if self._first_at is None:
            self._first_at = datetime.fromisoformat(body["ts"])

    def is_of_another(self, payload: bytes) -> bool:
        """A birth of another session after our first one. An earlier one is that of our own run before this."""
        try:
            body = json.loads(payload)
            session, status, at = body["session"], body["status"], datetime.fromisoformat(body["ts"])
            later = self._first_at is not None and at > self._first_at
        except (ValueError, KeyError, TypeError, RecursionError):
            return False
        return status == "online" and session != self._session and later
