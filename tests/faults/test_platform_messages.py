"""What the platform sends or fails to send: prices, weather, a limit; commands that come twice, late or damaged."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from agent.advice.book import take
from agent.cycles.listening import Listening
from agent.domain.advisory import AdviceBook, AdvisoryState
from agent.domain.documents import ADVICE
from agent.domain.plan import Plan
from agent.domain.setpoint import Rung
from agent.domain.wire import from_json, to_json
from agent.plan_request import plan_request
from tests import site_files
from tests.advice.test_book import advisory
from tests.faults.catalogue import Outcome, fault
from tests.scenarios.stage import LOAD_W, MIDNIGHT, Stage, message, staged

CLOUD = site_files.CLOUD.format(port=1)  # nobody listens there: the tests speak with the voice of the platform
LISTED: dict[str, Any] = {"cloud": CLOUD, "import_tariff": site_files.LIST_TARIFF}
KEY = "hold_battery/2026-03-17"


def listening_of(stage: Stage) -> Listening:
    assert stage.app.platform is not None
    return stage.app.platform.listening


async def say(stage: Stage, name: str, **body: object) -> None:
    await listening_of(stage).take(f"down/input/{name}", message(name, **body))


def bought_by_the_battery_on_a_guess(plan: Plan, known: int) -> list[float]:
    """Watts drawn from the grid for the battery in the steps from ``known`` on."""
    return [step.charge_w for step in plan.steps[known:] if step.charge_w > max(0.0, step.pv_w - step.load_w) + 1.0]


@fault(
    42,
    injected="a list that ends after four hours, has a hole, comes late, and then ten times as dear and in pence",
    alarm="message_refused",
)
async def test_prices_that_are_partial_late_or_ten_times_too_high(tmp_path: Path, outcome: Outcome) -> None:
    async with staged(tmp_path, **LISTED) as stage:
        await stage.play(2.0)
        assert stage.at(2.0).rung is Rung.RULES, "without any price our own rule decides"
        partial = [0.30] * 6 + [None] * 2 + [0.30] * 8
        await say(stage, "tariff", issued_at=MIDNIGHT, valid_from=MIDNIGHT, step_s=900, import_price=partial)
        late = MIDNIGHT - timedelta(hours=3)
        await say(stage, "tariff", issued_at=late, valid_from=MIDNIGHT, step_s=900, import_price=[0.02] * 12)
        await stage.play(6.0)
        assert stage.at(6.0).rung is Rung.PLAN
        plan = stage.app.outlet.view.plan
        assert plan is not None
        assert [step.import_price for step in plan.steps[:8]] == [0.30] * 6 + [0.02] * 2, "the late list fills the hole"
        assert bought_by_the_battery_on_a_guess(plan, 16) == []
        for wrong in (3.0, 30.0):
            await say(stage, "tariff", issued_at=MIDNIGHT, valid_from=MIDNIGHT, step_s=900, import_price=[wrong] * 96)
        assert stage.app.conditions.at(MIDNIGHT).import_price == 0.30
        refused = [kind for kind, _, _ in await stage.events() if kind == "message_refused"]
        assert len(refused) == 1  # told once a minute and topic
        assert listening_of(stage).heard.refused == 2
        outcome.raised(refused[0])


@fault(43, injected="the weather is 12 h old and the carbon intensity a day old, and nobody says anything newer")
async def test_weather_and_carbon_that_nobody_renews(tmp_path: Path) -> None:
    async with staged(tmp_path, cloud=CLOUD) as stage:
        await say(stage, "weather", valid_from=MIDNIGHT, step_s=3600, temperature_c=[4.0] * 72)
        await say(stage, "carbon", valid_from=MIDNIGHT, step_s=3600, kg_per_kwh=[0.4] * 72)
        settings, conditions = stage.app.settings, stage.app.conditions
        fresh = plan_request(settings, conditions, MIDNIGHT + timedelta(hours=11), 50.0)
        old = plan_request(settings, conditions, MIDNIGHT + timedelta(hours=25), 50.0)
        assert fresh is not None
        assert old is not None
        assert fresh.weather is not None
        assert (fresh.carbon_kg_per_kwh[0], fresh.notes) == (0.4, ())
        assert old.weather is None
        assert old.carbon_kg_per_kwh == (0.0,) * len(old.carbon_kg_per_kwh)
        assert [note.partition(" is left out")[0] for note in old.notes] == [
            "the weather forecast",
            "the carbon intensity",
        ]


@fault(44, injected="the grid limit is not heard of any more; then an old one comes again", alarm="grid_limit_lost")
async def test_a_grid_limit_that_is_lost(tmp_path: Path, outcome: Outcome) -> None:
    limits = "failsafe_after_s = 120\nfailsafe_import_w = 7000\nfailsafe_export_w = 0"
    async with staged(tmp_path, cloud=CLOUD, failsafe=limits) as stage:

        async def restate() -> None:
            now = stage.clock.now()
            await say(stage, "gridlimit", issued_at=now, valid_from=now, valid_to=now + timedelta(hours=4))

        async def repeat_the_old_one() -> None:
            old = MIDNIGHT + timedelta(minutes=2)
            await say(stage, "gridlimit", issued_at=old, valid_from=old, valid_to=old + timedelta(hours=4))

        await stage.play(150.0, {2.0: restate, 20.0: repeat_the_old_one})
        assert stage.between(0.5, 2.0)[-1].setpoint.battery_w is not None
        for moment in (*stage.between(1.0, 2.0), *stage.between(4.7, 150.0)):
            assert moment.site.grid_w < 7000.0 + 200.0, f"the failsafe limit is broken in minute {moment.minute:.1f}"
        assert max(moment.site.grid_w for moment in stage.between(2.5, 4.0)) > LOAD_W + 2000.0, "heard: no failsafe"
        kinds = [kind for kind, severity, _ in await stage.events() if severity == "alarm"]
        outcome.raised(next(kind for kind in kinds if kind == "grid_limit_lost"))


def command(verb: str, **more: str) -> bytes:
    body = {"schema": "advice/1.0", "issued_at": "2026-03-17T00:00:00Z", "key": KEY, "verb": verb, **more}
    return json.dumps(body).encode()


async def with_a_recommendation(stage: Stage) -> None:
    """One that is open for hours, in the book of the agent that runs."""
    hours = {"start": 1, "end": 2, "expires": 3}
    times = {name: MIDNIGHT + timedelta(hours=after) for name, after in hours.items()}
    book = take(AdviceBook(), [advisory(KEY, created=MIDNIGHT, **times)], MIDNIGHT, 0.1).book
    stage.app.advice.recall(to_json(book))
    stage.app.pending.keep(ADVICE.name, to_json(book))


async def state_of(stage: Stage) -> AdvisoryState:
    (one,) = from_json(AdviceBook, await stage.app.store.kept(ADVICE.name) or "").advisories
    return one.state


@fault(51, injected="a command comes three times, and once more after a restart", rows_lost=0)
async def test_a_command_that_comes_twice_has_one_effect(tmp_path: Path, outcome: Outcome) -> None:
    async with staged(tmp_path, cloud=CLOUD) as stage:
        await with_a_recommendation(stage)
        for _ in range(3):
            await listening_of(stage).take("down/cmd/advice", command("dismiss"))
        await stage.play(2.0)
        assert await state_of(stage) is AdvisoryState.DISMISSED
        await stage.app.stop("the agent was told to stop")
        stage.build(cloud=CLOUD)
        await stage.start()
        await listening_of(stage).take("down/cmd/advice", command("dismiss"))
        await stage.play(4.0)
        assert await state_of(stage) is AdvisoryState.DISMISSED
        answers = [text for kind, _, text in await stage.events() if kind == "advice_answered"]
        assert answers == ["Hold: dismissed"], "one effect, told once"
        outcome.lost(1 - len(answers))


@fault(53, injected="a command with the retain flag, and one whose time is over", alarm="message_refused")
async def test_a_command_that_is_retained_or_has_expired_is_never_run(tmp_path: Path, outcome: Outcome) -> None:
    async with staged(tmp_path, cloud=CLOUD) as stage:
        await with_a_recommendation(stage)
        await stage.play(10.0)
        over, ahead = "2026-03-17T00:05:00Z", "2026-03-17T01:00:00+00:30"
        await listening_of(stage).take("down/cmd/advice", command("dismiss"), retained=True)
        await stage.play(11.5)  # refusals are told once a minute and topic
        await listening_of(stage).take("down/cmd/advice", command("dismiss", expires_at=over))
        await stage.play(12.0)
        assert await state_of(stage) is AdvisoryState.OPEN
        refused = [(kind, text) for kind, _, text in await stage.events() if kind == "message_refused"]
        assert [text for _, text in refused] == [
            "down/cmd/advice: a command must not be retained",
            "down/cmd/advice: the command has expired at 2026-03-17 00:05:00 UTC",
        ]
        assert listening_of(stage).heard.refused == 2
        outcome.raised(refused[0][0])
        await listening_of(stage).take("down/cmd/advice", command("acknowledge", expires_at=ahead))
        await stage.play(14.0)
        assert await state_of(stage) is AdvisoryState.ACKNOWLEDGED


@fault(
    54,
    injected="commands and inputs that are no JSON, too large, too deep, of the wrong type, range, topic or schema",
    alarm="message_refused",
)
async def test_a_malformed_message_is_refused_and_counted(tmp_path: Path, outcome: Outcome) -> None:
    good = command("dismiss").decode()
    bad = (
        b"", b"\xff\xfe", b"{", b"null", b"[]", b"[" * 20_000, good.encode()[:-1], b" " * 65_537,
        good.replace('"dismiss"', '{"a":' * 16 + "1" + "}" * 16).encode(),
        good.replace("advice/1.0", "advice/2.0").encode(),
        good.replace("advice/1.0", "reboot/1.0").encode(),
        good.replace('"dismiss"', '"format"').encode(),
        good.replace(f'"{KEY}"', '"' + "k" * 201 + '"').encode(),
        good.replace(f'"{KEY}"', "7").encode(),
        good.replace("2026-03-17T00:00:00Z", "yesterday").encode(),
    )  # fmt: skip
    async with staged(tmp_path, cloud=CLOUD) as stage:
        await with_a_recommendation(stage)
        for payload in bad:
            await listening_of(stage).take("down/cmd/advice", payload)
        await listening_of(stage).take("down/cmd/format", good.encode())
        await stage.play(2.0)
        assert await state_of(stage) is AdvisoryState.OPEN
        assert listening_of(stage).heard.refused == len(bad) + 1
        told = [(kind, text) for kind, _, text in await stage.events() if kind == "message_refused"]
        assert len(told) == 2  # once a minute and topic
        assert all(text.startswith("down/cmd/") and text.isprintable() and len(text) < 400 for _, text in told)
        outcome.raised(told[0][0])
