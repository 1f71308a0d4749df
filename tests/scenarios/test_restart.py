"""An agent that ends and comes back: nothing is lost or numbered twice, and the battery is never left alone."""

import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.daemon import App
from agent.domain.documents import BY_NAME, DEMAND
from agent.domain.sentence import coded
from agent.domain.setpoint import Rung
from tests import site_files
from tests.scenarios.stage import CHARGE_W, MIDNIGHT, Stage, message, staged

CLOUD = site_files.CLOUD.format(port=1)
WORDS: dict[str, Any] = {"import_tariff": site_files.LIST_TARIFF, "cloud": CLOUD}


async def test_a_restarted_agent_keeps_the_inputs_and_all_rows(tmp_path: Path) -> None:
    async with staged(tmp_path, **WORDS) as stage:
        first = stage.app
        assert first.platform is not None
        prices = message("tariff", valid_from=MIDNIGHT, step_s=900, import_price=[0.08] * 24 + [0.6] * 72)
        await first.platform.listening.take("down/input/tariff", prices)
        until = MIDNIGHT + timedelta(hours=1)
        limit = message("gridlimit", valid_from=MIDNIGHT, valid_to=until, import_limit_w=7000.0)
        await first.platform.listening.take("down/input/gridlimit", limit)
        await stage.play(20.0)
        before = stage.rows("SELECT seq, at FROM minute ORDER BY seq")
        events = stage.rows("SELECT seq FROM event ORDER BY seq")
        await first.stop("the agent was told to stop")

        second = stage.build(**WORDS)
        assert second is not first
        await stage.start()
        assert second.conditions.import_prices == first.conditions.import_prices
        assert second.conditions.limit == first.conditions.limit
        await stage.play(40.0)
        after = stage.rows("SELECT seq, at FROM minute ORDER BY seq")
        assert after[: len(before)] == before
        seqs = [seq for seq, _ in after]
        assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
        assert stage.rows("SELECT seq FROM event ORDER BY seq")[: len(events)] == events
        assert stage.at(40.0).rung is Rung.PLAN
        minutes = {at for _, at in after}
        missing = {int(MIDNIGHT.timestamp()) + 60 * i for i in range(38)} - minutes
        assert len(missing) <= 1, "at most the minute of the restart"


def of_a_later_release(kept: Any) -> Any:
    """What was kept, with one more key in every object of it."""
    if isinstance(kept, list):
        return [of_a_later_release(one) for one in kept]
    if not isinstance(kept, dict):
        return kept
    return {name: of_a_later_release(one) for name, one in kept.items()} | {"of_a_later_release": 1}


async def test_over_a_later_release_everything_is_taken_up_and_it_steers(tmp_path: Path) -> None:
    """Of the documents with a shape: plain ones are checked by those who read them."""
    async with staged(tmp_path, **WORDS) as stage:
        assert stage.app.platform is not None
        prices = message("tariff", valid_from=MIDNIGHT, step_s=900, import_price=[0.08] * 24 + [0.6] * 72)
        await stage.app.platform.listening.take("down/input/tariff", prices)
        await stage.play(20.0)
        said = stage.app.conditions.said
        await stage.app.stop("another release is installed")
        with closing(sqlite3.connect(stage.store, isolation_level=None)) as connection:
            kept = dict(connection.execute("SELECT name, body FROM kept").fetchall())
            shaped = [name for name in kept if BY_NAME[name].shape is not None or BY_NAME[name] is DEMAND]
            for name in shaped:
                later = json.dumps(of_a_later_release(json.loads(kept[name])))
                connection.execute("UPDATE kept SET body = ? WHERE name = ?", (later, name))
        assert {"state", "inputs", "alarms", "plan"} <= set(shaped)
        stage.build(**WORDS)
        await stage.start()
        assert stage.app.conditions.said == said
        await stage.play(40.0)
        assert stage.at(40.0).rung is Rung.PLAN
        refused = "SELECT kind, text FROM event WHERE kind IN ('document_refused', 'message_refused', 'ledger_failed')"
        assert stage.rows(refused) == []


async def abandon(app: App) -> None:
    """What is left of a process that was killed: no connection and no thread, and nobody was told."""
    await app.devices.close()
    await app.store.close()


async def test_an_agent_that_dies_leaves_a_setpoint_that_lapses_within_its_hold(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.play(5.2)
        dead = stage.app
        left_s = dead.settings.control.hold_s
        stage.plant.bring_to_now()
        assert stage.plant.mode().startswith(f"setpoint -{CHARGE_W:.0f} W")
        assert stage.plant.band is not None
        assert stage.plant.band.lapses_at is not None
        assert stage.plant.seconds_left(stage.plant.band.lapses_at) <= left_s
        await abandon(dead)

        stage.clock.advance_to(stage.clock.now() + timedelta(seconds=left_s))
        assert stage.plant.bring_to_now().battery_w > 0.0, "its own self-consumption covers the load"
        assert stage.plant.mode() == "self-consumption"
        assert stage.plant.orders[-1].ending == "lapsed"

        stage.build()
        await stage.start()
        await stage.play(15.0)
        assert stage.at(15.0).mode.startswith(f"setpoint -{CHARGE_W:.0f} W")


async def told_of_the_meter(stage: Stage) -> list[str]:
    return [severity for kind, severity, _ in await stage.events() if kind == "device_lost/meter"]


@pytest.mark.parametrize("dies", [False, True])
@pytest.mark.parametrize(("silent_minutes", "told"), [(10.0, ["alarm", "info"]), (100.0, ["alarm"])])
async def test_an_alarm_outlives_the_agent_and_is_told_as_over_when_it_is(
    tmp_path: Path, dies: bool, silent_minutes: float, told: list[str]
) -> None:
    async with staged(tmp_path, timeout_s=0.05) as stage:
        stage.fault("no_answer", "meter", 2.1, silent_minutes)
        await stage.play(6.0)
        (raised,) = [alarm for alarm in stage.app.pending.standing.all if alarm.kind == "device_lost"]
        said = coded(raised.text)
        assert said is not None, "it can be said in another language"
        assert (said["code"], said["values"]["cause"]["values"]["asked"]["code"]) == (
            "device_lost",
            "reading_holding_registers",
        )
        await (abandon(stage.app) if dies else stage.app.stop("the agent was told to stop"))

        stage.clock.advance_to(MIDNIGHT + timedelta(minutes=30))
        stage.build(timeout_s=0.05)
        await stage.start()
        await stage.play(31.0)
        await abandon(stage.app)  # before it is judged whether the alarm still holds

        stage.build(timeout_s=0.05)
        await stage.start()
        await stage.play(36.0)
        assert await told_of_the_meter(stage) == told
        standing = {alarm.key: alarm for alarm in stage.app.pending.standing.all}
        assert ("device_lost/meter" in standing) is (told == ["alarm"])
        if told == ["alarm"]:
            assert standing["device_lost/meter"].since == raised.since
