"""Recommendations: when the planner is asked for them, the book of them, and what people say. When, and nothing else.

The book is written with the next commit, and only when it has changed.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from agent.advice.book import NotPossible, act, close, due, open_ones, take
from agent.cycles.alarms import Alarms
from agent.domain.advisory import AdviceBook, AdviceQuestion, Advisory, PricedSpan
from agent.domain.alarms import EventKind
from agent.domain.commands import AnswerAdvice
from agent.domain.documents import ADVICE
from agent.domain.horizon import floor_to_step
from agent.domain.plan import Plan
from agent.domain.sentences import commands as say
from agent.domain.sentences.events import kept_advice_unreadable
from agent.domain.wire import WireError, to_json
from agent.ports import Clock
from agent.recording.pending_writes import PendingWrites
from agent.savings.settle import DONE_BY_PEOPLE
from agent.site_view import Outlet

ASK_EVERY_S = 3300.0  # less than an hour, since plans come at whole intervals
FIRST_AFTER_S = 300.0  # the first plan of all is waited for, and comes without
SETTLE_AFTER = timedelta(hours=2)  # by then the quarters are rolled up
MOST_DUE = 20
OUTAGES_OF = timedelta(days=365)
SPAN_S = 900


class Recommendations:
    """Shows the recommendations that are open.

    ``site`` is the site file's part of the question, ``paid`` the import and export price at an instant, ``worth_it``
    the smallest saving in money that is worth a word.
    """

    def __init__(
        self,
        clock: Clock,
        pending: PendingWrites,
        outlet: Outlet,
        site: AdviceQuestion,
        paid: Callable[[datetime], tuple[float, float] | None],
        worth_it: float,
    ) -> None:
        self._clock, self._pending, self._outlet = clock, pending, outlet
        self._site, self._paid, self._worth_it = site, paid, worth_it
        self._alarms = Alarms(clock, pending)
        self._book = AdviceBook()
        self._not_before = clock.monotonic() + FIRST_AFTER_S

    def go_by(self, site: AdviceQuestion, worth_it: float) -> None:
        """The site file says this from now on."""
        self._site, self._worth_it = site, worth_it

    def recall(self, document: str | None) -> None:
        """The book from before the start. One that cannot be read is begun anew, and that is told."""
        try:
            self._book = AdviceBook() if document is None else ADVICE.read(document)
        except (WireError, RecursionError) as error:
            self._alarms.note(EventKind.ADVICE_LOST, kept_advice_unreadable(cause=str(error)))
        self._show()

    def question(self) -> AdviceQuestion | None:
        """What the planner is asked beside its plan, once an hour; None in between.

        A plan that fails takes the question with it until the next hour: recommendations must not cost plans.
        """
        monotonic = self._clock.monotonic()
        if not self._clock.trusted() or monotonic < self._not_before:
            return None
        self._not_before = monotonic + ASK_EVERY_S
        now = self._clock.now()
        ended = due(self._book, now - SETTLE_AFTER)[:MOST_DUE]
        outages = tuple(one for one in self._site.outages if now - OUTAGES_OF < one.end <= now)
        return replace(self._site, outages=outages, due=ended, paid=self._paid_around(ended))

    def hear(self, plan: Plan) -> None:
        """Take up what the planner proposes and what it found out about earlier ones.

        One whose time or saving has moved is brought up to date in the book and not told again.
        """
        if plan.advice is None:
            return
        book, now = self._book, self._clock.now()
        headlines = {one.key: one.headline for one in book.advisories}
        for settled in plan.advice.settled:
            if settled.key in headlines:
                told = say.advice_turned_out(headline=headlines[settled.key], outcome=settled.outcome.text)
                self._alarms.note(EventKind.ADVICE_OUTCOME, told)
            book = close(book, settled.key, settled.outcome)
        taken = take(book, plan.advice.proposals, now, self._worth_it)
        live = {one.key for one in open_ones(book, now)}
        for one in (one for one in taken.issued if one.key not in live):
            self._alarms.note(EventKind.ADVICE, say.advice_told(headline=one.headline, description=one.description))
        self._adopt(taken.book)

    def answer(self, answer: AnswerAdvice) -> str | None:
        """What a person says to a recommendation, judged by our own clock. Why it is refused, else None."""
        try:
            book = act(self._book, answer, self._clock.now())
        except NotPossible as refusal:
            self._alarms.note(EventKind.ADVICE_REFUSED, refusal.why)
            return refusal.why
        before = {one.key: one.state for one in self._book.advisories}
        for one in book.advisories:
            if one.state is not before[one.key]:
                told = say.advice_answered(headline=one.headline, state=one.state.value)
                self._alarms.note(EventKind.ADVICE_ANSWERED, told)
        self._adopt(book)
        return None

    def _adopt(self, book: AdviceBook) -> None:
        if book != self._book:
            self._book = book
            self._pending.keep(ADVICE.name, to_json(book))
        self._show()

    def _show(self) -> None:
        self._outlet.show(replace(self._outlet.view, advice=open_ones(self._book, self._clock.now())))

    def _paid_around(self, ended: tuple[Advisory, ...]) -> tuple[PricedSpan, ...]:
        """Prices of the quarters during each, and as long before and after it."""
        times: set[datetime] = set()
        for one in ended:
            if one.kind in DONE_BY_PEOPLE:
                continue
            length, at = one.end - one.start, floor_to_step(one.start - (one.end - one.start), SPAN_S)
            while at < one.end + length:
                times.add(at)
                at += timedelta(seconds=SPAN_S)
        found = [(at, self._paid(at)) for at in sorted(times)]
        return tuple(PricedSpan(at, *prices) for at, prices in found if prices is not None)
