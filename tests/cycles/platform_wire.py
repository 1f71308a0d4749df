"""What speaks with the platform, without the rest of the agent: sync and listening on a store and a link."""

from dataclasses import dataclass, field

from agent.adapters.mqtt.payloads import JsonPayloads
from agent.cycles.listening import Listening, Takers
from agent.cycles.sync import Sync
from agent.cycles.sync_rules import SyncRules
from agent.domain.commands import Request
from agent.domain.inputs import PlatformInput
from agent.domain.notice import Notice
from agent.domain.signed_command import SignedCommand
from agent.ports import Clock, CloudLink, Store
from agent.site_view import Outlet
from tests.cycles.hearing import Hearing

RULES = SyncRules()


@dataclass
class PlatformWire:
    """``hearing`` is what is told, kept and acknowledged; ``inputs`` and ``requests`` are what was taken in."""

    clock: Clock
    store: Store
    link: CloudLink
    site: str
    rules: SyncRules = RULES
    inputs: list[PlatformInput] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    signed: list[SignedCommand] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.outlet, self.hearing = Outlet(), Hearing(self.clock)
        payloads, pending = JsonPayloads(self.site, "s"), self.hearing.pending
        facts = {"version": "1"}
        self.sync = Sync(self.clock, self.store, self.link, payloads, pending, self.outlet, lambda: facts, self.rules)
        takers = Takers(self.requests.append, self.inputs.append, self.signed.append, self.notices.append)
        self.listening = Listening(self.clock, self.link, payloads, pending, self.sync, takers)
