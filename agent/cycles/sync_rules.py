"""What sync is told at its start, and what it counts."""

from dataclasses import dataclass


@dataclass(slots=True)
class Counters:
    """Since the start: rows sent (again ones too), envelopes refused by the broker, rows parked."""

    sent: int = 0
    refused: int = 0
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class SyncRules:
    """``by_broker``: rows are released by the broker's PUBACK, else by the platform's cumulative acknowledgement.

    A step drains for no longer than ``drain_s``, so that it can stand between two control steps. ``history``: the link
    carries content types, so a backlog may go compressed to a platform that reads it.
    """

    by_broker: bool = False
    drain_s: float = 2.0
    history: bool = True
