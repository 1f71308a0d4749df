"""The cycle of Home Assistant with its orders and the inlet, on a clock of the test's and a link that writes down."""

import asyncio
from collections.abc import Callable
from itertools import cycle as repeating

from agent.adapters.host.inbox import FileInbox
from agent.cycles.advice import Recommendations
from agent.cycles.command_trail import CommandTrail
from agent.cycles.commands import Commands
from agent.cycles.home_assistant import HomeAssistant
from agent.cycles.home_orders import HomeOrders
from agent.cycles.override import Overrides
from agent.cycles.paired_trial import PairedTrial
from agent.cycles.signed_commands import SignedCommands
from agent.domain.advisory import AdviceQuestion
from agent.domain.command_record import CommandRecord
from agent.domain.envelope import Envelope
from agent.domain.site import Measured, SiteState
from agent.home_assistant.discovery import Household
from agent.ports import EnvelopeRefused, LinkFailure
from agent.site_view import Outlet
from tests.cycles.hand_clock import HandClock
from tests.cycles.hearing import Hearing
from tests.home_assistant.households import LONDON
from tests.shown import show

STEP_S = 5.0


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


async def no_command(_: str) -> CommandRecord | None:
    """The store holds none."""
    return None


class HomeStage:
    """The cycle with overrides and inlet, on a clock of the test's. ``chance`` are the random numbers, in turn."""

    def __init__(self, home: Household, inbox: FileInbox, *chance: float) -> None:
        self.clock, self.outlet, self.link = HandClock(), Outlet(), WrittenDown()
        self.hearing = Hearing(self.clock)
        pending, alarms = self.hearing.pending, self.hearing.alarms
        self.overrides = Overrides(self.clock, pending, self.outlet, LONDON)
        advice = Recommendations(self.clock, pending, self.outlet, AdviceQuestion(), lambda at: None, 0.1)
        paired_trial = PairedTrial(self.clock, pending, self.outlet)
        signed = SignedCommands(self.clock, pending, CommandTrail(self.clock, pending, no_command), self.overrides)
        self.commands = Commands(self.clock, inbox, alarms, advice, paired_trial, self.overrides, signed)
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

    def last(self) -> dict[str, str]:
        """The newest of each topic since ``taken`` was called."""
        return {one.topic.removeprefix("enalysis_edge/home-1/"): one.payload.decode() for one in self.link.sent}


MakeStage = Callable[..., HomeStage]
