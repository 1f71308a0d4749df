"""What the platform sends counts from the next control step on, and what it does not send is not made up."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.adapters.mqtt.payloads import JsonPayloads
from agent.domain.inputs import PlatformInput
from agent.domain.setpoint import Rung
from agent.workers.planner import read_history
from tests import site_files
from tests.scenarios.stage import CHARGE_W, MIDNIGHT, HonestPlanner, Stage, message, staged

PAYLOADS = JsonPayloads("site-1", "s")


def send(stage: Stage, name: str, **body: object) -> None:
    parsed = PAYLOADS.parse(f"down/input/{name}", message(name, **body))
    assert isinstance(parsed, PlatformInput)
    stage.app.conditions.take(parsed)


@pytest.mark.parametrize(
    ("limit_w", "battery_w"),
    [(7000.0, -1000.0), (4000.0, 2000.0)],
    ids=["less is charged", "the battery helps"],
)
async def test_a_grid_limit_in_mid_interval_is_kept_to_at_the_next_step(
    tmp_path: Path, limit_w: float, battery_w: float
) -> None:
    async with staged(tmp_path) as stage:

        async def limit() -> None:
            now = stage.clock.now()
            send(stage, "gridlimit", valid_from=now, valid_to=now + timedelta(minutes=4), import_limit_w=limit_w)

        await stage.play(13.0, {5.1: limit})
        asked = stage.app.planning.made
        before, inside, after = stage.between(1.3, 5.1), stage.between(5.1, 9.1), stage.between(9.1, 13.0)
        assert asked == 1, "the limit did not wait for another plan"
        assert {moment.setpoint.battery_w for moment in (*before, *after)} == {-CHARGE_W}
        for moment in inside:
            assert moment.setpoint.battery_w == pytest.approx(battery_w, abs=110)  # the load wanders by 100 W
            assert moment.rung is Rung.PLAN
        for moment in inside[1:]:
            # What the load does between two steps, and the dead-band of 80 W, nobody can hold to.
            assert moment.site.grid_w <= limit_w + 200.0 + 80.0


async def test_the_site_file_keeps_the_last_word_where_it_is_narrower(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:

        async def limit() -> None:
            now = stage.clock.now()
            send(stage, "gridlimit", valid_from=now, valid_to=now + timedelta(hours=1), import_limit_w=50_000.0)

        await stage.play(3.0, {0.5: limit})
        assert stage.app.conditions.connection(stage.clock.now()).import_limit_w == 17_000.0


CLOUD = site_files.CLOUD.format(port=1)  # nobody listens there: the tests speak with the voice of the platform


async def test_without_any_price_there_is_no_plan_and_the_rule_holds(tmp_path: Path) -> None:
    async with staged(tmp_path, import_tariff=site_files.LIST_TARIFF, cloud=CLOUD) as stage:
        await stage.play(5.0)
        assert {moment.rung for moment in stage.seen} == {Rung.RULES}
        assert ("no_plan", "alarm", "no plan: no price is known") in await stage.events()


async def test_where_a_price_list_ends_nothing_is_bought_on_a_guess(tmp_path: Path) -> None:
    words: dict[str, Any] = {"step_s": 60, "hold_s": 360, "stale_s": 180, "interval_s": 1800, "valid_h": 6}
    words |= {"import_tariff": site_files.LIST_TARIFF, "cloud": CLOUD}
    async with staged(tmp_path, soc_pct=90.0, usable_wh=80_000, **words) as stage:
        dear_then_cheap = [0.40] * 12 + [0.08] * 12
        send(stage, "tariff", valid_from=MIDNIGHT, step_s=900, import_price=dear_then_cheap)
        await stage.play(60.0 * 7)
        plan = stage.app.planning
        assert (plan.made, plan.failed) == (14, 0)
        notes = stage.app.outlet.view.plan.notes if stage.app.outlet.view.plan else ()
        assert [note for note in notes if note.startswith("the import price is not known for 48 of 48 steps")]
        for moment in stage.between(362, 420):
            assert moment.rung is Rung.PLAN
            assert moment.site.battery_w > -50.0, moment.setpoint.reason


async def test_the_weather_of_every_hour_is_written_down_and_known_to_the_plans_that_follow(tmp_path: Path) -> None:
    words: dict[str, Any] = {"step_s": 60, "hold_s": 360, "stale_s": 180, "interval_s": 1800, "valid_h": 6}
    async with staged(tmp_path, **words) as stage:
        degrees = [4.0, 5.0, None, 7.0, 8.0, 9.0]
        send(stage, "weather", valid_from=MIDNIGHT - timedelta(hours=1), step_s=3600, temperature_c=degrees)
        await stage.play(60.0 * 3 + 5.0)
        await stage.app.record.step()
        start = int(MIDNIGHT.timestamp())
        rows = [(start - 3600, 4.0), (start, 5.0), (start + 7200, 7.0), (start + 10800, 8.0)]
        assert stage.rows("SELECT at, temperature_c FROM weather ORDER BY at") == rows
        assert isinstance(stage.planner, HonestPlanner)
        known = read_history(stage.planner.asked[-1]).weather
        assert known is not None
        assert known.temperature_c[-4:] == (4.0, 5.0, None, 7.0), "the hour that has just begun is not yet over"
