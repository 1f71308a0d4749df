"""Energies that are added up for ever: by the devices' own counters where there are some, else by power. Pure.

A counter goes on while the agent is not there, so that nothing is missed over a restart. When one has fallen, or was
reset or exchanged as ``recording/counters.py`` has found out, the total goes on from its new value, and what was
measured as power since the last good value stands for what it did not say. So a total never falls.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

from agent.domain.energy_totals import CounterSeen, EnergyTotals
from agent.domain.records import MinuteRow
from agent.savings.today import minute_gain

Sources = Mapping[str, tuple[str, ...]]
LINES = ("import_wh", "export_wh", "solar_wh", "charge_wh", "discharge_wh")


def sources_of(roles: Mapping[str, frozenset[str]]) -> Sources:
    """The counters (``device.quantity``) of each total, by what the devices measure.

    An inverter counts what it delivers: the sun's energy only where no battery is behind it.
    """
    meters = [name for name, found in roles.items() if "grid" in found]
    solar = [name for name, found in roles.items() if "solar" in found]
    is_sun_alone = not any("battery" in roles[name] for name in solar)
    return {
        "import_wh": tuple(f"{name}.import_wh" for name in meters),
        "export_wh": tuple(f"{name}.export_wh" for name in meters),
        "solar_wh": tuple(f"{name}.ac_wh" for name in solar) if is_sun_alone else (),
    }


class EnergyCount:
    """Counts minutes once ``recall`` was called. ``zone`` is the site's, whose days the saving is of."""

    def __init__(self, sources: Sources, zone: ZoneInfo, has_solar: bool) -> None:
        self._sources, self._zone, self._has_solar = sources, zone, has_solar
        self._seen: dict[str, float] = {}
        self._bridge_wh = dict.fromkeys(LINES, 0.0)  # measured as power since the counter's last good value
        self._reset: set[str] = set()
        self.totals: EnergyTotals | None = None

    def recall(self, kept: EnergyTotals | None) -> None:
        """Go on from ``kept``, or from 0. Counters that are no source any more are forgotten."""
        self.totals = kept or EnergyTotals()
        known = {name for names in self._sources.values() for name in names}
        self._seen = {one.name: one.wh for one in self.totals.counters if one.name in known}

    def go_by(self, sources: Sources, has_solar: bool) -> None:
        """Other counters from now on. What power has measured since the last word of one that goes is kept."""
        before, self._sources, self._has_solar = self._sources, sources, has_solar
        changed = [line for line in LINES if before.get(line, ()) != sources.get(line, ())]
        if self.totals is not None:
            owed = {line: getattr(self.totals, line) + self._bridge_wh[line] for line in changed}
            self.totals = replace(self.totals, **owed)
        self._bridge_wh |= dict.fromkeys(changed, 0.0)
        known = {name for names in sources.values() for name in names}
        self._seen = {name: wh for name, wh in self._seen.items() if name in known}

    def note_reset(self, counter: str) -> None:
        """``counter`` has been reset, exchanged or rolled over: the total goes on from what it says next."""
        self._reset.add(counter)

    def minute(self, row: MinuteRow, names: Sequence[str]) -> None:
        """Count a finished minute, whose points are ``names``."""
        if self.totals is None:
            return
        points = dict(zip(names, row.points, strict=False))
        measured_wh = {
            "import_wh": row.import_wh,
            "export_wh": row.export_wh,
            "solar_wh": max(0.0, row.pv_w or 0.0) * row.covered_s / 3600.0,
            "charge_wh": row.charge_wh,
            "discharge_wh": row.discharge_wh,
        }
        added = {line: self._added_wh(line, points, measured_wh[line]) for line in LINES}
        grown = {line: getattr(self.totals, line) + wh for line, wh in added.items()}
        counters = tuple(CounterSeen(name, wh) for name, wh in sorted(self._seen.items()))
        self.totals = replace(self._with_gain(self.totals, row), counters=counters, **grown)

    def _added_wh(self, line: str, points: Mapping[str, float | None], measured_wh: float) -> float:
        names = self._sources.get(line, ())
        said = {name: wh for name in names if (wh := points.get(name)) is not None}
        if not names or any(name not in self._seen for name in names):
            # By power until every counter has spoken; what they had counted before is not ours to add.
            if names and len(said) == len(names):
                self._seen |= said
                self._reset -= set(names)
            return measured_wh
        self._bridge_wh[line] += measured_wh
        return sum(self._rise_wh(line, name, wh) for name, wh in said.items())

    def _rise_wh(self, line: str, name: str, wh: float) -> float:
        before = self._seen[name]
        if name not in self._reset and wh >= before > 0.0:  # one that says 0 has counted nothing, or said nothing
            rise_wh = wh - before
        else:
            # What one of several did not say is not known apart.
            rise_wh = self._bridge_wh[line] if len(self._sources[line]) == 1 else 0.0
        self._reset.discard(name)
        self._seen[name], self._bridge_wh[line] = wh, 0.0
        return rise_wh

    def _with_gain(self, totals: EnergyTotals, row: MinuteRow) -> EnergyTotals:
        if not row.time_trusted:
            return totals
        day, gain = row.at.astimezone(self._zone).date(), minute_gain(row, self._has_solar)
        saved = totals.saved if day == totals.day else None
        return replace(totals, day=day, saved=saved if gain is None else (saved or 0.0) + gain)
