"""A message on its way to the central platform."""

from dataclasses import dataclass

HISTORY_TYPE = "application/json+gzip"  # the content type of a backlog, for a platform that says that it takes it


@dataclass(frozen=True, slots=True)
class Envelope:
    """``topic`` is below the site's own root (for example ``up/data/minute``). ``payload`` is UTF-8 JSON.

    It is something else where ``content_type`` says so, which MQTT 5 carries and MQTT 3.1.1 does not.
    ``stream`` and ``seq_to`` are set for rows of a stream: they are released when the platform acknowledges ``seq_to``.
    ``correlation`` is the correlation data of MQTT 5.
    """

    topic: str
    payload: bytes
    retain: bool = False
    stream: str | None = None
    seq_to: int | None = None
    correlation: bytes | None = None
    content_type: str | None = None
