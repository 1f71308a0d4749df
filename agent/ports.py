"""The seams between the cycles and the world. A port's exceptions live with the port."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from agent.domain.advisory import Advisory
    from agent.domain.command_record import CommandRecord
    from agent.domain.commands import Request
    from agent.domain.desired import RemoteConfig
    from agent.domain.envelope import Envelope
    from agent.domain.inputs import Incoming
    from agent.domain.ledger import Settled, SettlementRequest
    from agent.domain.override import Override
    from agent.domain.plan import Plan
    from agent.domain.records import Batch, OutboxRow
    from agent.domain.request import PlanRequest
    from agent.domain.setpoint import Outcome, Setpoint
    from agent.domain.site import SiteState
    from agent.domain.steering import SteeringReport
    from agent.domain.suspect import Suspect
    from agent.domain.time_trust import TimeEvidence
    from drivers.device import Remark
    from drivers.reading import Quantity, Reading


class Clock(Protocol):
    """Time is injected. ``now`` is aware UTC; ``monotonic`` never steps; leases and staleness run on it.

    ``believed`` is written by the cycle that keeps time.
    """

    believed: bool

    def now(self) -> datetime: ...

    def monotonic(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...

    def trusted(self) -> bool:
        """False while the wall clock cannot be believed: it may be hours or years off."""
        ...

    def adopt(self) -> float:
        """Take over the system's wall time. Returns how far it is from where ``now`` had got to, seconds (> 0 ahead).

        ``now`` runs on the monotonic clock in between.
        """
        ...


class TimeSource(Protocol):
    """What the platform knows of its own wall clock."""

    def look(self) -> TimeEvidence: ...

    def boot_id(self) -> str:
        """The same as long as the monotonic clock goes on."""
        ...


class StoreFailure(Exception):
    """Nothing of the batch was written. ``str()`` says why in one sentence."""


class Store(Protocol):
    """The one place where things last. Methods are called from the event loop and return when it is durable."""

    async def write(self, batch: Batch) -> None:
        """Write everything in one transaction, durable on return. Raises StoreFailure and then wrote nothing."""
        ...

    async def kept(self, name: str) -> str | None:
        """A named JSON document, or None."""
        ...

    async def flags(self) -> Sequence[Suspect]:
        """The measurements that are doubted, oldest first."""
        ...

    async def imports(self, since: datetime) -> Sequence[tuple[datetime, float, float, float]]:
        """What was imported from ``since`` (UTC) on: (start, span s, measured s, imported Wh), oldest first."""
        ...

    async def pending(self, stream: str, after: int, limit: int) -> Sequence[OutboxRow]:
        """Rows of a stream with seq > ``after``, oldest first."""
        ...

    async def backlog(self) -> dict[str, tuple[int, int]]:
        """Per stream: (highest acknowledged seq, highest seq)."""
        ...

    async def before_start(self) -> Mapping[str, int]:
        """Per stream: the highest seq that was given before this run."""
        ...

    async def number_above(self, stream: str, seq: int) -> int:
        """Give all rows that are not acknowledged numbers above ``seq``, in their order. Returns how many there are."""
        ...

    async def newest(self) -> datetime | None:
        """The start of the newest minute whose time was trusted; None without one."""
        ...

    async def tidy(self, now: datetime | None, dated: bool = True) -> list[str]:
        """Roll up, if ``dated``; prune by bytes and, with a ``now``, by age; checkpoint. Returns sentences on loss."""
        ...

    def remarks(self) -> Sequence[str]:
        """A sentence for everything that befell the file since the last call. Does not wait."""
        ...

    @property
    def shortage(self) -> str | None:
        """Why there will soon be no room for more, while that is so. Does not wait."""
        ...


class LinkFailure(Exception):
    """The envelope was not taken. It stays in the store."""


class EnvelopeRefused(LinkFailure):
    """The broker answered with a refusal. ``code`` is the MQTT 5 reason code, 0x80 and above."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


class CloudLink(Protocol):
    """The way to the central platform. ``publish`` waits for the broker's acknowledgement of one envelope."""

    @property
    def connected(self) -> bool: ...

    @property
    def connections(self) -> int:
        """How many the broker has accepted: another one may have come between two looks."""
        ...

    @property
    def trouble(self) -> str | None:
        """Why there is no connection, or what is wrong with it, in one sentence."""
        ...

    async def publish(self, envelope: Envelope) -> None:
        """Return when the broker has acknowledged with a success code. Raises LinkFailure; at most 16 are in flight."""
        ...

    async def incoming(self) -> tuple[str, bytes, bool]:
        """The next message for this site: (topic below the site's root, payload, retain flag)."""
        ...


