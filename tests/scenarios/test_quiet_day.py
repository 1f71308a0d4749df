"""A day on which nothing goes wrong."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.domain.setpoint import Applied, Held, Rung
from tests.scenarios.stage import MIDNIGHT, home, staged

HOURS = 24
BRIGHT = 9  # the seed of a day whose sun fills the battery


async def test_a_quiet_day_follows_the_plan_and_every_setpoint_is_read_back_and_verified(tmp_path: Path) -> None:
    minutes = 60 * HOURS
    words: dict[str, Any] = {"step_s": 60, "hold_s": 360, "stale_s": 180, "interval_s": 1800}
    async with staged(tmp_path, trace=home(MIDNIGHT, BRIGHT), usable_wh=10_000, soc_pct=40.0, **words) as stage:
        await stage.play(minutes + 2.5)
        app, plant = stage.app, stage.plant
        events = await stage.events()
        counts = app.control.counts

    assert {moment.rung for moment in stage.seen[:3]} == {Rung.RULES}  # the first plan is made after the third step
    assert {moment.rung for moment in stage.seen[3:]} == {Rung.PLAN}
    assert all(isinstance(moment.outcome, Applied | Held) for moment in stage.seen)
    assert (counts.refused, counts.unreachable, counts.missed) == (0, 0, 0)
    assert counts.written > HOURS
    assert counts.verified >= counts.written - 1
    assert (app.planning.made, app.planning.failed) == (2 * HOURS + 1, 0)
    told = [text.split()[0] for kind, _, text in events if kind == "advice"]
    assert told == ["Charge"], "nothing twice"
    events = [event for event in events if event[0] != "advice"]
    assert events == [("started", "info", "the agent has started")]

    soc_pct = {MIDNIGHT + timedelta(minutes=moment.minute): moment.site.soc_pct for moment in stage.seen}
    for order in list(plant.orders)[:-1]:
        assert order.ending == "replaced"
        assert order.reached or soc_pct[order.at] > 90.0, "above that the battery tapers by itself"
    assert stage.at(16 * 60).site.soc_pct > 90.0, "the sun of the day is stored"
    assert stage.at(minutes).site.soc_pct < 80.0, "and used in the evening"
    for moment in stage.seen:
        assert 10.0 - 0.1 <= moment.site.soc_pct <= 95.1
        assert moment.site.grid_w <= 17_000.0

    rows = stage.rows("SELECT at, covered_s, import_wh FROM minute ORDER BY seq")
    assert [row[0] for row in rows] == [int(MIDNIGHT.timestamp()) + 60 * i for i in range(len(rows))]
    assert len(rows) >= minutes
    assert {row[1] for row in rows} == {60.0}
    assert sum(row[2] for row in rows) == pytest.approx(plant.counters.import_wh, rel=0.03)
