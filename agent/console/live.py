"""What the agent shows now, from the live file that it writes once a second."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from agent.adapters.host.live_file import read_live
from agent.console.flows import flows
from agent.console.source import Source
from agent.domain.alarms import StandingAlarm
from agent.domain.documents import ALARMS, LINK, OVERRIDE, SETPOINT, STATE, SWITCHED_LOADS
from agent.domain.sentence import named
from agent.domain.site import Measured, SiteState
from agent.domain.wire import WireError, from_json

FRESH = timedelta(seconds=5)  # what was shown longer ago is left over from an agent that has stopped
SHOWN = ("grid_w", "pv_w", "battery_w", "load_w", "soc_pct")

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Now:
    """``at`` (UTC) is when the agent wrote it; None where nothing is shown. ``seq`` grows with each picture."""

    running: bool
    at: datetime | None = None
    age_s: float | None = None
    seq: int | None = None
    documents: Mapping[str, str] | None = None

    @property
    def alarm_keys(self) -> frozenset[str]:
        """Of the alarms that stand: ``device_lost/meter``."""
        try:
            found = ALARMS.read((self.documents or {}).get(ALARMS.name, "[]"))
        except WireError:
            return frozenset()
        return frozenset(one if isinstance(one, str) else one.key for one in found)

    def document(self) -> Document:
        """As the API shows it. What is not known is null."""
        found = self.documents or {}
        state = _state(found.get(STATE.name))
        return {
            "seq": self.seq,
            "at": None if self.at is None else self.at.isoformat(),
            "age_s": None if self.age_s is None else round(self.age_s, 1),
            "running": self.running,
            "state": None if state is None else _state_document(state),
            "flows": None if state is None else _flows_document(state),
            "setpoint": _plain(found.get(SETPOINT.name)),
            "override": _plain(found.get(OVERRIDE.name)),
            "link": _plain(found.get(LINK.name)),
            "alarms": _alarms(found.get(ALARMS.name)),
            "switched": _switched(found.get(SWITCHED_LOADS.name)),
        }


def look(source: Source) -> Now:
    """Reads one small file in memory; a file that is half written, of another site or missing shows nothing."""
    shown = None if source.runtime is None else read_live(source.settings.site.id, source.runtime)
    if shown is None:
        return Now(running=False)
    age = source.now() - shown.at
    step = timedelta(seconds=2.0 * source.settings.control.step_s)
    running = age < FRESH + step
    return Now(running, shown.at, max(0.0, age.total_seconds()), int(shown.at.timestamp() * 1000), shown.documents)


def _state(text: str | None) -> SiteState | None:
    try:
        return None if text is None else from_json(SiteState, text)
    except WireError:
        return None  # of an agent of another version


def _state_document(state: SiteState) -> Document:
    return {
        "at": state.at.isoformat(),
        "faults": list(state.faults),
        **{name: _measured(getattr(state, name)) for name in SHOWN},
    }


def _measured(found: Measured) -> Document:
    return {"value": found.value, "quality": found.quality.value, "age_s": round(found.age_s, 1)}


def _flows_document(state: SiteState) -> Document | None:
    """None where one of the four is missing: the rest would be invented. A site without solar has a known 0."""
    grid, battery, load = state.grid_w.known, state.battery_w.known, state.load_w.known
    pv = state.pv_w.known
    if grid is None or battery is None or load is None or pv is None:
        return None
    return flows(grid, pv, battery, load).document()


def _alarms(text: str | None) -> list[Document | str]:
    """What stands; of an agent of an earlier version the texts alone."""
    try:
        standing = ALARMS.read(text or "[]")
    except WireError:
        return []
    return [one if isinstance(one, str) else _alarm(one) for one in standing]


def _switched(text: str | None) -> list[Document]:
    """The machines that have a relay: ``on`` is null while that is not known."""
    try:
        found = SWITCHED_LOADS.read(text or "[]")
    except WireError:
        return []
    return [
        {"name": one.name, "power_w": one.power_w, "on": one.on, "runs": one.runs, **named("reason", one.reason)}
        for one in found
    ]


def _alarm(one: StandingAlarm) -> Document:
    return {
        "key": one.key,
        "kind": one.kind,
        "subject": one.subject,
        "severity": one.severity.value,
        "since": one.since.isoformat(),
        **named("text", one.text),
        "told": one.told,
        "check": one.check,
    }


def _plain(text: str | None) -> Any:
    try:
        return None if text is None else json.loads(text)
    except (ValueError, RecursionError):
        return None
