"""When Home Assistant is told what: changes, births, a broker that goes; and what becomes of an order."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from itertools import cycle as repeating
from itertools import pairwise

import pytest

from agent.adapters.host.inbox import FileInbox
from agent.cycles.advice import Recommendations
from agent.cycles.commands import Commands
from agent.cycles.home_assistant import APART_S, BIRTH_WITHIN_S, DOWN_S, HomeAssistant
from agent.cycles.home_orders import TAKEN_UP_S, HomeOrders
from agent.cycles.override import Overrides
from agent.cycles.paired_trial import Comparison
from agent.domain.advisory import AdviceQuestion
from agent.domain.energy_totals import EnergyTotals
from agent.domain.envelope import Envelope
from agent.domain.override import Override, OverrideAction
from agent.domain.site import Measured, SiteState
from agent.home_assistant.discovery import Household
from agent.ports import EnvelopeRefused, LinkFailure
from agent.site_view import Outlet
from tests.cycles.hearing import Hearing
from tests.cycles.test_upkeep import START, HandClock
from tests.home_assistant.households import HOME, LONDON, ORDERED
from tests.shown import show

STEP_S = 5.0
BIRTH = "homeassistant/status"


class WrittenDown:
    """A link that writes down what is published; it refuses the topics of ``refused`` and fails while ``broken``."""

    def __init__(self) -> None:
        self.connected, self.trouble, self.connections = True, None, 1
        self.sent: list[Envelope] = []
        self.refused: set[str] = set()
        self.broken = False
        self.messages: asyncio.Queue[tuple[str, bytes, bool]] = asyncio.Queue()

    trouble: str | None

    async def publish(self, envelope: Envelope) -> None:
        if self.broken:
            raise LinkFailure("the broker did not answer within 10 s")
        if envelope.topic in self.refused:
            raise EnvelopeRefused(0x87, f"the broker refused {envelope.topic} with code 0x87")
        self.sent.append(envelope)

    async def incoming(self) -> tuple[str, bytes, bool]:
        return await self.messages.get()

    def taken(self) -> dict[str, str]:
        """What was sent since the last call, by topic; each once."""
        sent, self.sent = self.sent, []
        assert len({one.topic for one in sent}) == len(sent), [one.topic for one in sent]
        assert all(one.retain for one in sent)
        return {one.topic.removeprefix("enalysis_edge/home-1/"): one.payload.decode() for one in sent}


class Stage:
    """The cycle with overrides and inlet, on a clock of the test's. ``chance`` are the random numbers, in turn."""

    def __init__(self, home: Household, inbox: FileInbox, *chance: float) -> None:
        self.clock, self.outlet, self.link = HandClock(), Outlet(), WrittenDown()
        self.hearing = Hearing(self.clock)
        pending, alarms = self.hearing.pending, self.hearing.alarms
        self.overrides = Overrides(self.clock, pending, self.outlet, LONDON)
        advice = Recommendations(self.clock, pending, self.outlet, AdviceQuestion(), lambda at: None, 0.1)
        comparison = Comparison(self.clock, pending, self.outlet)
        self.commands = Commands(self.clock, inbox, alarms, advice, comparison, self.overrides)
        orders = HomeOrders(self.clock, home, self.outlet, alarms, self.commands.ask, LONDON)
        turns = repeating(chance or (0.5,))
        self.cycle = HomeAssistant(
            self.clock, self.link, home, self.outlet, alarms, orders, lambda at: (0.28, 0.05), LONDON,
            lambda: next(turns),
        )  # fmt: skip

    async def hear(self, topic: str, payload: bytes, retained: bool = False) -> None:
        """A message comes in, as the listening task takes it."""
        listening = asyncio.create_task(self.cycle.listen())
        self.link.messages.put_nowait((topic, payload, retained))
        while not self.link.messages.empty():
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        listening.cancel()

    async def order(self, key: str, payload: bytes, retained: bool = False) -> None:
        await self.hear(f"enalysis_edge/home-1/set/{key}", payload, retained)

    async def pass_s(self, seconds: float) -> None:
        """The cycle every five seconds, and before it the inlet."""
        for _ in range(round(seconds / STEP_S)):
            self.clock.seconds += STEP_S
            await self.commands.step()
            self.overrides.step()
            await self.cycle.step()

    def measure(self, grid_w: float) -> None:
        show(self.outlet, state=SiteState(self.clock.now(), Measured(grid_w)))

    @property
    def told(self) -> list[tuple[str, str, str]]:
        return self.hearing.told


