"""What can be tried before anything depends on it: a plan on made-up data, the store, and what is kept in it."""

import asyncio
import json
import os
import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from agent.adapters.mqtt.incoming_messages import parse_input
from agent.adapters.store.store_file import BUSY_TIMEOUT_MS
from agent.adapters.store.store_reader import kept_documents
from agent.cycles.alarms import Alarms
from agent.domain.alarms import AlarmKind
from agent.domain.documents import BY_NAME, SELF_TEST
from agent.domain.records import Batch
from agent.domain.sentence import sentence_of
from agent.domain.sentences import self_tests as say
from agent.domain.sentences.alarms import self_test_failed
from agent.domain.sentences.joined import joined
from agent.domain.sentences.store import nothing_written_beside, store_takes_no_write
from agent.made_up import fill, made_up_request
from agent.planning.check import check_plan
from agent.ports import Clock, Planner, PlannerFailure, Store, StoreFailure
from agent.settings.schema import Settings
from agent.site_conditions.kept_inputs import KEPT_INPUTS, read_kept_inputs

WITHIN_S = 60.0  # of all at a start; below TimeoutStartSec of the unit
MODELS = "models"  # beside the store, as in ``adapters.models.registry_file``
PROBE_BYTES = 64 * 1024
# How a plan's notes begin where the solver did not answer.
FALLBACK = ("The schedule follows", "The schedule is that of")


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
            self._tell(Finding("late", say.self_test_not_ended(within_s=WITHIN_S)))

    def plan_works(self) -> None:
        """A plan was made since: what failed at the start is no longer wrong."""
        self._tell(Finding("plan"))

    def store_works(self) -> None:
        """A commit was written since."""
        self._tell(Finding("store"))

    async def _written(self) -> Finding:
        document = json.dumps({"at": self._clock.now().isoformat(timespec="seconds")})
        try:
            await self._store.write(Batch(kept=((SELF_TEST.name, document),)))
        except StoreFailure as failure:
            return Finding("store", sentence_of(failure))
        return Finding("store")

    def _tell(self, finding: Finding) -> None:
        said = None if finding.trouble is None else self_test_failed(cause=finding.trouble)
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
        return [Finding("plan", say.no_made_up_plan(cause=sentence_of(failure)))]
    wrong = check_plan(plan, request)
    if wrong:
        return [Finding("plan", say.made_up_plan_refused(cause=wrong[0]))]
    fallback = [note for note in plan.notes if note.startswith(FALLBACK)]
    others = [note for note in plan.notes if note not in fallback]
    return [Finding("plan"), Finding("solver", _joined(fallback)), Finding("models", _joined(others))]


async def try_kept(store: Path, currency: str) -> Finding:
    """Whether everything that the store keeps by name can be read. ``currency`` is that of the kept prices."""
    return await asyncio.to_thread(_kept, store, currency)


def _kept(store: Path, currency: str) -> Finding:
    try:
        if not store.exists():
            return Finding("kept")
        documents = kept_documents(store)
    except StoreFailure as failure:
        return Finding("kept", sentence_of(failure))
    except OSError as error:  # a folder that is closed to this user
        return Finding("kept", say.store_not_seen(path=str(store), cause=error.strerror or str(error)))
    inputs = read_kept_inputs(documents, partial(parse_input, currency=currency)).unreadable
    others = {name: text for name, text in documents.items() if name not in KEPT_INPUTS}
    found = [(name, why) for name, text in others.items() if (why := _unreadable(name, text)) is not None]
    return Finding("kept", _joined([say.kept_unreadable(kept=name, cause=why) for name, why in (*inputs, *found)]))


def _unreadable(name: str, text: str) -> str | None:
    """Why; None where it can be read. A document that no start needs, or that another version wrote, must be JSON."""
    document = BY_NAME.get(name)
    try:
        if document is not None and document.needed_at_start:
            document.read(text)
        else:
            json.loads(text)
    except (ValueError, RecursionError) as error:  # a WireError is a ValueError
        return str(error)
    return None


async def try_store(path: Path) -> Finding:
    """Whether the store takes a write, without leaving one; safe beside a daemon that runs."""
    return Finding("store", await asyncio.to_thread(_store_trouble, path))


def _store_trouble(path: Path) -> str | None:
    probe = path.with_name(f"{path.name}.self-test")
    try:
        _write_and_remove(probe)
    except OSError as error:
        return nothing_written_beside(path=str(path), cause=error.strerror or str(error))
    if not path.exists():
        return None
    try:
        with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_MS / 1000.0, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT OR REPLACE INTO kept (name, at, body) VALUES ('self_test', 0, '{}')")
            connection.execute("ROLLBACK")
    except sqlite3.Error as error:
        return store_takes_no_write(path=str(path), cause=str(error))
    return None


def _write_and_remove(probe: Path) -> None:
    try:
        with probe.open("wb") as stream:
            stream.write(bytes(PROBE_BYTES))
            stream.flush()
            os.fsync(stream.fileno())
    finally:
        probe.unlink(missing_ok=True)


def _joined(sentences: Sequence[str]) -> str | None:
    return joined(sentences) if sentences else None
