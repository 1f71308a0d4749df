"""The inlet of commands on a store and a clock of the test's, which hears what the platform signs."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from agent.adapters.host.inbox import FileInbox
from agent.adapters.host.signing_keys import read_signing_keys
from agent.adapters.mqtt.command_envelopes import parse_signed
from agent.cycles.advice import Recommendations
from agent.cycles.alarms import Alarms
from agent.cycles.command_trail import MOST_RECENT, CommandTrail
from agent.cycles.commands import Commands
from agent.cycles.override import Overrides
from agent.cycles.paired_trial import PairedTrial
from agent.cycles.signed_commands import SignedCommands
from agent.domain.advisory import AdviceQuestion
from agent.domain.command_record import CommandRecord
from agent.domain.documents import COMMAND_COUNTERS, OVERRIDE
from agent.domain.setpoint import Rung, Setpoint
from agent.recording.pending_writes import PendingWrites
from agent.site_view import Outlet
from simulator.signer import Signer
from tests.adapters.store.store_rows import new_store
from tests.cycles.hand_clock import HandClock
from tests.shown import show

SITE = "home-1"
HOLD = {"action": "hold", "lease_s": 3600}
CHARGE = {"action": "charge", "power_w": 1500.0, "lease_s": 3600}
AUTO = {"action": "auto"}


class SignedSite:
    """One agent's life on the store of ``folder``; ``again`` is its next one, after a kill.

    ``told`` are the texts of events, ``heard`` (id, state, reason) of what the platform may hear, and ``records`` all
    of that.
    """

    def __init__(self, folder: Path, clock: HandClock | None = None, signer: Signer | None = None) -> None:
        self.folder, self.clock = folder, clock or HandClock()
        self.signer = signer or Signer("ops-1", bytes(range(32)))
        keys = folder / "platform.keys"
        keys.write_text(self.signer.key_line())
        self.keys = read_signing_keys(keys)
        self.store, self.pending, self.outlet = new_store(folder / "site.db"), PendingWrites(), Outlet()
        paired_trial = PairedTrial(self.clock, self.pending, self.outlet)
        advice = Recommendations(self.clock, self.pending, self.outlet, AdviceQuestion(), lambda at: None, 0.1)
        self.overrides = Overrides(self.clock, self.pending, self.outlet, ZoneInfo("Europe/London"))
        self.signed = SignedCommands(
            self.clock, self.pending, CommandTrail(self.clock, self.pending, self.store.command), self.overrides
        )
        alarms, inbox = Alarms(self.clock, self.pending), FileInbox(folder / "requests")
        self.commands = Commands(self.clock, inbox, alarms, advice, paired_trial, self.overrides, self.signed)
        self.told: list[str] = []
        self.heard: list[tuple[str, str, str]] = []
        self.records: list[CommandRecord] = []
        self.steered()

    async def start(self) -> "SignedSite":
        await self.store.open()
        self.overrides.recall(await self.store.kept(OVERRIDE.name))
        self.signed.recall(await self.store.kept(COMMAND_COUNTERS.name), await self.store.commands(MOST_RECENT))
        return self

    def steered(self, rung: Rung = Rung.OVERRIDE, why: str = "so") -> None:
        """What the last control step has done."""
        watts = None if rung is Rung.RELEASE else 0.0
        show(self.outlet, setpoint=Setpoint(self.clock.now(), watts, 60.0, rung, why))

    def command(self, params: dict[str, object], name: str = "override", **changes: object) -> dict[str, Any]:
        return self.signer.command(SITE, name, params, self.clock.now(), **changes)

    def hear(self, body: dict[str, Any], name: str = "override") -> str | None:
        """The message comes in. Raises PayloadRefused."""
        return self.signed.take(parse_signed(f"down/cmd/{name}", json.dumps(body).encode(), SITE, self.keys))

    async def step(self) -> None:
        """As the daemon does it every two seconds."""
        self.overrides.step()
        await self.commands.step()
        if self.signed.unwritten:
            await self.commit()

    async def commit(self) -> None:
        await self.commands.step()
        obeyed, noted = self.commands.obeyed, self.commands.trail.noted
        batch = self.pending.take(self.clock.now())
        await self.store.write(batch)
        self.commands.trail.written(noted)
        await self.commands.forget(obeyed)
        self.told += [row.text for row in batch.events]
        answers = self.commands.trail.answers
        while answers:
            record = answers.popleft()
            self.records.append(record)
            self.heard.append((record.id, record.state.value, record.reason))
            self.commands.trail.told(record)

    async def steps(self, count: int = 3) -> None:
        for _ in range(count):
            await self.step()

    async def order(self, params: dict[str, object], name: str = "override", **changes: object) -> str:
        """Send a command and wait until it is done or begun; its id."""
        body = self.command(params, name, **changes)
        assert self.hear(body, name) is None
        await self.steps()
        return str(body["id"])

    def states(self, command_id: str) -> list[str]:
        return [state for one, state, _ in self.heard if one == command_id]

    def reason(self, command_id: str) -> str:
        return [why for one, _, why in self.heard if one == command_id][-1]

    async def again(self) -> "SignedSite":
        """Killed, and started again on the same disk and clock."""
        await self.store.close()
        return await SignedSite(self.folder, self.clock, self.signer).start()

    def goes_on(self, seconds: float) -> None:
        self.clock.seconds += seconds
        setpoint = self.outlet.view.setpoint
        assert setpoint is not None
        show(self.outlet, setpoint=replace(setpoint, at=setpoint.at + timedelta(seconds=seconds)))