MakeStage = Callable[..., Stage]


@pytest.fixture
def stage(tmp_path: object) -> MakeStage:
    return lambda home=HOME, *chance: Stage(home, FileInbox(tmp_path / "requests"), *chance)  # type: ignore[operator]


async def test_all_is_told_once_and_then_what_has_changed(stage: MakeStage) -> None:
    site = stage()
    site.measure(500.0)
    await site.pass_s(5.0)
    first = site.link.taken()
    assert list(first)[:2] == ["homeassistant/device/ee_home-1/config", "availability"]
    assert (first["grid_power"], first["import_price"], first["solar_power"]) == ("500", "0.28000", "None")
    assert not {"set_power", "order_result"} & set(first)
    await site.pass_s(60.0)
    assert site.link.taken() == {}
    site.measure(700.0)
    await site.pass_s(5.0)
    assert site.link.taken() == {"grid_power": "700"}


async def test_a_value_that_changes_all_the_time_is_told_every_ten_seconds(stage: MakeStage) -> None:
    site = stage()
    told = []
    for second in range(0, 60, 5):
        site.measure(500.0 + second)
        await site.pass_s(5.0)
        told.append(site.link.taken().get("grid_power"))
    assert [one is not None for one in told] == [True, False] * 6
    assert told[2] == "510"


async def test_energies_are_told_once_they_are_written(stage: MakeStage) -> None:
    site = stage()
    await site.pass_s(5.0)
    assert site.link.taken()["grid_import_energy"] == "None"
    site.cycle.written(EnergyTotals(import_wh=1500.0))
    await site.pass_s(10.0)
    assert site.link.taken()["grid_import_energy"] == "1.500"
    site.cycle.written(EnergyTotals(import_wh=1500.9))  # not a whole watt-hour more
    await site.pass_s(20.0)
    assert site.link.taken() == {}


@pytest.mark.parametrize(("chance", "after_s"), [(0.0, 5.0), (0.49, 5.0), (0.51, 10.0), (0.99, 10.0)])
async def test_after_a_birth_all_is_told_again_at_a_random_time_of_ten_seconds(
    stage: MakeStage, chance: float, after_s: float
) -> None:
    site = stage(HOME, chance)
    await site.pass_s(APART_S + 5.0)
    everything = set(site.link.taken())
    await site.hear(BIRTH, b"online")
    await site.pass_s(after_s - 5.0)
    assert site.link.taken() == {}
    await site.pass_s(5.0)
    assert set(site.link.taken()) == everything
    assert BIRTH_WITHIN_S == 10.0


@pytest.mark.parametrize("every_s", [5.0, 60.0])
async def test_home_assistant_that_restarts_all_the_time_is_told_once_a_minute(
    stage: MakeStage, every_s: float
) -> None:
    site, told_at = stage(HOME, 0.1, 0.9, 0.5), []
    await site.pass_s(5.0)
    for second in range(0, 3600, 5):
        if second % every_s == 0.0:
            await site.hear(BIRTH, b"offline")
            await site.hear(BIRTH, b"online")
        before = site.cycle.counts.told
        await site.pass_s(5.0)
        told_at += [second] * (site.cycle.counts.told - before)
    assert min(after - at for at, after in pairwise(told_at)) >= APART_S
    assert len(told_at) >= 45
    assert len(site.link.sent) <= 62 * 26, "a discovery and the states a minute, whatever it does"
    await site.pass_s(APART_S + BIRTH_WITHIN_S)
    last = site.cycle.counts.told
    await site.pass_s(600.0)
    assert (site.cycle.counts.told, last >= len(told_at)) == (last, True), "once it is quiet, nothing is told again"


