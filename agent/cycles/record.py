"""One durable commit an interval: everything that waits in the journal, in one transaction."""

import json
from collections.abc import Callable
from dataclasses import replace

import structlog

from agent.domain.plan import Plan, ValueTable
from agent.domain.setpoint import Setpoint
from agent.domain.wire import to_json
from agent.latest import Latest
from agent.ports import Clock, Store, StoreFailure
from agent.recording.journal import Journal

log = structlog.get_logger("record")


class Record:
    """Writes the journal to the store. A commit that fails is given back to the journal and tried again."""

    def __init__(self, clock: Clock, store: Store, journal: Journal, latest: Latest) -> None:
        self._clock, self._store, self._journal, self._latest = clock, store, journal, latest
        self.acknowledged: Callable[[], tuple[tuple[str, int], ...]] = tuple
        self._plan: Plan | None = None
        self.commits = 0

    async def step(self) -> None:
        """Write what waits, and the newest picture for the status command."""
        self._keep_latest()
        for stream, seq in self.acknowledged():
            self._journal.acknowledge(stream, seq)
        batch = self._journal.take(self._clock.now())
        try:
            await self._store.write(batch)
        except StoreFailure as failure:
            self._journal.give_back(batch)
            if self._journal.alarm(self._clock.now(), "store_failed", str(failure)):
                log.error("store_failed", text=str(failure))
            return
        self.commits += 1
        if self._journal.alarm(self._clock.now(), "store_failed", None):
            log.info("store_failed", text="over")

    def _keep_latest(self) -> None:
        latest = self._latest
        if latest.state is not None:
            self._journal.keep("state", to_json(latest.state))
        if latest.setpoint is not None:
            self._journal.keep("setpoint", _setpoint_document(latest.setpoint, latest))
        if latest.plan is not None and latest.plan is not self._plan:
            self._journal.keep("plan", _plan_document(latest.plan))
            self._plan = latest.plan
        self._journal.keep("link", json.dumps({"connected": latest.connected, "trouble": latest.link_trouble}))
        while latest.kept_documents:
            self._journal.keep(*latest.kept_documents.popitem())
        self._journal.keep("alarms", json.dumps(list(self._journal.alarms)))


def _setpoint_document(setpoint: Setpoint, latest: Latest) -> str:
    document = json.loads(to_json(setpoint))
    document["outcome"] = type(latest.outcome).__name__.lower() if latest.outcome is not None else None
    return json.dumps(document)


def _plan_document(plan: Plan) -> str:
    """The plan for people: without the value table, which is most of it and of no use after a restart."""
    return to_json(replace(plan, values=ValueTable(plan.values.soc_pct, ())), digits=5)
