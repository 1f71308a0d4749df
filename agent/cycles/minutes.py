"""What every control step saw and did becomes the minutes of the store."""

from collections.abc import Mapping
from datetime import timedelta

from agent.cycles.alarms import Alarms
from agent.domain.alarms import EventKind
from agent.domain.documents import COUNTERS, ENERGY_TOTALS
from agent.domain.records import MinuteRow
from agent.domain.sentences.events import kept_counters_unusable
from agent.domain.setpoint import Setpoint
from agent.domain.site import SiteState
from agent.domain.wire import to_json
from agent.ports import Clock
from agent.recording.counters import Counters
from agent.recording.energy_count import EnergyCount
from agent.recording.minute_means import ControlStep, MinuteMeans
from agent.recording.pending_writes import PendingWrites
from agent.recording.points import points_of
from agent.site_conditions.site_conditions import SiteConditions
from drivers.reading import Quantity, Reading


class Minutes:
    """What was seen holds until the next step is due, ``step_s`` later; where that comes late, the gap stays a gap.

    A reading that is older than ``stale_s`` is missing. ``energies`` are counted and kept where somebody has asked for
    them by setting it before the start.
    """

    def __init__(
        self, clock: Clock, conditions: SiteConditions, pending: PendingWrites, step_s: float, stale_s: float
    ) -> None:
        self._clock, self._conditions, self._pending = clock, conditions, pending
        self._step_s, self.stale_s = step_s, stale_s
        self._alarms = Alarms(clock, pending)
        self._catalogue: tuple[str, ...] = ()
        self.means = MinuteMeans()
        self.counters = Counters()
        self.energies: EnergyCount | None = None

    def add(
        self,
        state: SiteState,
        readings: Mapping[str, Mapping[Quantity, Reading]],
        granted: Setpoint,
        time_trusted: bool,
        switched_w: float | None = None,
    ) -> None:
        prices = self._conditions.at(state.at)
        step = ControlStep(
            state,
            self._points(readings),
            prices.import_price,
            prices.export_price,
            prices.carbon_kg_per_kwh,
            granted.rung,
            granted.pv_limit_w is not None,
            time_trusted,
            self._conditions.known_at(state.at),
            switched_w,
        )
        self.means.add(step, self._step_s)
        if self.means.catalogue != self._catalogue:
            self._catalogue = self.means.catalogue
            self._pending.catalogue(self._catalogue)
        for row in self.means.finished(state.at):
            self._hand_over(row)

    def flush(self) -> None:
        """Hand over the minute in the making, for the end: a row that covers less than its span."""
        for row in self.means.finished(self._clock.now() + timedelta(minutes=1)):
            self._hand_over(row)

    def recall(self, document: str | None) -> None:
        """The kept readings of the energy counters; those that cannot be used are told."""
        if not self.counters.recall(document):
            self._alarms.note(EventKind.DOCUMENT_REFUSED, kept_counters_unusable())

    def recall_energies(self, document: str | None) -> None:
        """The kept energies, which go on from there; those that cannot be read are told and begin again."""
        if self.energies is not None:
            self.energies.recall(self._alarms.read_kept(ENERGY_TOTALS, document, "energies"))

    def _hand_over(self, row: MinuteRow) -> None:
        self._pending.minute(row)
        if self.energies is not None:
            self.energies.minute(row, self.means.catalogue)
            if self.energies.totals is not None:  # with the commit that writes the minute
                self._pending.keep(ENERGY_TOTALS.name, to_json(self.energies.totals))

    def _points(self, readings: Mapping[str, Mapping[Quantity, Reading]]) -> dict[str, float | None]:
        """Every reading by name. What a silent device said long ago is missing now, and so is an odd counter."""
        monotonic = self._clock.monotonic()
        judged, resets = self.counters.judged(points_of(readings, monotonic, self.stale_s), monotonic)
        for device, sentence in resets:
            self._alarms.note(EventKind.COUNTER_RESET, sentence, device)
            if self.energies is not None:
                self.energies.note_reset(str(sentence.values["counter"]))
        document = self.counters.document(monotonic)
        if document is not None:
            self._pending.keep(COUNTERS.name, document)
        return judged
