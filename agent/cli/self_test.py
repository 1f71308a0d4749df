"""`enalysis-edge check --self-test FILE`: what an installation does not do, tried without the daemon or beside it."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from agent.adapters.host import logs
from agent.adapters.processes.planner_process import PlannerProcess
from agent.cli.ending import FAILED, GOOD
from agent.self_test import Finding, try_kept, try_plan, try_store
from agent.settings.schema import Settings

WORDS = {
    "store": "the store takes a write",
    "kept": "what is kept can be read",
    "plan": "a plan on made-up data",
    "solver": "the solver",
    "models": "the models",
}


def self_test(settings: Settings, say: Callable[[str], None]) -> int:
    """A line for each thing that is tried; 1 when one of them fails."""
    logs.configure("error")
    found = asyncio.run(_findings(settings))
    for finding in found:
        said = "ok" if finding.trouble is None else f"FAILED: {finding.trouble}"
        say(f"  {WORDS[finding.what]:<25} {said}")
    failed = sum(finding.trouble is not None for finding in found)
    say(f"self-test: {failed} of {len(found)} failed" if failed else "self-test: all is well")
    return FAILED if failed else GOOD


async def _findings(settings: Settings) -> list[Finding]:
    store = Path(settings.store.path)
    planner = PlannerProcess(settings.planning.deadline_s, settings.planning.memory_mb)
    return [await try_store(store), await try_kept(store, settings.site.currency), *await try_plan(settings, planner)]
