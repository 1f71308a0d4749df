"""The sites of the matrix: what is missing, stands still, is old or is about to turn its clock."""

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agent.adapters.store.schema_version import SCHEMA_VERSION
from agent.domain.documents import ALARMS, PLAN, SETPOINT, STATE
from agent.domain.records import Batch, MinuteRow
from agent.domain.sentence import named
from agent.domain.sentences import control
from agent.domain.site import Measured
from agent.domain.wire import to_json
from agent.settings.load import load
from agent.settings.permit import permit_file
from tests import site_files
from tests.console import site as console_site
from tests.console.browser.screen import Served, serving
from tests.console.site import ConsoleSite, copied

NIGHT = datetime(2026, 10, 25, 0, 37, tzinfo=UTC)  # half past one, for the first time
DAYS_OF_BARE = 3


@dataclass(frozen=True)
class Case:
    """The site of all tests, and a folder for what this state makes of it."""

    year: ConsoleSite
    folder: Path

    @contextmanager
    def usual(self) -> Iterator[Served]:
        with serving(copied(self.year, self.folder)) as served:
            yield served


def as_kept(served: Served, name: str, body: str | None) -> None:
    """Put ``body`` in place of the document ``name``; None forgets it."""
    with closing(sqlite3.connect(served.site.store)) as store:
        store.execute("DELETE FROM kept WHERE name = ?", (name,))
        if body is not None:
            store.execute("INSERT INTO kept VALUES (?, 0, ?)", (name, body))
        store.commit()


@contextmanager
def first(case: Case) -> Iterator[Served]:
    """The agent has just begun: no store yet."""
    with serving(ConsoleSite(case.folder)) as served:
        yield served


@contextmanager
def nothing(case: Case) -> Iterator[Served]:
    """Installed, and never begun nor commissioned."""
    with first(case) as served:
        permit_file(served.site.config).unlink()
        served.stop_agent()
        yield served


@contextmanager
def older(case: Case) -> Iterator[Served]:
    """The store of an earlier version; its agent has not begun on it."""
    with case.usual() as served:
        with closing(sqlite3.connect(served.site.store)) as store:
            store.execute(f"PRAGMA user_version = {SCHEMA_VERSION - 1}")
        served.stop_agent()
        yield served


@contextmanager
def stopped(case: Case) -> Iterator[Served]:
    with case.usual() as served:
        served.stop_agent()
        yield served


@contextmanager
def alarm(case: Case) -> Iterator[Served]:
    with case.usual() as served:
        served.show(alarms=json.loads(console_site.documents()[ALARMS.name]))
        yield served


@contextmanager
def clock_change(case: Case) -> Iterator[Served]:
    """Half an hour before the hour that comes twice, with a plan over it."""
    with serving(copied(case.year, case.folder, NIGHT)) as served:
        as_kept(served, PLAN.name, to_json(console_site.plan(NIGHT - timedelta(minutes=7))))
        usual = json.loads(console_site.documents()[SETPOINT.name])
        served.show(setpoint={**usual, "at": NIGHT.isoformat()})
        yield served


@contextmanager
def observing(case: Case) -> Iterator[Served]:
    """Not commissioned, and no advice."""
    with case.usual() as served:
        permit_file(served.site.config).unlink()
        for name in ("commissioning", "advice"):
            as_kept(served, name, None)
        usual = json.loads(console_site.documents()[SETPOINT.name])
        said = control.charging_from_sun(power_w=1500.0, paid_per_kwh=0.05, value_per_kwh=0.31)
        reason = named("reason", control.only_observed(would=control.order_charge_with(power_w=1500.0), said=said))
        shown = {**usual, **reason, "rung": "observe", "battery_w": None, "outcome": None}
        served.show(setpoint=shown, observing=named("locked", control.never_commissioned()))
        yield served


@contextmanager
def no_solar(case: Case) -> Iterator[Served]:
    site = bare_site(case.folder, has_solar=False)
    state = console_site.state()
    grid_w = (state.load_w.value or 0.0) - (state.battery_w.value or 0.0)
    shown = replace(state, pv_w=Measured(0.0), grid_w=Measured(grid_w))
    plan = console_site.plan()
    steps = tuple(replace(step, pv_w=0.0, import_w=step.load_w, export_w=0.0) for step in plan.steps)
    dark = replace(plan.pv, values=tuple((0.0,) * len(row) for row in plan.pv.values))
    write(site, Batch(kept=((PLAN.name, to_json(replace(plan, steps=steps, pv=dark))),)))
    with serving(site) as served:
        served.show(shown)
        yield served


@contextmanager
def no_tariff(case: Case) -> Iterator[Served]:
    """Prices come in a list that has not come."""
    site = bare_site(case.folder, has_tariff=False)
    with serving(site) as served:
        yield served


def bare_site(folder: Path, has_solar: bool = True, has_tariff: bool = True) -> ConsoleSite:
    """A few days, without plan, advice and report."""
    site = ConsoleSite(folder)
    text = site.config.read_text()
    if not has_solar:
        text = text.replace("\n[solar]\nrated_w = 6000\n", "\n").replace('["battery", "solar"]', '["battery"]')
    if not has_tariff:
        text = text.replace(site_files.NIGHT_TARIFF, site_files.LIST_TARIFF + "\n") + site_files.CLOUD.format(port=1)
    site.config.write_text(text)
    site.settings = load(site.config)
    rows = console_site.rows(console_site.NOW - timedelta(days=DAYS_OF_BARE), console_site.NOW, 900)
    kept = ((STATE.name, to_json(console_site.state())),)
    write(site, Batch(minutes=tuple(_bare(row, has_solar, has_tariff) for row in rows), kept=kept))
    return site


def write(site: ConsoleSite, batch: Batch) -> None:
    """On a thread of its own: where a browser is driven no other loop may run."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, site.write(batch)).result()


def _bare(row: MinuteRow, has_solar: bool, has_tariff: bool) -> MinuteRow:
    if not has_solar:
        load_wh = (row.load_w or 0.0) * row.span_s / 3600.0
        row = replace(row, pv_w=0.0, grid_w=row.load_w, battery_w=0.0, import_wh=load_wh, export_wh=0.0, charge_wh=0.0,
                      discharge_wh=0.0)  # fmt: skip
    return row if has_tariff else replace(row, import_price=None, export_price=None, cost=None)


STATES = {
    "first": first, "nothing": nothing, "older": older, "stopped": stopped, "alarm": alarm, "clock": clock_change,
    "observing": observing, "no-solar": no_solar, "no-tariff": no_tariff,
}  # fmt: skip
