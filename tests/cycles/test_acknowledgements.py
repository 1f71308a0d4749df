"""What a platform that is confused or hostile may acknowledge and ask for again, and what comes of it."""

import json
from datetime import UTC, datetime
from pathlib import Path

from agent.adapters.store.sqlite_store import SqliteStore
from agent.domain.records import Batch
from tests.adapters.store.store_rows import BERLIN, START, event
from tests.cycles.test_sync import Scene, scene, store

__all__ = ["scene", "store"]  # fixtures


async def test_what_was_never_sent_cannot_be_acknowledged(scene: Scene) -> None:
    seqs = await scene.write(0, 5)
    await scene.sync.step()
    later = await scene.write(5, 5)  # written, and not sent yet
    await scene.acknowledge(minute=later[2])
    await scene.acknowledge(minute=2**53)
    assert scene.acknowledged == {}
    told = f"down/ack: it acknowledges minute up to {later[2]}, and nothing above {seqs[-1]} was sent"
    assert scene.events == [("message_refused", "warning", told)], "and the second within the minute is counted"
    assert scene.listening.heard.refused == 2
    await scene.sync.step()
    assert scene.link.rows() == [*seqs, *later], "nothing is left out"


async def test_one_that_comes_before_the_brokers_own_word_counts(scene: Scene) -> None:
    seqs = await scene.write(0, 5)
    publish = scene.link.publish

    async def heard_at_once(envelope: object) -> None:
        await publish(envelope)  # type: ignore[arg-type]
        if scene.link.sent[-1].stream == "minute":
            await scene.acknowledge(minute=seqs[-1])

    scene.link.publish = heard_at_once  # type: ignore[method-assign]
    await scene.sync.step()
    assert (scene.acknowledged["minute"], scene.events) == (seqs[-1], [])


async def test_what_an_earlier_run_has_sent_may_be_acknowledged_to_this_one(scene: Scene) -> None:
    seqs = await scene.write(0, 10)
    await scene.sync.step()
    await scene.store.close()
    again = SqliteStore(scene.store.path, BERLIN, lambda: START)
    await again.open()
    after = Scene(again)
    await after.acknowledge(minute=seqs[7])
    await after.sync.step()
    assert (after.acknowledged["minute"], after.link.rows(), after.events) == (seqs[7], seqs[8:], [])
    await again.close()


async def test_less_than_before_takes_nothing_back(scene: Scene) -> None:
    seqs = await scene.write(0, 10)
    await scene.sync.step()
    for at in (8, 3, 0, 8):
        await scene.acknowledge(minute=seqs[at])
    await scene.acknowledge(minute=0)
    assert (scene.acknowledged["minute"], scene.events) == (seqs[8], [])
    sent = len(scene.link.sent)
    await scene.sync.step()
    assert len(scene.link.sent) == sent


async def test_a_file_made_by_a_wrong_clock_goes_on_above_what_the_platform_knows(tmp_path: Path) -> None:
    file = SqliteStore(tmp_path / "early.db", BERLIN, lambda: datetime(1970, 1, 2, tzinfo=UTC))
    await file.open()
    scene, known = Scene(file), int(datetime(2026, 5, 31, tzinfo=UTC).timestamp()) * 1000
    await scene.write(0, 3)
    await scene.sync.step()
    await scene.acknowledge(minute=known + 10 * 86_400_000)
    assert scene.acknowledged == {}, "no number can be of a time to come"
    await scene.acknowledge(minute=known)
    await file.write(Batch(acknowledged=tuple(scene.acknowledged.items())))
    assert await scene.write(3, 1) == [known + 4]
    scene.link.sent.clear()
    await scene.sync.step()
    assert scene.link.rows() == [known + 1, known + 2, known + 3, known + 4], "none under a number of before it"
    assert [kind for kind, _, _ in scene.events] == ["message_refused", "store_replaced"]
    await file.close()


async def test_the_word_of_before_this_run_says_nothing_of_what_was_sent_since(scene: Scene) -> None:
    """The store is older than what the platform has, by fewer rows than were sent before its word was heard."""
    seqs = await scene.write(0, 6)
    await scene.sync.step()
    await scene.say({"streams": {"minute": seqs[3]}}, retained=True)
    scene.link.sent.clear()
    await scene.sync.step()
    assert scene.link.rows() == [seqs[-1] + 1 + index for index in range(6)]
    assert json.loads(scene.link.sent[-1].payload)["prev"] == seqs[3]
    assert [kind for kind, _, _ in scene.events] == ["store_replaced"]


async def test_what_the_broker_keeps_of_an_earlier_connection_of_this_run_counts(scene: Scene) -> None:
    seqs = await scene.write(0, 6)
    await scene.sync.step()
    scene.link.connections += 1
    await scene.say({"streams": {"minute": seqs[3]}}, retained=True)
    assert (scene.acknowledged["minute"], scene.events) == (seqs[3], [])


async def test_a_replay_is_without_a_gap_and_says_so(scene: Scene) -> None:
    seqs = await scene.write(0, 900)
    await scene.sync.step()
    scene.link.sent.clear()
    await scene.say({"resend_from": {"minute": seqs[100]}})
    await scene.sync.step()
    bodies = [json.loads(sent.payload) for sent in scene.link.sent if sent.stream == "minute"]
    assert scene.link.rows() == seqs[100:]
    assert [body["prev"] for body in bodies] == [seqs[99], *(body["seq_to"] for body in bodies[:-1])]


async def test_replays_in_a_loop_become_rare_and_an_acknowledgement_makes_them_prompt_again(scene: Scene) -> None:
    seqs = await scene.write(0, 8)
    await scene.store.write(Batch(events=(event(0),)))
    await scene.sync.step()
    scene.link.sent.clear()
    for second in range(1200):
        await scene.say({"resend_from": {"minute": seqs[second % 5], "event": 0}})
        await scene.sync.step()
        scene.clock.seconds += 1.0
    starts = [json.loads(sent.payload)["seq_from"] for sent in scene.link.sent if sent.stream == "minute"]
    assert starts == [seqs[0]] * 6, "after 0, 30, 90, 210, 450 and 930 s"
    await scene.acknowledge(minute=seqs[4])
    for at in (5, 6):
        await scene.say({"resend_from": {"minute": seqs[at]}})
        await scene.sync.step()
    assert scene.link.rows()[-2:] == seqs[6:]


async def test_zero_is_from_the_beginning(scene: Scene) -> None:
    seqs = await scene.write(0, 3)
    await scene.sync.step()
    scene.link.sent.clear()
    await scene.say({"resend_from": {"minute": 0}})
    await scene.sync.step()
    assert (scene.link.rows(), json.loads(scene.link.sent[-1].payload)["prev"]) == (seqs, 0)


async def test_a_stream_of_rows_goes_on_while_many_acknowledgements_come(scene: Scene) -> None:
    for index in range(50):
        seqs = await scene.write(index, 1)
        await scene.sync.step()
        for seq in (seqs[0], seqs[0] - 1, seqs[0] + 1):
            await scene.acknowledge(minute=seq)
    assert len(scene.link.rows()) == 50
    assert scene.acknowledged["minute"] == seqs[0]
