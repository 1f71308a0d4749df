"""A message on its way to the central platform."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Envelope:
    """``topic`` is below the site's own root (for example ``up/data/minute``). ``payload`` is UTF-8 JSON.

    ``stream`` and ``seq_to`` are set for rows of a stream: they are released when the platform acknowledges ``seq_to``.
    ``correlation`` is the correlation data of MQTT 5.
    """

    topic: str
    payload: bytes
    retain: bool = False
    stream: str | None = None
    seq_to: int | None = None
    correlation: bytes | None = None
