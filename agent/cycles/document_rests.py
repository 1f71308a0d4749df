"""Documents at which the connection ends: they are left out for longer and longer, so that rows do not wait for them.

Some brokers answer a message that they do not take by ending the connection (MQTT 5.0, 4.13).
"""

from collections import defaultdict

from agent.cycles.retry import Retry

SLOW_S = 2.0  # an end that comes later is the line's
RESTS_S = (0.0, 0.0, 60.0, 300.0, 1800.0, 3600.0)  # the first two may be a broker that restarts


class DocumentRests:
    """What has become of each topic's newest tries, on the monotonic clock."""

    def __init__(self) -> None:
        self._retries: defaultdict[str, Retry] = defaultdict(lambda: Retry(RESTS_S))

    def rests(self, topic: str, now_s: float) -> bool:
        """True while nothing of ``topic`` is to be sent."""
        return self._retries[topic].rests(now_s)

    def ended(self, topic: str, began_s: float, now_s: float) -> bool:
        """The connection ended under it, begun at ``began_s``. True where that has happened too often to be chance."""
        retry = self._retries[topic]
        if now_s - began_s < SLOW_S:
            retry.failed(began_s, now_s)
        return retry.rests(now_s)

    def answered(self, topic: str) -> None:
        """The broker has taken or refused it, and the connection goes on."""
        self._retries.pop(topic, None)
