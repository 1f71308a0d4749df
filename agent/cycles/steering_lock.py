"""Whether the agent may steer: shut until it was commissioned, and while the site file wants it only to observe."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from agent.cycles.alarms import Alarms
from agent.domain.alarms import EventKind
from agent.domain.documents import PERMITTED
from agent.domain.permit import Permission
from agent.domain.sentences.events import steered_before
from agent.ports import Clock
from agent.recording.pending_writes import PendingWrites
from agent.site_view import Outlet
from drivers.write_gate import WriteGate


class SteeringLock:
    """Shows why nothing is written; the gate in the transport holds to it, whatever else goes wrong."""

    def __init__(
        self, clock: Clock, pending: PendingWrites, outlet: Outlet, gate: WriteGate, permission: Permission
    ) -> None:
        self._outlet, self._gate, self._permission = outlet, gate, permission
        self._alarms, self._pending = Alarms(clock, pending), pending
        self._were_steered = False
        self._note_permit()
        self._show(permission.locked)

    def recall(self, were_steered: bool, permitted: str | None = None) -> None:
        """A battery that an earlier version has steered goes on being steered: it did so without a permit.

        ``permitted`` is the kept document: where there was a permit once, one that is gone was taken away.
        """
        self._were_steered = were_steered and permitted is None and self._permission.permit is None
        if self._outlet.view.observing is None or not (self._permission.is_missing and self._were_steered):
            return
        self._alarms.note(EventKind.NOT_COMMISSIONED, steered_before())
        self._show(None)

    def locked(self, permission: Permission) -> str | None:
        """Why nothing would be written with ``permission``; None where it would."""
        return None if permission.is_missing and self._were_steered else permission.locked

    def go_by(self, permission: Permission) -> None:
        """Another permission from now on. What is steered is to be released before it locks."""
        self._permission = permission
        self._note_permit()
        self._show(self.locked(permission))

    @contextmanager
    def open_for_what_was_left_behind(self, is_left_behind: bool) -> Iterator[bool]:
        """Whether a release may be written: always where the agent steers, else only what must be given back."""
        if self._gate.shut is None:
            yield True
        elif is_left_behind:
            with self._gate.opened():
                yield True
        else:
            yield False

    def _note_permit(self) -> None:
        if self._permission.permit is not None:
            self._were_steered = False
            self._pending.keep(PERMITTED.name, "true")

    def _show(self, locked: str | None) -> None:
        self._gate.shut = locked
        self._outlet.show(replace(self._outlet.view, observing=locked))
