"""The site as it is now: whether the agent runs, what it does, how old what is known is."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from agent.adapters.store.console_reader import first_at, marks
from agent.adapters.store.newest_rollups import spans
from agent.adapters.store.schema_version import SCHEMA_VERSION
from agent.adapters.store.store_reader import backlog, kept
from agent.advice.book import open_ones
from agent.console.live import Now, look
from agent.console.reading.advisories import read_book
from agent.console.reading.happened import alarms
from agent.console.reading.observed import observed
from agent.console.reading.plan import NoPlan, kept_plan, turning_points
from agent.console.reading.ranges import of_period
from agent.console.reading.series import COLUMNS, columns
from agent.console.reading.shapes import Document, head, local, rounded
from agent.console.source import Source
from agent.domain.documents import ALARMS, LINK, OBSERVING, OVERRIDE, SETPOINT, STATE, SWITCHED_LOADS
from agent.domain.override import Override
from agent.domain.plan import Plan
from agent.domain.sentence import named
from agent.domain.sentences import readings as say
from agent.domain.sentences.control import no_plan_yet
from agent.domain.setpoint import Rung
from agent.domain.wire import WireError
from agent.ports import StoreFailure
from agent.settings.permit import permission_of

TODAY = columns("load_wh", "pv_wh", "import_wh", "export_wh", "charge_wh", "discharge_wh", "cost", "co2_kg")
COMMITS_MISSED = 3.0
STORED_WITHIN = timedelta(minutes=10)  # or some commits: tidying at night takes a slow card a while
SAID_KEYS = ("text", "text_code", "text_values")
LOCKED_KEYS = ("locked", "locked_code", "locked_values")


@dataclass(frozen=True, slots=True)
class Site:
    """One look at live file and store. ``committed_at`` (UTC) is that of the newest commit."""

    source: Source
    shown: Now
    now: datetime
    committed_at: datetime | None

    @property
    def zone(self) -> ZoneInfo:
        return self.source.zone

    @property
    def runs(self) -> bool:
        """It shows itself, or where it is not shown here it has committed lately."""
        if self.shown.running:
            return True
        missed = timedelta(seconds=COMMITS_MISSED * self.source.settings.store.commit_s)
        hidden = self.source.runtime is None and self.committed_at is not None
        return hidden and self.committed_at is not None and self.now - self.committed_at < missed

    def newest(self, name: str) -> str | None:
        """The document ``name`` as it is shown, else as it was kept. Raises StoreFailure."""
        return (self.shown.documents or {}).get(name) or kept(self.source.store, name)

    def plain(self, name: str) -> Any:
        try:
            return json.loads(self.newest(name) or "null")
        except (ValueError, RecursionError):
            return None


def site_of(source: Source) -> Site:
    """Raises StoreFailure."""
    return Site(source, look(source), source.now(), marks(source.store).committed_at)


def status(source: Source) -> Document:
    """What `status` says, as values. Raises StoreFailure."""
    site = site_of(source)
    settings, zone, now = source.settings, site.zone, site.now
    standing = alarms(site.newest(ALARMS.name), now, zone)["items"]
    setpoint, link = site.plain(SETPOINT.name), site.plain(LINK.name) or {}
    rung = setpoint.get("rung") if isinstance(setpoint, dict) else None
    permission = None if source.site_file is None else permission_of(source.site_file, settings)
    locked = _locked(site, setpoint, None if permission is None else permission.locked)
    attention = _attention(site, [{key: alarm[key] for key in SAID_KEYS} for alarm in standing])
    return {
        **head(settings),
        "name": settings.site.name,
        "at": local(now, zone),
        "word": "attention" if attention else "ok",
        "attention": [one["text"] for one in attention],
        "attention_said": attention,
        "running": site.runs,
        "live": site.shown.running,
        "live_age_s": rounded(site.shown.age_s, 1),
        "store_at": local(site.committed_at, zone),
        "store_age_s": _age_s(site.committed_at, now),
        "rung": rung,
        "steers": None if rung is None else locked["locked"] is None,
        **locked,
        "permit": None if permission is None or permission.permit is None else permission.permit.words,
        "observation": observed(site.source.store, site.zone),
        "override": override(site),
        "plan": _plan_in_short(site),
        "alarms": len(standing),
        "advisories_open": _open_advice(site),
        "link": {
            "configured": settings.cloud is not None,
            "connected": link.get("connected"),
            **{name: link.get(name) for name in ("trouble", "trouble_code", "trouble_values")},
        },
        "outbox": {name: last - acked for name, (acked, last) in backlog(source.store).items()},
        "has_solar": settings.solar is not None,
        "has_demand_charge": settings.demand_charge is not None,
        "first_at": local(first_at(source.store, "day"), zone),
        "keep_days": settings.store.keep_days,
        "schema": SCHEMA_VERSION,
    }


def energy_flow(source: Source) -> Document:
    """What flows now and what today came to: the live picture, or the last commit's where none is shown.

    Where the store cannot be read the live picture is all; ``store`` then says why.
    """
    try:
        site = site_of(source)
        shown = site.shown if site.shown.documents is not None else _as_kept(site)
        beside: Document = {"battery": _battery(site), "today": _today(site), "prices": _prices(site), "store": "ok"}
        runs = site.runs
    except StoreFailure as failure:
        shown = look(source)
        beside, runs = {"battery": None, "today": None, "prices": None, "store": str(failure)}, shown.running
    at = local(shown.at, source.zone)
    return {**head(source.settings), **shown.document(), "at": at, "running": runs, **beside}


def override(site: Site) -> Document | None:
    """What a person or the platform has told the battery; None while nobody has. Raises StoreFailure."""
    document = site.newest(OVERRIDE.name)
    try:
        found = None if document in (None, "null") else OVERRIDE.read(document or "")
    except WireError:
        return None
    if found is None or found.until <= site.now:
        return None
    return override_document(found, site.zone)


def override_document(found: Override, zone: ZoneInfo) -> Document:
    return {
        "action": found.action.value,
        "power_w": found.power_w,
        "until": local(found.until, zone),
        "asked_at": local(found.asked_at, zone),
        "by": "person" if found.command is None else "platform",
        "text": found.words,
    }


def health(source: Source, version: str) -> Document:
    """Whether the agent runs and has stored lately; ``store`` is ``ok``, or says what is wrong with it."""
    try:
        site, trouble = site_of(source), None
    except StoreFailure as failure:
        site, trouble = Site(source, look(source), source.now(), None), str(failure)
    within = max(STORED_WITHIN, COMMITS_MISSED * timedelta(seconds=source.settings.store.commit_s))
    if trouble is None and (site.committed_at is None or site.now - site.committed_at > within):
        trouble = "nothing has been stored lately"
    return {
        "status": "ok" if site.runs and trouble is None else "attention",
        "version": version,
        "at": local(site.now, site.zone),
        "running": site.runs,
        "store": trouble or "ok",
        "store_age_s": _age_s(site.committed_at, site.now),
    }


def is_unwell(found: Document) -> bool:
    """Of what ``health`` says."""
    return bool(found["status"] != "ok")


def _as_kept(site: Site) -> Now:
    """The picture of the last commit, as the live one."""
    shown = (STATE, SETPOINT, OVERRIDE, LINK, ALARMS, SWITCHED_LOADS)
    names = [document.name for document in shown]
    documents = {name: text for name in names if (text := kept(site.source.store, name)) is not None}
    return Now(False, site.committed_at, _age_s(site.committed_at, site.now), None, documents)


def _locked(site: Site, setpoint: Any, locked: str | None) -> Document:
    """Why nothing is written: as the agent shows it, else as site file and permit say."""
    shown = site.plain(OBSERVING.name) if site.runs else None
    if isinstance(shown, dict) and "locked" in shown:
        return {key: shown.get(key) for key in LOCKED_KEYS}
    if not isinstance(setpoint, dict) or setpoint.get("rung") != Rung.OBSERVE.value:
        return named("locked", locked)
    return {key: setpoint.get(key.replace("locked", "reason")) for key in LOCKED_KEYS}


def _attention(site: Site, standing: list[Document]) -> list[Document]:
    """Sentences with code and values, the most important first; none where all is well."""
    said = list(standing)
    if not site.runs:
        last_at = None if site.committed_at is None else site.committed_at.astimezone(site.zone)
        stopped = say.agent_stopped() if last_at is None else say.agent_stopped_since(last_at=last_at)
        said.insert(0, named("text", stopped))
    plan = _plan(site)
    if plan is None:
        said.append(named("text", no_plan_yet()))
    elif plan.expires_at <= site.now:
        said.append(named("text", say.plan_has_expired(expired_at=plan.expires_at.astimezone(site.zone))))
    return said


def _plan(site: Site) -> Plan | None:
    try:
        return kept_plan(site.source.store)
    except NoPlan:
        return None


def _plan_in_short(site: Site) -> Document | None:
    found = _plan(site)
    if found is None:
        return None
    return {
        "issued_at": local(found.issued_at, site.zone),
        "expires_at": local(found.expires_at, site.zone),
        "expired": found.expires_at <= site.now,
    }


def _open_advice(site: Site) -> int | None:
    try:
        return len(open_ones(read_book(site.source.store), site.now))
    except WireError:
        return None


def _battery(site: Site) -> Document:
    """How full it is, and when it will be full and empty as planned."""
    battery, plan = site.source.settings.battery_spec(), _plan(site)
    try:
        state = STATE.read(site.newest(STATE.name) or "")
        soc_pct = state.soc_pct.known
    except WireError:
        soc_pct = None
    turns: Mapping[str, object] = {"full_at": None, "empty_at": None, "lowest_pct": None, "lowest_at": None}
    if plan is not None and plan.expires_at > site.now:
        turns = turning_points(plan, battery, site.now, site.zone)
    return {
        "soc_pct": rounded(soc_pct, 1),
        "stored_wh": None if soc_pct is None else rounded(battery.stored_wh(soc_pct), 0),
        "usable_wh": battery.usable_wh,
        "floor_pct": battery.floor_pct,
        "top_pct": battery.soc_max_pct,
        **turns,
    }


def _today(site: Site) -> Document:
    asked = of_period("today", site.now, site.zone)
    rows = spans(site.source.store, "day", asked.start, asked.end, site.zone)
    return {column.name: rounded(column.of(rows), column.digits) for column in TODAY}


def _prices(site: Site) -> Document:
    """What energy costs, brings and is worth now; from the plan, else from the newest hour."""
    plan = _plan(site)
    step = None if plan is None else plan.step_at(site.now)
    if step is not None:
        return {
            "import_price": rounded(step.import_price, 5),
            "export_price": rounded(step.export_price, 5),
            "energy_value_per_kwh": rounded(step.energy_value_per_kwh, 5),
        }
    rows = spans(site.source.store, "quarter", site.now - timedelta(minutes=30), site.now, site.zone)[-1:]
    bought, sold = (rounded(COLUMNS[name].of(rows), 5) for name in ("import_price", "export_price"))
    return {"import_price": bought, "export_price": sold, "energy_value_per_kwh": None}


def _age_s(at: datetime | None, now: datetime) -> float | None:
    return None if at is None else rounded(max(0.0, (now - at).total_seconds()), 0)
