"""What sync sends when: live values, documents that are refused, slow lines, floods of bad messages."""

import json
from datetime import UTC, datetime, timedelta

from agent.adapters.store.sqlite_store import SqliteStore
from agent.cycles.alarms_told import REASONS_EVERY_S
from agent.cycles.sync_rules import SyncRules
from agent.domain.alarms import AlarmKind
from agent.domain.envelope import Envelope
from agent.domain.override import Override, OverrideAction
from agent.domain.site import SiteState
from tests.cycles.test_sync import Scene, scene, store
from tests.shown import show

__all__ = ["scene", "store"]  # fixtures


async def test_a_flood_of_bad_messages_is_told_once_a_minute(scene: Scene) -> None:
    for _ in range(300):
        await scene.listening.take("down/ack", b"{}")
        scene.clock.seconds += 0.5
    assert scene.listening.heard.refused == 300
    assert [text.partition(" (and ")[2] for _, _, text in scene.events] == [
        "", "119 more before it)", "119 more before it)"
    ]  # fmt: skip


async def test_what_is_measured_now_goes_before_a_backlog_and_more_often_beside_it(store: SqliteStore) -> None:
    scene = Scene(store, SyncRules(drain_s=0.0))
    show(scene.outlet, state=SiteState(datetime(2026, 6, 1, 12, tzinfo=UTC)))
    await scene.write(0, 300)
    for _ in range(30):
        await scene.sync.step()
        scene.clock.seconds += 1.0
    assert scene.link.topics()[:2] == ["up/info", "up/live"]
    assert (
        scene.link.topics().count("up/live") == 2
    )  # at 0 s, and at 5 s while the 300 rows went in steps of 8, 16, ...
    body = json.loads(scene.link.sent[1].payload)
    assert (body["schema"], body["grid_w"], body["quality"]["grid_w"]) == ("live/1.0", None, "missing")


async def test_a_document_that_is_refused_holds_up_no_row(scene: Scene) -> None:
    show(scene.outlet, state=SiteState(datetime(2026, 6, 1, 12, tzinfo=UTC)))
    seqs = await scene.write(0, 5)
    scene.link.refuses = lambda envelope: envelope.topic == "up/live"
    await scene.sync.step()
    assert scene.link.rows() == seqs
    raised = ("upload_refused/up/live", "alarm", "packet too large")
    assert scene.events == [raised]
    scene.link.refuses = lambda envelope: False
    scene.clock.seconds += 31.0
    await scene.sync.step()
    assert scene.events == [raised, ("upload_refused/up/live", "info", "over: packet too large")]


async def test_a_slow_line_is_given_less_at_a_time(scene: Scene) -> None:
    await scene.write(0, 200)
    sizes = []

    def slow(envelope: Envelope) -> bool:
        if envelope.stream == "minute":
            sizes.append(len(json.loads(envelope.payload)["rows"]))
            scene.clock.seconds += 0.1 * sizes[-1]
        return False

    scene.link.refuses = slow
    for _ in range(12):
        await scene.sync.step()
    assert sizes[:3] == [8, 16, 16]
    assert max(sizes[3:]) <= 32
    assert sum(sizes) == 200


async def test_what_a_person_has_told_the_battery_is_seen_by_the_platform(scene: Scene) -> None:
    at = datetime(2026, 6, 1, 12, tzinfo=UTC)
    override = Override(OverrideAction.CHARGE, at + timedelta(hours=1), at, 2000.0)
    show(scene.outlet, state=SiteState(at), override=override)
    await scene.sync.step()
    told = [json.loads(sent.payload) for sent in scene.link.sent if sent.topic == "up/live"]
    assert [(body["override"]["action"], body["override"]["power_w"]) for body in told] == [("charge", 2000.0)]


async def test_the_reason_of_an_alarm_that_counts_seconds_is_told_once_a_minute(scene: Scene) -> None:
    """A device that is silent for days says each second when it is asked next."""
    for second in range(600):
        said = f"no answer, next attempt in {5 - second % 5} s"
        scene.hearing.alarms.alarm(AlarmKind.DEVICE_LOST, said, "meter")
        scene.clock.seconds += 1.0
        await scene.sync.step()
    assert scene.link.topics().count("up/status") == 600 / REASONS_EVERY_S
    scene.hearing.alarms.alarm(AlarmKind.NO_PLAN, "no plan: no price is known")
    await scene.sync.step()
    told = [json.loads(one.payload)["alarms"] for one in scene.link.sent if one.topic == "up/status"]
    assert told[-1] == list(scene.hearing.pending.alarms), "another alarm at once, with the newest reasons"