@pytest.mark.parametrize(
    ("payload", "retained"), [(b"offline", False), (b"online", True), (b"", False), (b"\xff", False)]
)
async def test_what_is_no_birth_changes_nothing(stage: MakeStage, payload: bytes, retained: bool) -> None:
    site = stage()
    await site.pass_s(APART_S + 5.0)
    site.link.taken()
    await site.hear(BIRTH, payload, retained)
    await site.hear("homeassistant/other", b"online")
    await site.pass_s(30.0)
    assert site.link.taken() == {}


async def test_with_a_new_connection_all_is_told_again_at_once(stage: MakeStage) -> None:
    site = stage()
    await site.pass_s(5.0)
    everything = set(site.link.taken())
    site.link.connections += 1  # it came and went between two steps: the broker may have forgotten all
    await site.pass_s(5.0)
    assert set(site.link.taken()) == everything


async def test_what_failed_half_way_is_told_again_as_a_whole(stage: MakeStage) -> None:
    site = stage()
    site.link.broken = True
    await site.pass_s(5.0)
    assert site.link.taken() == {}
    site.link.broken = False
    await site.pass_s(5.0)
    assert "homeassistant/device/ee_home-1/config" in site.link.taken()


async def test_what_the_broker_refuses_is_told_and_not_tried_again_and_again(stage: MakeStage) -> None:
    site = stage()
    site.link.refused.add("enalysis_edge/home-1/reason")
    await site.pass_s(DOWN_S + 10.0)
    assert [(kind, severity) for kind, severity, _ in site.told] == [("home_assistant_away", "warning")]
    assert "the broker refused enalysis_edge/home-1/reason with code 0x87" in site.told[0][2]
    assert site.cycle.counts.told == 1


async def test_a_broker_that_is_away_for_long_is_an_alarm_and_its_return_the_end_of_it(stage: MakeStage) -> None:
    site = stage()
    await site.pass_s(5.0)
    site.link.connected, site.link.trouble = False, "127.0.0.1:1883: Connection refused: no broker listens there"
    await site.pass_s(DOWN_S - 5.0)
    assert site.told == []
    await site.pass_s(10.0)
    site.link.connected, site.link.connections, site.link.trouble = True, 2, None
    await site.pass_s(5.0)
    said = [(kind, text) for kind, _, text in site.told]
    reason = "Home Assistant is not reached: 127.0.0.1:1883: Connection refused: no broker listens there"
    assert said == [("home_assistant_away", reason), ("home_assistant_away", f"over: {reason}")]


# Orders.


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
    said = {topic: text for topic, text in _last(site.link.sent).items() if topic in ("override", "order_result")}
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
    assert "set_power" not in _last(site.link.sent)


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
    assert _last(site.link.sent)["order_result"] == sentence
    assert site.outlet.view.override is None


async def test_a_site_that_is_only_observed_and_a_clock_that_is_not_known_say_so(stage: MakeStage) -> None:
    site = stage(ORDERED)
    show(site.outlet, observing="the site file says so")
    await site.order("set_override", b"charge")
    await site.pass_s(5.0)
    assert _last(site.link.sent)["order_result"] == "charge: the site is only observed, the site file says so"
    show(site.outlet, observing=None)
    site.clock.believed = False
    await site.order("set_override", b"charge")
    await site.pass_s(5.0)
    assert "the time is not known" in _last(site.link.sent)["order_result"]
    assert site.outlet.view.override is None


async def test_an_order_that_nobody_takes_up_is_told(stage: MakeStage) -> None:
    site = stage(ORDERED)
    await site.order("set_override", b"charge")
    site.clock.seconds += STEP_S
    for _ in range(int(TAKEN_UP_S / STEP_S) + 2):
        site.clock.seconds += STEP_S
        await site.cycle.step()  # and no step of the inlet
    assert _last(site.link.sent)["order_result"] == "it was not taken up; the events say why"


async def test_orders_are_obeyed_without_a_broker_that_answers(stage: MakeStage) -> None:
    site = stage(ORDERED)
    await site.order("set_override", b"charge")
    site.link.connected = False
    await site.pass_s(10.0)
    assert site.outlet.view.override is not None


def _last(sent: list[Envelope]) -> dict[str, str]:
    return {one.topic.removeprefix("enalysis_edge/home-1/"): one.payload.decode() for one in sent}
