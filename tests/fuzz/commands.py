"""Signed commands that are damaged, forged, hostile, late, early and of other sites: none of them is obeyed.

``taken`` are those that were accepted. Of each it is known here, without the agent's own code, that it was signed as it
came, for this site, with terms that can be meant, in its time and with a counter above all before.
"""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from agent.adapters.host.clock import VirtualClock
from agent.adapters.host.key_ring import KeyRing
from agent.adapters.host.signing_keys import Purpose, SigningKeys
from agent.adapters.mqtt.payloads import JsonPayloads
from agent.cycles.command_trail import CommandTrail
from agent.cycles.override import Overrides
from agent.cycles.signed_commands import SignedCommands
from agent.domain.command_record import CommandRecord
from agent.domain.commands import Command
from agent.domain.signed_command import SignedCommand
from agent.ports import PayloadRefused
from agent.recording.pending_writes import PendingWrites
from agent.site_view import Outlet
from simulator.signer import Signer, canonical, utc
from tests.fuzz.mutation import HOSTILE, changed, damaged, text_of
from tests.fuzz.tally import Tally, Tick

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SITE = "home-1"
SEED, STRANGER = bytes(range(32)), bytes(32)
PARAMS: tuple[tuple[str, dict[str, object]], ...] = (
    ("override", {"action": "charge", "power_w": 1500.5, "lease_s": 3600}),
    ("override", {"action": "hold", "lease_s": 14400}),
    ("override", {"action": "auto"}),
    ("advice", {"key": "hold/1", "verb": "dismiss"}),
)
LIFE = 200  # commands of one agent: its counters and ids then begin anew


class Door:
    """One agent's inlet: ``accepted`` are ids, ``signed`` the bodies that our key has signed, as canonical bytes."""

    def __init__(self, chance: Random) -> None:
        self.chance, self.clock = chance, VirtualClock(NOW)
        self.signer, self.stranger = Signer("ops-1", SEED), Signer("ops-1", STRANGER, 10**6)
        ring = KeyRing.__new__(KeyRing)
        ring.keys, ring.trouble = SigningKeys({(Purpose.COMMAND, "ops-1"): self.signer.public}), None
        self.payloads = JsonPayloads(SITE, "fuzz", ring=ring)
        pending, outlet = PendingWrites(), Outlet()
        self.trail = CommandTrail(self.clock, pending, _nothing_older)
        overrides = Overrides(self.clock, pending, outlet, UTC)  # type: ignore[arg-type]
        self.inlet = SignedCommands(self.clock, pending, self.trail, overrides)
        self.inlet._started_s -= 3600.0
        self.signed: set[bytes] = set()
        self.highest = 0

    def message(self) -> tuple[str, bytes]:
        """The topic and the bytes of one that comes in."""
        name, params = self.chance.choice(PARAMS)
        signer = self.stranger if self.chance.random() < 0.1 else self.signer
        begins = NOW + timedelta(seconds=self.chance.choice((0, 0, 0, -299, -400, 29, 31, 3600, -86400)))
        body = signer.command(SITE, name, params, begins)
        unsigned = {field: found for field, found in body.items() if field != "signature"}
        if signer is self.signer:
            self.signed.add(_canonical(unsigned))
        kind = self.chance.random()
        if kind < 0.35:  # of somebody who holds the key
            body = self._signed(signer, changed(self.chance, unsigned, (*HOSTILE, *TEMPTING)))
        elif kind < 0.5:
            body = changed(self.chance, body, (*HOSTILE, *TEMPTING))
        topic = f"down/cmd/{name}" if self.chance.random() < 0.95 else f"down/cmd/{self.chance.choice(TOPICS)}"
        payload = text_of(body)
        return topic, damaged(self.chance, payload) if kind > 0.75 else payload

    def _signed(self, signer: Signer, body: Any) -> Any:
        try:
            found = signer.signed(body)
        except (TypeError, ValueError, AttributeError, RecursionError):
            return body  # not even our signer writes it
        if signer is self.signer:
            self.signed.add(_canonical(body))
        return found

    async def take(self, command: SignedCommand) -> CommandRecord | None:
        """What became of it at once."""
        assert self.inlet.take(command) is None
        before = self.trail.noted
        await self.inlet.step(_obey_nothing)
        self.trail.written(self.trail.noted)
        await self.inlet.step(_obey_nothing)
        self.trail.answers.clear()
        return None if self.trail.noted == before else self.trail._recent[command.id]

    def fault(self, command: SignedCommand, record: CommandRecord, payload: bytes) -> str | None:
        """Why it should not have been accepted, where it was."""
        self.highest, before = max(self.highest, command.counter), self.highest
        if record.reason != OBEYED:
            return None
        body = json.loads(payload)
        if _canonical({field: found for field, found in body.items() if field != "signature"}) not in self.signed:
            return "it was never signed so"
        begins, ends = (datetime.fromisoformat(body[name]) for name in ("not_before", "expires_at"))
        in_time = begins <= NOW + timedelta(seconds=30) and ends > NOW and ends - begins <= timedelta(minutes=15)
        lease_s = body["params"].get("lease_s", 0) if body["schema"].startswith("override") else 0
        meant = body["audience"] == SITE and 0 <= lease_s <= 14400 and body["params"].get("power_w", 1) != 0
        return None if in_time and meant and body["counter"] > before else "it is late, early, old or of another site"


OBEYED = "nobody obeys here"
TOPICS = ("", "x", "reboot", "override/", "advice", "override", "comparison", "#")
TEMPTING: tuple[Any, ...] = (
    "home-2", SITE, "ops-1", utc(NOW), utc(NOW + timedelta(minutes=5)), utc(NOW + timedelta(days=400)), 1, 10**9, 2**53,
    "charge", "discharge", "auto", "override/1.7", 1e8, 14401, 14400, -1, True,
)  # fmt: skip


def run(chance: Random, count: int, tick: Tick) -> Tally:
    return asyncio.run(_run(chance, count, tick))


async def _run(chance: Random, count: int, tick: Tick) -> Tally:
    tally, door = Tally("signed commands"), Door(chance)
    for number in range(count):
        topic, payload = door.message()
        with tally.watched((topic, payload)):
            try:
                command = door.payloads.parse(topic, payload)
            except PayloadRefused as refusal:
                tally.refusal(str(refusal), (topic, payload))
                continue
            finally:
                tick(number)
            assert isinstance(command, SignedCommand)
            record = await door.take(command)
            if record is None or record.reason != OBEYED:
                tally.refused += 1
            else:
                tally.taken += 1
            if record is not None and (fault := door.fault(command, record, payload)) is not None:
                tally.fault(fault, (topic, payload))
        if number % LIFE == LIFE - 1:
            door = Door(chance)
    return tally


def _obey_nothing(command: Command) -> str | None:
    return OBEYED


async def _nothing_older(command_id: str) -> CommandRecord | None:
    return None


def _canonical(body: Mapping[str, Any]) -> bytes:
    try:
        return canonical(body)
    except (TypeError, ValueError, AttributeError, RecursionError):
        return b""
