"""Orders of Home Assistant: in force, read back, refused; and read-only without them."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from agent.adapters.host.inbox import FileInbox
from agent.cycles.home_orders import TAKEN_UP_S
from agent.domain.override import Override, OverrideAction
from tests.cycles.hand_clock import START
from tests.cycles.home_stage import STEP_S, HomeStage, MakeStage
from tests.home_assistant.households import HOME, LONDON, ORDERED
from tests.shown import show


@pytest.fixture
def stage(tmp_path: Path) -> MakeStage:
    return lambda home=HOME, *chance: HomeStage(home, FileInbox(tmp_path / "requests"), *chance)


async def test_an_order_is_in_force_is_read_back_and_ends(stage: MakeStage) -> None:
    site = stage(ORDERED)
    await site.pass_s(5.0)
    first = site.link.taken()
    assert (first["override"], first["set_power"], first["set_minutes"]) == ("auto", "0", "120")
    await site.order("set_power", b"1500")
    await site.order("set_minutes", b"30")
    await site.order("set_override", b"charge")
    await site.pass_s(5.0)
    said = site.link.taken()
    assert (said["set_power"], said["set_minutes"]) == ("1500", "30")
    assert said["order_result"] == "taken up within some seconds"
    asked_at = site.clock.now()
    await site.pass_s(5.0)
    override = Override(OverrideAction.CHARGE, asked_at + timedelta(minutes=30), asked_at, 1500.0)
    assert site.outlet.view.override == override
    said = site.link.taken()
    assert said["override"] == "charge"
    assert json.loads(said["override/attributes"])["power_w"] == 1500.0
    until = f"{(START + timedelta(seconds=10, minutes=30)).astimezone(LONDON):%Y-%m-%d %H:%M}"
    assert said["order_result"] == f"charge with 1.50 kW until {until}"
    await site.order("set_auto", b"auto")
    await site.pass_s(15.0)
    assert site.outlet.view.override is None
    said = {topic: text for topic, text in site.last().items() if topic in ("override", "order_result")}
    assert said == {"override": "auto", "order_result": "the agent decides"}


async def test_of_many_orders_between_two_steps_the_newest_counts(stage: MakeStage) -> None:
    site = stage(ORDERED)
    for word in [b"charge", b"discharge"] * 500 + [b"hold"]:
        await site.order("set_override", word)
    await site.pass_s(10.0)
    assert site.outlet.view.override is not None
    assert site.outlet.view.override.action is OverrideAction.HOLD
    assert [kind for kind, _, _ in site.told] == ["override"]


async def test_an_order_that_is_repeated_goes_on_from_now(stage: MakeStage) -> None:
    site = stage(ORDERED)
    for _ in range(3):
        await site.order("set_override", b"hold")
        await site.pass_s(600.0)
    assert site.outlet.view.override is not None
    assert site.outlet.view.override.until > site.clock.now() + timedelta(minutes=109)


async def test_read_only_obeys_nothing(stage: MakeStage) -> None:
    site = stage(HOME)
    await site.order("set_override", b"charge")
    await site.order("set_power", b"1500")
    await site.pass_s(30.0)
    assert site.outlet.view.override is None
    assert site.told == []
    assert "set_power" not in site.last()


@pytest.mark.parametrize(
    ("key", "payload", "retained", "why"),
    [
        ("set_power", b"99999", False, "it is a number from 0 to 8000"),
        ("set_override", b"explode", False, "it is one of auto, hold, charge, discharge"),
        (
            "set_override",
            b"charge",
            True,
            "an order must not be retained, or it would come again with every connection",
        ),
    ],
)
async def test_what_is_refused_is_told_there_and_here(
    stage: MakeStage, key: str, payload: bytes, retained: bool, why: str
) -> None:
    site = stage(ORDERED)
    for _ in range(50):
        await site.order(key, payload, retained)
    await site.pass_s(10.0)
    sentence = f"Home Assistant asked for {key} {payload.decode()}: {why}"
    assert site.told == [("command_refused", "warning", sentence)], "fifty times within a minute, told once"
    assert site.last()["order_result"] == sentence
    assert site.outlet.view.override is None


async def test_a_site_that_is_only_observed_and_a_clock_that_is_not_known_say_so(stage: MakeStage) -> None:
    site = stage(ORDERED)
    show(site.outlet, observing="the site file says so")
    await site.order("set_override", b"charge")
    await site.pass_s(5.0)
    assert site.last()["order_result"] == "charge: the site is only observed, the site file says so"
    show(site.outlet, observing=None)
    site.clock.believed = False
    await site.order("set_override", b"charge")
    await site.pass_s(5.0)
    assert "the time is not known" in site.last()["order_result"]
    assert site.outlet.view.override is None


async def test_an_order_that_nobody_takes_up_is_told(stage: MakeStage) -> None:
    site = stage(ORDERED)
    await site.order("set_override", b"charge")
    site.clock.seconds += STEP_S
    for _ in range(int(TAKEN_UP_S / STEP_S) + 2):
        site.clock.seconds += STEP_S
        await site.cycle.step()  # and no step of the inlet
    assert site.last()["order_result"] == "it was not taken up; the events say why"


async def test_orders_are_obeyed_without_a_broker_that_answers(stage: MakeStage) -> None:
    site = stage(ORDERED)
    await site.order("set_override", b"charge")
    site.link.connected = False
    await site.pass_s(10.0)
    assert site.outlet.view.override is not None
