"""How each of the site's batteries follows what is asked of it: one that delivers less does not limit the others."""

from collections.abc import Mapping, Sequence

from agent.domain.alarms import AlarmKind
from agent.domain.battery import Battery, BatteryUnit
from agent.domain.sentences import alarms as say
from agent.monitoring.battery_response import Tracking, Verdict

SITE = ""  # stands for the battery of a site with one: its power may be derived where its device does not measure it

Seen = tuple[float | None, float | None]  # battery power, W, and state of charge, percent


class SetpointResponse:
    """One instance a site. Times are monotonic seconds."""

    def __init__(
        self, whole: Battery, units: Sequence[BatteryUnit], patience_s: float, known_off_w: float = 0.0
    ) -> None:
        each = {unit.device: unit.battery for unit in units} if len(units) > 1 else {SITE: whole}
        self._only = units[0].device if len(units) == 1 else SITE
        self._tracking = {
            name: Tracking(
                max(battery.charge_w, battery.discharge_w),
                patience_s,
                feeds_grid=battery.feeds_grid,
                known_off_w=known_off_w,
            )
            for name, battery in each.items()
        }
        self.at_an_end: tuple[tuple[str, bool], ...] = ()  # (device, charging): gave nothing at the last look

    @property
    def is_of_one(self) -> bool:
        return SITE in self._tracking

    def asked(self, monotonic_s: float, battery_w: float | None, shares: Mapping[str, float | None]) -> None:
        """What was written and read back: the site's power, and the share of each device where there are several."""
        for name, tracking in self._tracking.items():
            tracking.asked(monotonic_s, battery_w if name == SITE else shares.get(name))

    def seen(self, monotonic_s: float, found: Mapping[str, Seen], grid_w: float | None = None) -> Verdict:
        """Judge the measured power of each device beside the site's import; the verdict on them all."""
        verdicts, ends = [], []
        for name, tracking in self._tracking.items():
            verdict = tracking.seen(monotonic_s, *found.get(name, (None, None)), grid_w)
            verdicts.append(verdict)
            if verdict is Verdict.HELD:
                device = self._only if name == SITE else name
                ends += [(device, charging) for charging in (True, False) if tracking.gave_nothing(charging)]
        self.at_an_end = tuple(ends)
        return _together(verdicts)

    def delivered(self, battery: Battery, monotonic_s: float, device: str = SITE) -> Battery:
        """``battery`` with its ratings cut to what ``device`` delivered lately."""
        tracking = self._tracking.get(device)
        return battery if tracking is None else tracking.delivered(battery, monotonic_s)

    def is_lost(self, monotonic_s: float, device: str = SITE) -> bool:
        """Whether ``device`` is left alone because it does not follow; of a site with several, whether all are."""
        if device == SITE and not self.is_of_one:
            return all(tracking.out_of_control(monotonic_s) for tracking in self._tracking.values())
        tracking = self._tracking.get(device)
        return tracking is not None and tracking.out_of_control(monotonic_s)

    def alarms(self, monotonic_s: float) -> list[tuple[AlarmKind, str, str | None]]:
        """Kind, device (empty: the site's one) and one sentence, or None where there is nothing to tell."""
        found: list[tuple[AlarmKind, str, str | None]] = []
        for name, tracking in self._tracking.items():
            lost = say.no_control() if tracking.counts_as_lost(monotonic_s) else None
            weak = tracking.weak if lost is None else None  # one cause, one alarm
            for kind, sentence in ((AlarmKind.NO_CONTROL, lost), (AlarmKind.BATTERY_LIMITED, weak)):
                told = say.of_device(device=name, said=sentence) if name and sentence is not None else sentence
                found.append((kind, name, told))
        return found


def _together(verdicts: Sequence[Verdict]) -> Verdict:
    if all(verdict is Verdict.NO_CONTROL for verdict in verdicts):
        return Verdict.NO_CONTROL
    if Verdict.MISSED in verdicts or Verdict.HELD in verdicts:
        return Verdict.MISSED
    for verdict in (Verdict.WAITING, Verdict.LIMITED, Verdict.VERIFIED):
        if verdict in verdicts:
            return verdict
    return Verdict.NOTHING_ASKED
