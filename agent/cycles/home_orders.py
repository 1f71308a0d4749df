"""Orders of Home Assistant: judged, given to the one inlet, and read back by what is in force."""

from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from agent.cycles.alarms import Alarms
from agent.domain.alarms import EventKind
from agent.domain.commands import OverrideBattery, Request
from agent.domain.override import OBEYED_WITHIN, Override
from agent.domain.sentence import Sentence
from agent.domain.sentences import commands as say_command
from agent.domain.sentences import home_assistant as say
from agent.home_assistant.discovery import Household
from agent.home_assistant.orders import Order, OrderRefused, Terms, read_order, refused
from agent.ports import Clock
from agent.site_view import Outlet

TAKEN_UP_S = 15.0  # after which an order that is not in force was not taken up
REFUSED_EVERY_S = 60.0

Ask = Callable[[Request], str | None]


@dataclass(frozen=True, slots=True)
class _Asked:
    override: Override | None
    at_s: float


class HomeOrders:
    """``take`` every message, run ``step`` every few seconds: of several orders between two steps the newest counts.

    Without ``Household.commands`` nothing is obeyed. ``result`` is a sentence about the newest order.
    """

    def __init__(self, clock: Clock, home: Household, outlet: Outlet, alarms: Alarms, ask: Ask, zone: ZoneInfo) -> None:
        self._clock, self._home, self._outlet, self._alarms = clock, home, outlet, alarms
        self._ask, self._zone = ask, zone
        self._wanted: Order | None = None
        self._asked: _Asked | None = None
        self._told_at: float | None = None
        self.terms = Terms()
        self.result: str | None = None

    def take(self, topic: str, payload: bytes, retained: bool) -> None:
        """A message below the topic of orders; others are none of ours. One that is refused is told."""
        if not self._home.commands or not topic.startswith(self._home.orders_topic):
            return
        key = topic.removeprefix(self._home.orders_topic)
        if retained:
            self._refuse(refused(key, payload, say.home_order_retained()))
            return
        try:
            found = read_order(key, payload, self.terms, self._home.most_w)
        except OrderRefused as refusal:
            self._refuse(refusal.sentence)
            return
        match found:
            case Terms():
                self.terms = found
            case Order():
                self._wanted = found

    def step(self) -> None:
        """Ask what was ordered last, and look what became of what was asked before."""
        wanted, self._wanted = self._wanted, None
        if wanted is not None:
            self._order(wanted)
        elif self._asked is not None:
            self._read_back(self._asked)

    def _order(self, wanted: Order) -> None:
        now = self._clock.now()
        override = wanted.override(self.terms, now)
        why: str | None = None if override is None else self._objection()
        if why is None:
            why = self._ask(Request(OverrideBattery(override), now, now + OBEYED_WITHIN))
        if why is not None:
            words = say.home_order_ended() if override is None else override.words
            self._refuse(say_command.override_refused(order=words, why=why))
            return
        self._asked, self.result = _Asked(override, self._clock.monotonic()), say.home_order_waits()

    def _objection(self) -> Sentence | None:
        """Why no order would begin; the cycle of overrides would say the same to the events alone."""
        observing = self._outlet.view.observing
        if observing is not None:
            return say_command.site_only_observed(why=observing)
        return None if self._clock.trusted() else say_command.no_time_for_until()

    def _read_back(self, asked: _Asked) -> None:
        if self._outlet.view.override == asked.override:
            self._asked, self.result = None, self._taken(asked.override)
        elif self._clock.monotonic() - asked.at_s >= TAKEN_UP_S:
            self._asked, self.result = None, say.home_order_not_taken()

    def _taken(self, override: Override | None) -> Sentence:
        if override is None:
            return say.home_order_ended()
        return say.home_order_taken(order=override.words, until_at=override.until.astimezone(self._zone))

    def _refuse(self, sentence: Sentence) -> None:
        """Home Assistant sees every refusal; the events see one a minute."""
        self.result, self._asked = sentence, None
        now = self._clock.monotonic()
        if self._told_at is None or now - self._told_at >= REFUSED_EVERY_S:
            self._told_at = now
            self._alarms.note(EventKind.COMMAND_REFUSED, sentence)
