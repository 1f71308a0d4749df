"""A Deye takes one order a minute: what is wanted meanwhile is in force once the minute is over."""

from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from agent.domain.override import Override, OverrideAction
from agent.domain.setpoint import Clamped, Held
from simulator.columns import MeasuredColumn
from simulator.traces import Trace
from simulator.units import Written
from tests.scenarios.stage import MIDNIGHT, Stage, playing
from tests.site_files import FLAT_TARIFF

PACE_S = 60.0
BEFORE_W, AFTER_W = 1100.0, 2600.0
HELD_AT, ORDER_AT, RISES_AT, END = 75, 170, 180, 270  # seconds
LIMIT, OWNERS_A = 211, 120  # the register of the discharge current, and what the owner has set there
LATE_S = 4.0  # an order counts from its read-back, two seconds on, and the next one comes with a step of control
SETTLED_W = 60.0  # an ampere is 52 W


class Noted(deque[Written]):
    """The writes that a device has taken, with their times."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self._stage = stage
        self.at: list[tuple[datetime, int]] = []

    def append(self, written: Written) -> None:
        super().append(written)
        self.at.append((self._stage.clock.true_now(), written.address))

    def times(self, address: int) -> list[float]:
        """When the register was written, seconds of the play."""
        return [(at - MIDNIGHT).total_seconds() for at, written in self.at if written == address]


@asynccontextmanager
async def deye(folder: Path) -> AsyncIterator[tuple[Stage, Noted]]:
    """A single-phase Deye that is held until ``ORDER_AT``; ten seconds after the order of then the load rises."""
    first, minutes = int(MIDNIGHT.timestamp()), RISES_AT // 60
    loads = [BEFORE_W] * minutes + [AFTER_W] * (24 * 60 - minutes)
    trace = Trace({"load_w": MeasuredColumn(first, 60, loads), "pv_w": MeasuredColumn(first, 3600, [0.0] * 24)})
    stage = Stage(folder, trace, 50.0, 40_000.0, MIDNIGHT, "deye_1p")
    stage.site.link = replace(stage.site.link, settle_s=0.0, answer_s=0.0)
    inverter = {"family": "deye_hybrid", "unit_id": 1}
    words: dict[str, Any] = {"step_s": 1, "hold_s": 60, "stale_s": 15, "import_tariff": FLAT_TARIFF}
    async with playing(stage, inverter=inverter, **words):
        noted = Noted(stage)
        stage.site.units[1].requests = noted
        await stage.play(ORDER_AT / 60.0, {HELD_AT / 60.0: lambda: hold(stage, ORDER_AT)})
        yield stage, noted


async def hold(stage: Stage, until_s: float) -> None:
    until = MIDNIGHT + timedelta(seconds=until_s)
    assert stage.app.overrides.begin(Override(OverrideAction.HOLD, until, stage.clock.now())) is None


def limit_a(stage: Stage) -> int:
    image = stage.site.units[1].image
    return image.words[LIMIT - image.base]


async def test_the_limit_follows_a_load_that_rises_after_an_order_when_the_minute_is_over(tmp_path: Path) -> None:
    async with deye(tmp_path) as (stage, noted):
        await stage.play(END / 60.0)
        orders = [at_s for at_s in noted.times(LIMIT) if at_s >= ORDER_AT]
        assert len(orders) == 2
        assert ORDER_AT <= orders[0] < RISES_AT
        assert PACE_S <= orders[1] - orders[0] <= PACE_S + LATE_S
        assert all(after - before >= PACE_S for before, after in pairwise(noted.times(LIMIT)))
        waits = [moment.outcome for moment in stage.between(RISES_AT / 60.0, orders[1] / 60.0 - 0.05)]
        later = [outcome for outcome in waits if isinstance(outcome, Clamped) and outcome.unchanged]
        assert later, "it was asked for meanwhile"
        assert all(outcome in later or isinstance(outcome, Held) for outcome in waits)
        assert abs(stage.seen[-1].site.grid_w) <= SETTLED_W
        await stage.app.record.step()
        rows = [at for (at,) in stage.rows("SELECT at FROM decision") if at >= MIDNIGHT.timestamp() + ORDER_AT]
        assert len(rows) <= 2


async def test_a_hold_that_comes_too_soon_is_in_force_when_the_minute_is_over(tmp_path: Path) -> None:
    async with deye(tmp_path) as (stage, noted):
        await stage.play(END / 60.0, {RISES_AT / 60.0: lambda: hold(stage, 3600.0)})
        orders = [at_s for at_s in noted.times(LIMIT) if at_s >= ORDER_AT]
        assert len(orders) == 2
        assert PACE_S <= orders[1] - orders[0] <= PACE_S + LATE_S
        assert limit_a(stage) == 0
        assert abs(stage.seen[-1].site.battery_w) < SETTLED_W


async def test_a_release_within_the_minute_is_written_at_once(tmp_path: Path) -> None:
    released: list[float] = []

    async def release() -> None:
        await stage.app.control.end("the test releases")
        released.append((stage.clock.true_now() - MIDNIGHT).total_seconds())

    async with deye(tmp_path) as (stage, noted):
        await stage.play((RISES_AT + 20) / 60.0, {(RISES_AT + 10) / 60.0: release})
        assert released[0] - LATE_S <= noted.times(LIMIT)[-1] < ORDER_AT + PACE_S
        assert limit_a(stage) == OWNERS_A
