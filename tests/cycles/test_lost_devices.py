"""A device that does not answer is lost when it has been silent for as long as a value may be old."""

from agent.domain.alarms import AlarmKind
from tests.cycles.control_stage import ControlStage

KIND = f"{AlarmKind.DEVICE_LOST.value}/meter"


def told(stage: ControlStage) -> list[str]:
    return [event.severity for event in stage.pending.take(stage.clock.now()).events if event.kind == KIND]


async def test_a_radio_link_that_loses_an_answer_now_and_then_is_no_alarm() -> None:
    stage = ControlStage()
    for _ in range(20):
        await stage.step(27)
        stage.site.silent = {"meter": "no answer from 10.0.0.7:502 within 1 s"}
        await stage.step(3)
        stage.site.silent = {}
    assert told(stage) == []


async def test_one_that_stays_silent_is_told_after_fifteen_seconds_and_over_with_its_next_answer() -> None:
    stage = ControlStage()
    await stage.step(5)
    stage.site.silent = {"meter": "no answer from 10.0.0.7:502 within 1 s"}
    await stage.step(15)
    assert told(stage) == []
    await stage.step(1)
    assert told(stage) == ["alarm"]
    stage.site.silent = {}
    await stage.step(1)
    assert told(stage) == ["info"]


async def test_one_that_is_told_stands_on_while_the_devices_are_watched_anew() -> None:
    stage = ControlStage()
    stage.site.silent = {"meter": "no answer from 10.0.0.7:502 within 1 s"}
    await stage.step(20)
    stage.control.go_by(stage.rules, None, anew=True)
    await stage.step(20)
    assert told(stage) == ["alarm"]
