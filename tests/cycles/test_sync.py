"""Sync against a real store and a link that fails on command."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.adapters.store.sqlite_store import SqliteStore
from agent.cycles.sync_rules import SyncRules
from agent.domain.advisory import Verb
from agent.domain.alarms import AlarmKind
from agent.domain.commands import AnswerAdvice
from agent.domain.desired import ConfigState, RemoteConfig
from agent.domain.documents import PARKED
from agent.domain.envelope import Envelope
from agent.domain.forecast import Forecast
from agent.domain.horizon import Horizon
from agent.domain.inputs import TariffInput
from agent.domain.plan import Plan, ValueTable
from agent.domain.records import Batch
from agent.ports import EnvelopeRefused, LinkFailure, StoreFailure
from tests.adapters.store.store_rows import event, minute, new_store
from tests.advice.test_book import advisory
from tests.cycles.hand_clock import HandClock
from tests.cycles.platform_wire import RULES, PlatformWire
from tests.shown import show


class HandLink:
    """Notes what it is given. ``fail_after`` envelopes it breaks; ``refuses`` says what the broker will not take."""

    def __init__(self) -> None:
        self.connected, self.connections = True, 1
        self.trouble: str | None = None
        self.sent: list[Envelope] = []
        self.fail_after: int | None = None
        self.refuses = lambda envelope: False

    async def publish(self, envelope: Envelope) -> None:
        if self.fail_after is not None and len(self.sent) >= self.fail_after:
            self.connected, self.trouble = False, "gone"
            raise LinkFailure("gone")
        if self.refuses(envelope):
            raise EnvelopeRefused(0x95, "packet too large")
        self.sent.append(envelope)

    async def incoming(self) -> tuple[str, bytes, bool]:
        raise NotImplementedError

    def rows(self, stream: str = "minute") -> list[int]:
        batches = [json.loads(envelope.payload) for envelope in self.sent if envelope.stream == stream]
        return [row[0] for batch in batches for row in batch["rows"]]

    def topics(self) -> list[str]:
        return [envelope.topic for envelope in self.sent]


class Scene(PlatformWire):
    """Sync and listening on a link that fails on command, with a clock of the test's."""

    link: HandLink
    clock: HandClock
    store: SqliteStore

    def __init__(self, store: SqliteStore, rules: SyncRules = RULES) -> None:
        super().__init__(HandClock(), store, HandLink(), "site-1", rules)

    @property
    def acknowledged(self) -> dict[str, int]:
        return self.hearing.acknowledged

    @property
    def events(self) -> list[tuple[str, str, str]]:
        return self.hearing.told

    async def write(self, first: int, count: int) -> list[int]:
        before = (await self.store.backlog())["minute"][1]
        await self.store.write(Batch(minutes=tuple(minute(first + i) for i in range(count))))
        return list(range(before + 1, before + count + 1))

    async def acknowledge(self, **marks: int) -> None:
        await self.say({"streams": marks})

    async def say(self, body: dict[str, object], retained: bool = False) -> None:
        message = {"schema": "ack/1.0", "ts": "2026-06-01T12:00:00Z", "streams": {}} | body
        await self.listening.take("down/ack", json.dumps(message).encode(), retained)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = new_store(tmp_path / "site.db")
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def scene(store: SqliteStore) -> Scene:
    return Scene(store)


async def test_everything_is_sent_once_in_order_urgent_streams_first(scene: Scene) -> None:
    seqs = await scene.write(0, 900)
    await scene.store.write(Batch(events=(event(0),)))
    await scene.sync.step()
    await scene.sync.step()
    assert scene.link.topics()[:3] == ["up/info", "up/event", "up/data/minute"]
    assert scene.link.rows() == seqs
    assert scene.link.topics().count("up/info") == 1
    assert scene.sync.counters.sent == 901
    assert all(len(envelope.payload) <= 65536 for envelope in scene.link.sent)
    prevs = [json.loads(sent.payload)["prev"] for sent in scene.link.sent if sent.stream == "minute"]
    ends = [sent.seq_to for sent in scene.link.sent if sent.stream == "minute"]
    assert prevs == [seqs[0] - 1, *ends[:-1]]


