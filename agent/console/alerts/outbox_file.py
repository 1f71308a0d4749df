"""The outbox in memory, and its file in the console's own folder."""

import structlog

from agent.console.alerts.outbox import Outbox
from agent.console.own_settings import OwnFolderFailure, OwnSettings
from agent.domain.wire import WireError

UNKNOWN = "unknown"  # no event has this mark: all of the last day are told, under the ids that they have had

log = structlog.get_logger("alerts")


class OutboxFile:
    """What is in memory counts: a file that cannot be written is told once, and alerts are sent all the same."""

    def __init__(self, own: OwnSettings) -> None:
        self._own = own
        self._box: Outbox | None = None
        self._written: Outbox | None = None
        self._told: str | None = None

    def box(self) -> Outbox:
        """Read once. One that is damaged is begun anew. Raises OwnFolderFailure where it cannot be read now."""
        if self._box is None:
            try:
                self._box = self._written = self._own.outbox() or Outbox()
            except OwnFolderFailure as failure:
                if not isinstance(failure.__cause__, WireError | RecursionError):
                    raise
                log.warning("begun_anew", error=str(failure))
                self._box = Outbox(seq=0, mark=UNKNOWN)
        return self._box

    def put(self, box: Outbox) -> None:
        self._box = box
        if box == self._written:
            return
        try:
            self._own.set_outbox(box)
        except OwnFolderFailure as failure:
            if str(failure) != self._told:
                log.warning("not_kept", error=str(failure))
            self._told = str(failure)
        else:
            self._written, self._told = box, None