class PayloadRefused(Exception):
    """A message from the platform that is not acted on. ``str()`` says why in one sentence."""


class TopicUnknown(PayloadRefused):
    """Nobody has asked for messages of this topic."""


class Payloads(Protocol):
    """The platform's language: what is sent as an envelope, what comes in as a checked, frozen object."""

    def rows(self, stream: str, rows: Sequence[OutboxRow], prev: int, now: datetime, history: bool = False) -> Envelope:
        """As many of ``rows`` (at least one is given, oldest first) as fit; ``seq_to`` says how far it goes.

        ``prev`` is the seq that was sent before them: nothing between it and the first row exists any more. ``history``
        asks for the compressed form of a backlog (``HISTORY_TYPE``).
        """
        ...

    def plan(self, plan: Plan, now: datetime) -> Envelope: ...

    def advice(self, advisories: Sequence[Advisory], now: datetime) -> Envelope: ...

    def live(
        self, state: SiteState, setpoint: Setpoint | None, override: Override | None, now: datetime
    ) -> Envelope: ...

    def reported(self, config: RemoteConfig, now: datetime) -> Envelope: ...

    def info(self, facts: Mapping[str, object], now: datetime) -> Envelope: ...

    def status(self, word: str, now: datetime, alarms: Sequence[str] = ()) -> Envelope: ...

    def command(self, record: CommandRecord, now: datetime) -> Envelope: ...

    def parse(self, topic: str, payload: bytes) -> Incoming:
        """``topic`` is below the site's root (``down/ack``, ``down/input/tariff``). Raises PayloadRefused."""
        ...


@dataclass(frozen=True, slots=True)
class Found:
    """Requests, oldest first, a sentence for each file that is none, and the names of all that were looked at."""

    requests: tuple[Request, ...] = ()
    refused: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


class Inbox(Protocol):
    """Where the command line leaves its requests."""

    async def look(self, known: Collection[str]) -> Found:
        """What waits, without those of a ``known`` name."""
        ...

    async def clear(self, names: Collection[str]) -> Collection[str]:
        """Forget those of these names: what they did has been written down. The names of those that stay."""
        ...


class PlannerFailure(Exception):
    """No usable plan. ``str()`` says why in one sentence."""


class Planner(Protocol):
    """Answers a request with a plan that has passed the independent check."""

    async def plan(self, request: PlanRequest) -> Plan: ...


class TrialFailure(Exception):
    """No trial of models was held to its end. ``str()`` says why in one sentence."""


class Trials(Protocol):
    """Compares candidate models with those in charge, and puts the better ones in charge."""

    async def hold(self, request: PlanRequest) -> tuple[str, ...]:
        """A sentence for everything that was decided. Raises TrialFailure."""
        ...


class SettlementFailure(Exception):
    """No day was settled. ``str()`` says why in one sentence."""


class Settlement(Protocol):
    """Works out what the days that have passed did cost, and would have cost otherwise."""

    async def settle(self, request: SettlementRequest) -> Settled:
        """Raises SettlementFailure. Nothing is written."""
        ...


class Site(Protocol):
    """The devices of the site as one thing. Reading never raises: a device that does not answer keeps its old readings,
    whose age tells, and has a trouble."""

    async def read(self, deadline_s: float) -> Mapping[str, Mapping[Quantity, Reading]]:
        """The newest readings of every device by name. Waits at most ``deadline_s`` for those that are slow."""
        ...

    def troubles(self) -> Mapping[str, str]:
        """One sentence for each device that did not answer last time."""
        ...

    def remarks(self) -> Mapping[str, tuple[Remark, ...]]:
        """What is odd about devices that answer, by name; those about which there is nothing to say are left out."""
        ...

    def steering(self) -> SteeringReport:
        """Who else writes to the devices that steer, and what was written there."""
        ...

    async def steer(self, setpoint: Setpoint) -> Outcome:
        """Write the setpoint to the battery's device and read it back. A setpoint without power releases it."""
        ...


@dataclass(frozen=True, slots=True)
class Job:
    """One thing that happens again and again. What makes it happen is an edge: the timetable, or virtual time.

    ``run`` is called every ``every_s`` seconds of the monotonic clock, first ``first_s`` seconds after the start. It
    never overlaps itself.

    ``aligned`` jobs run on the multiples of ``every_s`` of the UTC day (a plan on the quarter of an hour) besides
    their first run.
    """

    name: str
    every_s: float
    run: Callable[[], Awaitable[None]]
    first_s: float = 0.0
    aligned: bool = False
