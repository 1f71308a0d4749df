"""What can be tried before anything depends on it: a plan on made-up data, the store, and what is kept in it."""

import asyncio
import json
import os
import sqlite3
import tempfile
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.adapters.mqtt.incoming_messages import parse_incoming
from agent.adapters.mqtt.payloads import LARGEST_PAYLOAD
from agent.adapters.store.store_file import BUSY_TIMEOUT_MS
from agent.adapters.store.store_reader import kept_documents
from agent.cycles.alarms import Alarms
from agent.domain.advisory import AdviceBook
from agent.domain.alarms import AlarmKind
from agent.domain.forecast_corrections import ForecastCorrections
from agent.domain.inputs import DOCUMENT as INPUTS
from agent.domain.inputs import Inputs
from agent.domain.ledger import LedgerCheckpoint
from agent.domain.paired_trial import Schedule
from agent.domain.records import Batch
from agent.domain.wire import WireError, from_json
from agent.made_up import fill, made_up_request
from agent.planning.check import check_plan
from agent.ports import Clock, PayloadRefused, Planner, PlannerFailure, Store, StoreFailure
from agent.settings.schema import Settings

WITHIN_S = 60.0  # of all at a start; below TimeoutStartSec of the unit
MODELS = "models"  # beside the store: as in ``adapters.models.model_registry``, which loads numpy
PROBE_BYTES = 64 * 1024
FALLBACK = "The schedule follows"  # how a plan's note begins where the solver did not answer


@dataclass(frozen=True, slots=True)
class Finding:
    """``what`` was tried: plan, solver, models, store, kept. ``trouble`` is one sentence, None where it is good."""

    what: str
    trouble: str | None = None


class SelfTest:
    """At a start: each thing that fails is an alarm ``self_test_failed/<what>``; control goes on without it."""

    def __init__(self, settings: Settings, clock: Clock, planner: Planner, store: Store, alarms: Alarms) -> None:
        self._settings, self._clock = settings, clock
        self._planner, self._store, self._alarms = planner, store, alarms

    async def run(self) -> None:
        try:
            async with asyncio.timeout(WITHIN_S):
                self._tell(await self._written())
                self._tell(await try_kept(Path(self._settings.store.path), self._settings.site.currency))
                for finding in await try_plan(self._settings, self._planner):
                    self._tell(finding)
        except TimeoutError:
            self._tell(Finding("late", f"it did not end within {WITHIN_S:g} s"))

    def relieve(self, plans: int, commits: int) -> None:
        """What has worked since is no longer wrong: ``plans`` and ``commits`` are their numbers from the start on."""
        if plans:
            self._tell(Finding("plan"))
        if commits:
            self._tell(Finding("store"))

    async def _written(self) -> Finding:
        document = json.dumps({"at": self._clock.now().isoformat(timespec="seconds")})
        try:
            await self._store.write(Batch(kept=(("self_test", document),)))
        except StoreFailure as failure:
            return Finding("store", str(failure))
        return Finding("store")

    def _tell(self, finding: Finding) -> None:
        said = None if finding.trouble is None else f"self-test: {finding.trouble}"
        self._alarms.alarm(AlarmKind.SELF_TEST_FAILED, said, finding.what)


async def try_plan(settings: Settings, planner: Planner) -> list[Finding]:
    """One plan on made-up data with the site's battery and models; what it had to do without is a finding too."""
    try:
        with tempfile.TemporaryDirectory(prefix="enalysis-self-test-") as name:
            request = made_up_request(settings, Path(name))
            (Path(name) / MODELS).symlink_to(Path(settings.store.path).with_name(MODELS).absolute())
            await fill(Path(request.store), settings.solar_rated_w)
            plan = await planner.plan(request)
    except (PlannerFailure, StoreFailure, OSError) as failure:
        return [Finding("plan", f"no plan could be made on made-up data: {failure}")]
    wrong = check_plan(plan, request)
    if wrong:
        return [Finding("plan", f"the plan on made-up data was refused: {wrong[0]}")]
    fallback = [note for note in plan.notes if note.startswith(FALLBACK)]
    others = [note for note in plan.notes if note not in fallback]
    return [Finding("plan"), Finding("solver", _joined(fallback)), Finding("models", _joined(others))]


async def try_kept(store: Path, currency: str) -> Finding:
    """Whether everything that the store keeps by name can be read. ``currency`` is that of the kept prices."""
    return await asyncio.to_thread(_kept, store, currency)


def _kept(store: Path, currency: str) -> Finding:
    if not store.exists():
        return Finding("kept")
    try:
        documents = kept_documents(store)
    except StoreFailure as failure:
        return Finding("kept", str(failure))
    return Finding("kept", _joined([said for one in documents.items() if (said := _unreadable(*one, currency))]))


def _object(document: str) -> None:
    json.loads(document)


def _as(kind: Any) -> Callable[[str], object]:
    return lambda document: from_json(kind, document)


READERS: Mapping[str, Callable[[str], object]] = {
    "ab/schedule": _as(Schedule),
    "advice": _as(AdviceBook),
    "experience": _as(tuple[ForecastCorrections, ...]),
    INPUTS: _as(Inputs),
    "ledger": _as(LedgerCheckpoint),
}


def _unreadable(name: str, document: str, currency: str) -> str | None:
    try:
        if name.startswith("input/"):
            parse_incoming(f"down/{name}", document.encode(), LARGEST_PAYLOAD, currency)
        else:
            READERS.get(name, _object)(document)
    except (WireError, PayloadRefused, ValueError, RecursionError) as error:
        return f"the kept {name.removeprefix('input/')} cannot be read: {error}"
    return None


async def try_store(path: Path) -> Finding:
    """Whether the store takes a write, without leaving one; safe beside a daemon that runs."""
    return Finding("store", await asyncio.to_thread(_store_trouble, path))


def _store_trouble(path: Path) -> str | None:
    probe = path.with_name(f"{path.name}.self-test")
    try:
        _write_and_remove(probe)
    except OSError as error:
        return f"nothing can be written beside the store {path}: {error.strerror}"
    if not path.exists():
        return None
    try:
        with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_MS / 1000.0, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT OR REPLACE INTO kept (name, at, body) VALUES ('self_test', 0, '{}')")
            connection.execute("ROLLBACK")
    except sqlite3.Error as error:
        return f"the store {path} takes no write: {error}"
    return None


def _write_and_remove(probe: Path) -> None:
    try:
        with probe.open("wb") as stream:
            stream.write(bytes(PROBE_BYTES))
            stream.flush()
            os.fsync(stream.fileno())
    finally:
        probe.unlink(missing_ok=True)


def _joined(sentences: list[str]) -> str | None:
    return "; ".join(sentences) or None
