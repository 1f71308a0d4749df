"""When a backlog goes compressed: to a platform that says that it reads it, over a link that can say what it is."""

import json

import pytest

from agent.adapters.store.sqlite_store import SqliteStore
from agent.cycles.sync import HISTORY_ROWS
from agent.cycles.sync_rules import SyncRules
from agent.domain.envelope import HISTORY_TYPE
from agent.domain.records import Batch
from simulator.history import unpack
from tests.adapters.store.store_rows import event
from tests.cycles.test_sync import Scene, scene, store

__all__ = ["scene", "store"]  # fixtures
READS = {"accepts": ["text/later", HISTORY_TYPE]}


def forms(scene: Scene) -> list[str]:
    return ["plain" if one.content_type is None else "packed" for one in scene.link.sent if one.stream == "minute"]


def seqs(scene: Scene) -> list[int]:
    found = []
    for one in scene.link.sent:
        if one.stream == "minute":
            body = json.loads(one.payload) if one.content_type is None else unpack(one.payload)
            found += [row[0] for row in body["rows"]]
    return found


async def test_an_older_platform_gets_what_it_knows(scene: Scene) -> None:
    await scene.write(0, 600)
    await scene.acknowledge(minute=0)
    await scene.sync.step()
    assert set(forms(scene)) == {"plain"}


async def test_a_backlog_is_packed_and_what_is_new_is_not(scene: Scene) -> None:
    before = await scene.write(0, 600)
    await scene.say(READS)
    await scene.sync.step()
    assert forms(scene)[0] == "plain", "eight rows find out whether the way is free"
    assert set(forms(scene)[1:]) == {"packed"}
    after = await scene.write(600, HISTORY_ROWS - 1)
    scene.link.sent.clear()
    await scene.store.write(Batch(events=(event(0),)))
    await scene.sync.step()
    assert forms(scene) == ["plain"]
    assert seqs(scene) == after
    assert before[-1] + 1 == after[0]


async def test_everything_comes_in_order_in_either_form(scene: Scene) -> None:
    written = await scene.write(0, 1500)
    await scene.say(READS)
    scene.link.fail_after = 4
    await scene.sync.step()
    scene.link.fail_after, scene.link.connected = None, True
    first = seqs(scene)
    assert first == written[: len(first)]
    await scene.acknowledge(minute=first[-1])  # by a platform that has gone back to an older version
    scene.link.sent.clear()
    await scene.sync.step()
    assert seqs(scene) == written[len(first) :]
    assert set(forms(scene)) == {"plain"}, "the newest word of the platform counts"


@pytest.mark.parametrize("by_broker", [True, False])
async def test_a_link_that_cannot_say_what_it_carries_carries_plain_rows(store: SqliteStore, by_broker: bool) -> None:
    scene = Scene(store, SyncRules(by_broker=by_broker, history=False))
    await scene.write(0, 100)
    await scene.say(READS)
    await scene.sync.step()
    assert set(forms(scene)) == {"plain"}


async def test_a_row_that_is_refused_within_a_packed_backlog_is_found_and_parked(scene: Scene) -> None:
    written = await scene.write(0, 64)
    poison = written[40]

    def holds(payload: bytes, content_type: str | None) -> bool:
        body = json.loads(payload) if content_type is None else unpack(payload)
        return any(row[0] == poison for row in body["rows"])

    scene.link.refuses = lambda one: one.stream == "minute" and holds(one.payload, one.content_type)
    await scene.say(READS)
    for _ in range(20):
        await scene.sync.step()
        scene.clock.seconds += 31.0
    assert seqs(scene) == [seq for seq in written if seq != poison]
    assert scene.sync.counters.skipped == 1


async def test_an_agent_that_is_killed_within_a_packed_backlog_goes_on_from_what_is_acknowledged(scene: Scene) -> None:
    written = await scene.write(0, 900)
    await scene.say(READS)
    scene.link.fail_after = 9
    await scene.sync.step()
    came = seqs(scene)
    assert "packed" in forms(scene)
    half = came[len(came) // 2]  # in the middle of a packed batch
    await scene.acknowledge(minute=half)
    await scene.store.write(Batch(acknowledged=tuple(scene.acknowledged.items())))
    again = Scene(scene.store)
    await again.say(READS)
    await again.sync.step()
    assert seqs(again) == [seq for seq in written if seq > half]
    first = next(one for one in again.link.sent if one.stream == "minute")
    assert json.loads(first.payload)["prev"] == half, "nothing between the two is missing"
    assert "packed" in forms(again)
