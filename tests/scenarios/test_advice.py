"""Recommendations on their whole road: the planner proposes, people answer, what came of it is told and learnt from."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from agent.adapters.host.inbox import drop, inbox_of, look
from agent.adapters.mqtt.payloads import JsonPayloads
from agent.advice.book import find
from agent.domain.advisory import AdviceBook, Advisory, AdvisoryState, AdvisoryType, Verb
from agent.domain.commands import AnswerAdvice, Request
from agent.domain.documents import ADVICE
from agent.domain.plan import Plan
from agent.domain.request import PlanRequest
from agent.domain.wire import from_json, to_json
from tests import site_files
from tests.scenarios.stage import HonestPlanner, Stage, staged

CHARGE, SHIFT = "charge_battery/2026-03-17", "shift_load/washer/2026-03-17"
MACHINE = """
[[flexible_load]]
name = "washer"
power_w = 2000
duration_min = 60
earliest = "03:00"
latest = "10:00"
usual = "07:00"
"""
WORDS: dict[str, Any] = {
    "step_s": 60, "hold_s": 360, "stale_s": 180, "interval_s": 3600, "valid_h": 6,
    "cloud": site_files.CLOUD.format(port=1) + MACHINE,
}  # fmt: skip


class WirePlanner(HonestPlanner):
    """Question and answer cross the wire, as they do to a planner process."""

    async def plan(self, request: PlanRequest) -> Plan:
        return from_json(Plan, to_json(await super().plan(from_json(PlanRequest, to_json(request)))))


def command(verb: str, key: str, **more: str) -> bytes:
    """What the platform sends as ``down/cmd/advice``."""
    return json.dumps(
        {"schema": "advice/1.0", "issued_at": "2026-03-17T00:00:00Z", "key": key, "verb": verb, **more}
    ).encode()


async def book(stage: Stage) -> AdviceBook:
    return from_json(AdviceBook, await stage.app.store.kept(ADVICE.name) or "")


def from_platform(stage: Stage, payload: bytes, retained: bool = False) -> Callable[[], Awaitable[None]]:
    async def send() -> None:
        assert stage.app.platform is not None
        await stage.app.platform.listening.take("down/cmd/advice", payload, retained)

    return send


def from_command_line(stage: Stage, verb: Verb, key: str) -> Callable[[], Awaitable[None]]:
    async def leave() -> None:
        drop(inbox_of(stage.store), Request(AnswerAdvice(key, verb), stage.clock.now()))

    return leave


def open_of(stage: Stage, kind: AdvisoryType) -> list[Advisory]:
    return [one for one in stage.app.outlet.view.advice or () if one.kind is kind]


async def test_a_recommendation_appears_is_answered_and_its_outcome_is_learnt(tmp_path: Path) -> None:
    async with staged(tmp_path, planner=WirePlanner(), **WORDS) as stage:
        at = {
            140.0: from_platform(stage, command("acknowledge", CHARGE)),
            145.0: from_command_line(stage, Verb.SCHEDULE, SHIFT),
        }
        await stage.play(150.0, at)
        (charge,), (shift,) = open_of(stage, AdvisoryType.CHARGE), open_of(stage, AdvisoryType.SHIFT_LOAD)
        assert (charge.key, charge.state) == (CHARGE, AdvisoryState.ACKNOWLEDGED)
        assert (shift.key, shift.state) == (SHIFT, AdvisoryState.SCHEDULED)
        assert shift.scheduled_for == shift.start
        assert charge.cost_saving is not None
        assert charge.cost_saving > 0.1
        assert 0.0 < charge.confidence < 1.0
        assert look(inbox_of(stage.store)).names == (), "what was written down is forgotten"
        envelope = JsonPayloads("site-1", "s").advice(stage.app.outlet.view.advice or (), stage.clock.now())
        assert (envelope.topic, envelope.retain) == ("up/advice", True)
        body = json.loads(envelope.payload)
        assert (body["schema"], body["open"]) == ("advice/1.0", len(body["advice"]))
        assert {one["key"]: one["state"] for one in body["advice"]} == {CHARGE: "acknowledged", SHIFT: "scheduled"}

        await stage.play(60.0 * 9 + 20.0)
        done = find(await book(stage), CHARGE)
        assert done.state is AdvisoryState.DONE
        assert done.outcome is not None
        assert done.outcome.came_true is True, done.outcome.text
        assert done.outcome.saved is not None
        assert done.outcome.saved > 0.5 * charge.cost_saving
        assert [one.kind for one in (await book(stage)).past][:1] == [AdvisoryType.CHARGE]

        told = [(kind, text) for kind, _, text in await stage.events() if kind.startswith("advice")]
        assert sum(text.startswith(charge.headline) for kind, text in told if kind == "advice") == 1, "not twice"
        assert ("advice_answered", f"{charge.headline}: acknowledged") in told
        assert ("advice_answered", f"{shift.headline}: scheduled") in told
        assert any(kind == "advice_outcome" and text.startswith(charge.headline) for kind, text in told)


async def test_what_cannot_be_done_is_told_and_a_dismissed_one_stays_away(tmp_path: Path) -> None:
    async with staged(tmp_path, **WORDS) as stage:
        at = {
            140.0: from_platform(stage, command("dismiss", "charge_battery/2020-01-01")),
            142.0: from_platform(stage, command("dismiss", SHIFT)),
            144.0: from_platform(stage, command("burn", SHIFT)),
            146.0: from_platform(stage, command("acknowledge", CHARGE), retained=True),
        }
        await stage.play(200.0, at)
        assert open_of(stage, AdvisoryType.SHIFT_LOAD) == []
        assert find(await book(stage), SHIFT).state is AdvisoryState.DISMISSED
        assert find(await book(stage), CHARGE).state is AdvisoryState.OPEN
        events = await stage.events()
        assert ("advice_refused", "warning", "there is no recommendation 'charge_battery/2020-01-01'") in events
        refused = [text for kind, _, text in events if kind == "message_refused"]
        assert refused[0].startswith("down/cmd/advice: verb: ")
        assert refused[1] == "down/cmd/advice: a command must not be retained"


async def test_the_book_is_as_it_was_after_a_restart(tmp_path: Path) -> None:
    async with staged(tmp_path, **WORDS) as stage:
        await stage.play(150.0, {140.0: from_platform(stage, command("acknowledge", CHARGE))})
        before = await book(stage)
        await stage.app.stop("the agent was told to stop")
        stage.build(**WORDS)
        await stage.start()
        assert {one.key for one in stage.app.outlet.view.advice or ()} == {one.key for one in before.advisories}
        await stage.play(220.0)
        assert find(await book(stage), CHARGE) == find(before, CHARGE)
        headline = find(before, CHARGE).headline
        told = [text for kind, _, text in await stage.events() if kind == "advice" and text.startswith(headline)]
        assert len(told) == 1


async def test_a_spoilt_book_is_begun_anew_and_that_is_told(tmp_path: Path) -> None:
    async with staged(tmp_path, **WORDS) as stage:
        stage.app.pending.keep(ADVICE.name, '{"advisories": 3}')
        await stage.app.record.step()
        await stage.app.stop("the agent was told to stop")
        stage.build(**WORDS)
        await stage.start()
        assert any(kind == "advice_lost" for kind, _, _ in await stage.events())
        assert stage.app.outlet.view.advice == ()


async def test_what_is_not_worth_it_is_not_said(tmp_path: Path) -> None:
    dear = WORDS | {"cloud": WORDS["cloud"] + "[advice]\nworth_it = 1000.0\n"}
    async with staged(tmp_path, **dear) as stage:
        await stage.play(130.0)
        assert stage.app.outlet.view.advice == ()