async def test_only_the_platform_releases_and_the_mark_lasts(scene: Scene) -> None:
    seqs = await scene.write(0, 10)
    await scene.sync.step()
    assert "minute" not in scene.acknowledged
    await scene.acknowledge(minute=seqs[4])
    await scene.acknowledge(minute=seqs[2])
    assert scene.acknowledged["minute"] == seqs[4]
    await scene.store.write(Batch(acknowledged=tuple(scene.acknowledged.items())))
    again = Scene(scene.store)
    await again.sync.step()
    assert again.link.rows() == seqs[5:]
    told = json.loads(again.link.sent[0].payload)["acknowledged"]
    assert told["minute"] == seqs[4], "a platform that lacks more knows it by this"
    assert set(told) == {"event", "decision", "minute"}


async def test_the_broker_releases_where_that_is_configured(store: SqliteStore) -> None:
    scene = Scene(store, SyncRules(by_broker=True))
    seqs = await scene.write(0, 10)
    await scene.sync.step()
    assert scene.acknowledged["minute"] == seqs[-1]


async def test_a_link_that_breaks_and_returns_leaves_no_gap(scene: Scene) -> None:
    seqs = await scene.write(0, 1500)
    scene.link.fail_after = 3
    await scene.sync.step()
    await scene.sync.step()
    assert not scene.outlet.view.connected
    assert scene.outlet.view.link_trouble == "gone"
    first = scene.link.rows()
    await scene.acknowledge(minute=first[len(first) // 2])
    scene.link.fail_after, scene.link.connected = None, True
    scene.link.sent.clear()
    await scene.sync.step()
    assert scene.link.rows() == [seq for seq in seqs if seq > first[len(first) // 2]]
    assert scene.link.topics()[0] == "up/info"


async def test_a_replay_is_sent_once_for_a_burst_of_requests(scene: Scene) -> None:
    seqs = await scene.write(0, 20)
    await scene.sync.step()
    scene.link.sent.clear()
    for _ in range(3):
        await scene.say({"resend_from": {"minute": seqs[5]}})
        await scene.sync.step()
    assert scene.link.rows() == seqs[5:]
    scene.clock.seconds += 31.0
    await scene.say({"resend_from": {"minute": seqs[5]}})
    await scene.sync.step()
    assert scene.link.rows() == seqs[5:] * 2


async def test_a_replay_beyond_what_was_sent_is_nothing(scene: Scene) -> None:
    seqs = await scene.write(0, 5)
    await scene.sync.step()
    scene.link.sent.clear()
    await scene.say({"resend_from": {"minute": seqs[-1] + 1}})
    await scene.sync.step()
    assert scene.link.sent == []


async def test_what_nobody_acknowledges_is_sent_again_ever_more_rarely(scene: Scene) -> None:
    seqs = await scene.write(0, 2)
    times = []
    for _ in range(4 * 60):
        scene.link.sent.clear()
        await scene.sync.step()
        if scene.link.rows():
            assert scene.link.rows() == seqs
            times.append(scene.clock.seconds / 60)
        scene.clock.seconds += 60.0
    assert times == [0, 11, 32, 73, 154]


async def test_rows_that_were_dropped_are_declared_by_prev(scene: Scene) -> None:
    seqs = await scene.write(0, 10)
    await scene.sync.step()
    scene.link.connected = False
    await scene.sync.step()
    connection = scene.store._file.connection
    assert connection is not None
    connection.execute("DELETE FROM minute WHERE seq <= ?", (seqs[6],))
    scene.link.connected = True
    scene.link.sent.clear()
    await scene.sync.step()
    body = json.loads(scene.link.sent[-1].payload)
    assert (body["prev"], body["seq_from"]) == (seqs[0] - 1, seqs[7])


async def test_a_row_the_broker_will_not_take_is_parked_and_the_others_flow(scene: Scene) -> None:
    seqs = await scene.write(0, 8)
    poison = seqs[3]
    scene.link.refuses = lambda envelope: (
        envelope.stream == "minute" and any(row[0] == poison for row in json.loads(envelope.payload)["rows"])
    )
    for _ in range(15):
        await scene.sync.step()
        scene.clock.seconds += 31.0
    assert scene.link.rows() == [seq for seq in seqs if seq != poison]
    assert scene.sync.counters.skipped == 1
    assert ("row_skipped", "alarm") in {told[:2] for told in scene.events}
    after = next(json.loads(sent.payload) for sent in scene.link.sent if sent.seq_to and sent.seq_to > poison)
    assert (after["prev"], after["seq_from"]) == (poison - 1, poison + 1)


@pytest.mark.parametrize("document", ["{]", "7"])
async def test_a_kept_list_of_skipped_rows_that_cannot_be_read_stops_no_row(scene: Scene, document: str) -> None:
    await scene.store.write(Batch(kept=((PARKED.name, document),)))
    seqs = await scene.write(0, 2)
    await scene.sync.step()
    assert scene.link.rows() == seqs


async def test_a_refusal_waits_before_the_next_try(scene: Scene) -> None:
    await scene.write(0, 1)
    scene.link.refuses = lambda envelope: True
    for _ in range(60):
        await scene.sync.step()
        scene.clock.seconds += 1.0
    assert scene.sync.counters.refused == 2


async def test_inputs_are_kept_and_handed_on_and_bad_ones_only_reported(scene: Scene) -> None:
    tariff = {
        "schema": "tariff/1.0", "issued_at": "2026-06-01T10:00:00Z", "valid_from": "2026-06-01T10:00:00Z",
        "step_s": 3600, "import_price": [0.3],
    }  # fmt: skip
    text = json.dumps(tariff)
    await scene.listening.take("down/input/tariff", text.encode())
    assert scene.hearing.documents == {"input/tariff": text}
    assert isinstance(scene.inputs[0], TariffInput)
    await scene.listening.take("down/input/tariff", text.replace("0.3", "300").encode())
    await scene.listening.take("down/ack", b"{}")
    assert (len(scene.inputs), scene.listening.heard.refused) == (1, 2)
    assert [told[0] for told in scene.events] == ["message_refused"] * 2


async def test_a_plan_is_published_once_and_again_after_a_return(scene: Scene) -> None:
    at = datetime(2026, 6, 1, 12, tzinfo=UTC)
    horizon = Horizon(at, 900, 1)
    forecast = Forecast("load_w", horizon, (0.5,), ((1.0,),), "persistence", at)
    plan = Plan(at, at + timedelta(hours=1), horizon, (), ValueTable((0.0, 1.0), ()), forecast, forecast)
    show(scene.outlet, plan=plan)
    for connected in (True, True, False, True):
        scene.link.connected = connected
        await scene.sync.step()
    assert scene.link.topics() == ["up/info", "up/plan", "up/info", "up/plan"]
    assert scene.link.sent[1].retain


async def test_a_connection_made_again_between_two_steps_is_greeted(scene: Scene) -> None:
    """The broker may have lost what it had kept of this site: it restarts within a second."""
    show(scene.outlet, remote_config=RemoteConfig(7, state=ConfigState.IN_FORCE))
    await scene.sync.step()
    await scene.sync.step()
    scene.link.connections += 1
    await scene.sync.step()
    assert scene.link.topics() == ["up/info", "up/reported"] * 2


async def test_recommendations_are_published_when_they_change_and_again_after_a_return(scene: Scene) -> None:
    one = advisory()
    for connected, advice in (
        (True, None),
        (True, ()),
        (True, (one,)),
        (True, (one,)),
        (False, (one,)),
        (True, (one,)),
    ):
        scene.link.connected = connected
        show(scene.outlet, advice=advice)
        await scene.sync.step()
    assert scene.link.topics() == ["up/info", "up/advice", "up/advice", "up/info", "up/advice"]


async def test_what_the_site_runs_and_what_it_answers_are_told_when_they_change_and_with_every_connection(
    store: SqliteStore,
) -> None:
    scene = Scene(store)
    await scene.sync.step()
    scene.sync.go_by(lambda: {"version": "2"})
    answer = RemoteConfig(3, (("carbon.kg_per_kwh", "0.2"),), ConfigState.TRYING, (), None, 1.23456, 2.0)
    show(scene.outlet, remote_config=answer)
    for _ in range(3):
        await scene.sync.step()
    assert scene.link.topics() == ["up/info", "up/info", "up/reported"]
    assert json.loads(scene.link.sent[1].payload)["version"] == "2"
    told = json.loads(scene.link.sent[2].payload)
    assert scene.link.sent[2].retain
    assert {name: told[name] for name in ("version", "state", "config", "errors", "cost_before", "cost_after")} == {
        "version": 3,
        "state": "trying",
        "config": {"carbon.kg_per_kwh": 0.2},
        "errors": [],
        "cost_before": 1.2346,
        "cost_after": 2.0,
    }
    scene.link.connected = False
    await scene.sync.step()
    scene.link.connected = True
    await scene.sync.step()
    assert scene.link.topics()[3:] == ["up/info", "up/reported"]


async def test_a_word_about_a_recommendation_is_handed_on_unless_it_was_retained(scene: Scene) -> None:
    text = b'{"schema": "advice/1.0", "issued_at": "2026-06-01T10:00:00Z", "key": "k", "verb": "dismiss"}'
    await scene.listening.take("down/cmd/advice", text)
    await scene.listening.take("down/cmd/advice", text, retained=True)
    assert [request.command for request in scene.requests] == [AnswerAdvice("k", Verb.DISMISS)]
    told = ("message_refused", "warning", "down/cmd/advice: a command must not be retained")
    assert scene.events == [told]


async def test_a_store_that_cannot_be_read_is_reported_and_tried_again(scene: Scene) -> None:
    await scene.write(0, 1)
    await scene.store.close()
    for _ in range(40):
        await scene.sync.step()
        scene.clock.seconds += 1.0
    await scene.acknowledge(minute=1)
    assert [told[:2] for told in scene.events] == [("store_failed", "alarm")], "it stands"


@pytest.mark.parametrize("connected", [True, False])
async def test_what_could_not_be_read_is_over_when_it_can_be_or_nobody_reads(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, connected: bool
) -> None:
    async def unreadable(*_: object) -> None:
        raise StoreFailure("disk I/O error")

    seqs = await scene.write(0, 1)
    with monkeypatch.context() as broken:
        broken.setattr(scene.store, "pending", unreadable)
        await scene.sync.step()
    assert scene.events == [("store_failed", "alarm", "disk I/O error")]
    scene.hearing.alarms.alarm(AlarmKind.STORE_FAILED, None, by="commit")
    assert scene.hearing.pending.alarms == ("disk I/O error",), "a commit that works says nothing of reading"
    scene.clock.seconds += 60.0
    scene.link.connected = connected
    await scene.sync.step()
    assert scene.events[1:] == [("store_failed", "info", "over: disk I/O error")]
    assert scene.link.rows() == (seqs if connected else [])


async def test_other_alarms_are_told_at_once_and_without_a_store(scene: Scene) -> None:
    scene.hearing.alarms.alarm(AlarmKind.NO_PLAN, "no plan: no price is known")
    await scene.store.close()
    for _ in range(3):
        await scene.sync.step()
    scene.clock.seconds += 60.0
    scene.hearing.alarms.alarm(AlarmKind.NO_PLAN, None)
    await scene.sync.step()
    told = [json.loads(one.payload).get("alarms", []) for one in scene.link.sent if one.topic == "up/status"]
    assert told[0] == ["no plan: no price is known"]
    ((failed,),) = told[1:]
    assert failed.endswith("is closed"), "its own, too"
