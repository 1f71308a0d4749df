"""The four weeks before the demo: what a store would hold on a site where the agent has run that long."""

from datetime import datetime, timedelta

from agent.adapters.store.sqlite_store import SqliteStore
from agent.domain.records import Batch, MinuteRow
from demo.scene import PAST_DAYS, Scene

STEP_S = 900


async def fill(store: SqliteStore, scene: Scene) -> None:
    """Write quarter-hour rows of load and solar power, and roll them up."""
    begin = max(scene.start - timedelta(days=PAST_DAYS), scene.trace.start)
    load = dict(scene.trace.series("load_w", begin, scene.start))
    pv = dict(scene.trace.series("pv_w", begin, scene.start))
    rows = []
    for i in range(int((scene.start - begin).total_seconds()) // STEP_S):
        at = begin + timedelta(seconds=STEP_S * i)
        load_w, pv_w = _mean(load, at, scene.trace.step_s), _mean(pv, at, scene.trace.step_s)
        rows.append(MinuteRow.known_from_elsewhere(at, STEP_S, load_w, pv_w if pv else 0.0))
    await store.write(Batch(minutes=tuple(rows)))
    backlog = await store.backlog()
    await store.write(Batch(acknowledged=(("minute", backlog["minute"][1]),)))
    await store.tidy(scene.start)


def _mean(values: dict[datetime, float | None], at: datetime, step_s: int) -> float | None:
    """The mean of ``values`` over the quarter from ``at``; a longer step holds for all its quarters."""
    if step_s >= STEP_S:
        seconds = int(at.timestamp())
        return values.get(at - timedelta(seconds=seconds % step_s))
    inside = [values.get(at + timedelta(seconds=offset)) for offset in range(0, STEP_S, step_s)]
    known = [value for value in inside if value is not None]
    return sum(known) / len(known) if known else None
