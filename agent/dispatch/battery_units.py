"""Which of the site's batteries can be acted on now, what they can do together, and who gets what."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from agent.dispatch.estimate import Source, without_battery_power
from agent.dispatch.power_split import UnitState, available, power_split
from agent.domain.battery import Battery, BatteryUnit
from agent.domain.setpoint import Applied, Clamped, Outcome
from agent.domain.site import SiteState
from agent.monitoring.setpoint_response import SITE, Seen, SetpointResponse
from agent.monitoring.soc_jump import SocJudgement, SocWatch
from drivers.reading import Quality, Quantity, Reading

RECALLED_S = 600.0  # after a longer stop a count is no better than a gauge


class BatteryUnits:
    """One instance a site, also for a site with one battery. Times are monotonic seconds."""

    def __init__(self, units: Sequence[BatteryUnit], stale_s: float, hold_s: float, response: SetpointResponse) -> None:
        self._units, self._stale_s, self._hold_s, self._response = units, stale_s, hold_s, response
        self._watches = {unit.device: SocWatch(unit.battery) for unit in units}
        self._judged: dict[str, SocJudgement] = {}
        self._powers: dict[str, float | None] = {}
        self._left_out: dict[str, float] = {}
        self._in_use: frozenset[str] = frozenset()
        self.present: tuple[UnitState, ...] = ()
        self.refusals: dict[str, str | None] = {}  # by device: why it did not take its last share, None where it did

    def go_by(self, units: Sequence[BatteryUnit]) -> None:
        """The same batteries with other windows from now on."""
        self._units = units

    def doubts(self, readings: Mapping[str, Mapping[Quantity, Reading]], monotonic_s: float) -> dict[str, str | None]:
        """Judge every gauge. By device: one sentence for a state of charge that is not believed, else None."""
        for name, watch in self._watches.items():
            found = readings.get(name, {})
            power = found.get(Quantity.BATTERY_W)
            sound = power is not None and power.quality in (Quality.GOOD, Quality.ESTIMATED)
            self._powers[name] = self._fresh(power, monotonic_s) if sound else None
            soc_pct = self._fresh(found.get(Quantity.SOC_PCT), monotonic_s)
            self._judged[name] = watch.update(monotonic_s, soc_pct, self._powers[name])
        return {name: judged.doubt for name, judged in self._judged.items()}

    def counted(self, device: str, found: Mapping[Quantity, Reading]) -> Mapping[Quantity, Reading]:
        """The readings of ``device``, with the state of charge that was counted where its gauge is not believed."""
        judged = self._judged.get(device)
        if judged is None or judged.doubt is None or judged.soc_pct is None:
            return found
        at = found[Quantity.SOC_PCT].at
        return {**found, Quantity.SOC_PCT: Reading(Quantity.SOC_PCT, judged.soc_pct, at, Quality.ESTIMATED)}

    def is_doubted(self, device: str) -> bool:
        """Whether neither the gauge of ``device`` nor the count can be acted on."""
        judged = self._judged.get(device)
        return judged is not None and judged.doubt is not None and judged.soc_pct is None

    def recall(self, state: SiteState, now: datetime) -> None:
        """Go on counting where an earlier agent stopped lately, which did not believe the gauge of its one battery."""
        soc, age_s = state.soc_pct, (now - state.at).total_seconds()
        counted = soc.quality is Quality.ESTIMATED and 0.0 <= age_s <= RECALLED_S
        if len(self._watches) == 1 and soc.value is not None and counted:
            next(iter(self._watches.values())).recall(soc.value, age_s)

    def found_end(self, device: str, charging: bool) -> None:
        """``device`` takes nothing (``charging``) or gives nothing, whatever its gauge says."""
        watch = self._watches.get(device)
        if watch is not None:
            watch.found_end(charging)

    def seen(self, state: SiteState) -> dict[str, Seen]:
        """What is measured of each battery, for ``SetpointResponse``."""
        if self._response.is_of_one:
            return {SITE: (state.battery_w.known, state.soc_pct.known)}
        return {name: (self._powers.get(name), judged.soc_pct) for name, judged in self._judged.items()}

    def look(self, sources: Sequence[Source], monotonic_s: float) -> tuple[tuple[Source, ...], bool]:
        """The sources without the batteries that cannot be acted on while others can; True when those there changed.

        The power of one that is left out is part of the net load, where the grid's meter sees it.
        """
        by_name = {source.device: source for source in sources}
        before = [unit.device for unit in self.present]
        self.present = tuple(
            UnitState(unit.device, self._now(unit, monotonic_s), soc_pct)
            for unit in self._units
            if (soc_pct := self._soc_pct(by_name.get(unit.device), monotonic_s)) is not None
        )
        there = {unit.device for unit in self.present}
        changed = before != [unit.device for unit in self.present]
        if not there:
            return tuple(sources), changed
        absent = {unit.device for unit in self._units} - there
        return tuple(_left_out(source) if source.device in absent else source for source in sources), changed

    def battery(self, whole: Battery) -> Battery:
        """What is there, as one battery, within the caution that a counted SoC asks for.

        ``whole`` where there is one battery or none can be seen.
        """
        if len(self._units) < 2:
            return self.present[0].battery if self.present else whole
        return available(self.present, self._hold_s) if self.present else whole

    def rated(self, whole: Battery) -> Battery:
        """As ``battery``, with the ratings of those there, wherever their SoC is now: what a plan is made for."""
        if not self.present:
            return whole
        there = [unit.battery for unit in self.present]
        return replace(
            whole,
            usable_wh=sum(one.usable_wh for one in there),
            charge_w=sum(one.charge_w for one in there),
            discharge_w=sum(one.discharge_w for one in there),
        )

    def split(self, battery_w: float | None) -> tuple[tuple[str, float], ...]:
        """Watts by device; nothing where the site has one battery or all are released."""
        if len(self._units) < 2 or battery_w is None:
            self._in_use = frozenset()
            return ()
        shares = power_split(battery_w, self.present, self._hold_s, self._in_use)
        self._in_use = frozenset(name for name, watts in shares.items() if watts)
        return tuple(shares.items())

    def told(self, outcome: Outcome, shares: Mapping[str, float], monotonic_s: float) -> None:
        """A battery that did not take its share is left out for one lease, and the others take over."""
        if not isinstance(outcome, Applied | Clamped):
            return
        failed = outcome.failed if isinstance(outcome, Clamped) else ()
        self._left_out.update(dict.fromkeys(failed, monotonic_s + self._hold_s))
        for name in shares:
            self.refusals[name] = outcome.reason if isinstance(outcome, Clamped) and name in failed else None

    def _now(self, unit: BatteryUnit, monotonic_s: float) -> Battery:
        """``unit`` with what it delivered lately, and with the window that its state of charge leaves."""
        device = SITE if self._response.is_of_one else unit.device
        battery = self._response.delivered(unit.battery, monotonic_s, device)
        judged = self._judged.get(unit.device)
        return battery if judged is None else judged.cautious(battery)

    def _fresh(self, reading: Reading | None, monotonic_s: float) -> float | None:
        return None if reading is None or monotonic_s - reading.at > self._stale_s else reading.value

    def _soc_pct(self, source: Source | None, monotonic_s: float) -> float | None:
        if source is None or source.frozen or source.doubted:
            return None
        if monotonic_s < self._left_out.get(source.device, monotonic_s):
            return None
        if not self._response.is_of_one and self._response.is_lost(monotonic_s, source.device):
            return None
        soc = source.readings.get(Quantity.SOC_PCT)
        if soc is None or soc.quality not in (Quality.GOOD, Quality.ESTIMATED) or monotonic_s - soc.at > self._stale_s:
            return None
        return soc.value


def _left_out(source: Source) -> Source:
    return replace(without_battery_power(source), roles=source.roles - {"battery"})
