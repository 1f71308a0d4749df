"""The minutes: asks the planner for a plan of the next hours, and takes it only if it passes the check."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

import structlog

from agent.cycles.alarms import Alarms
from agent.cycles.retry import PLAN_RESTS_S, Retry
from agent.domain.alarms import AlarmKind
from agent.domain.plan import Plan
from agent.domain.request import PlanRequest
from agent.domain.sentence import Sentence, sentence_of
from agent.domain.sentences import alarms as say
from agent.domain.sentences.plans import by_defect
from agent.monitoring.data_fault_events import DataFaultEvents
from agent.planning.check import check_plan
from agent.ports import Clock, Planner, PlannerFailure
from agent.recording.pending_writes import PendingWrites
from agent.site_view import Outlet

log = structlog.get_logger("planning")

Question = Callable[[datetime, float], PlanRequest | None]


class Planning:
    """One plan a call. Shows the plan in force. A plan that fails leaves the last one there.

    A planner that has failed is left alone for as long as ``retry`` says, also where the next plan would be due.
    ``heard`` gets every plan that was taken; ``prepare`` is waited for before each question; ``why_no_price`` says what
    may be the cause where no price is known.
    """

    def __init__(
        self,
        clock: Clock,
        planner: Planner,
        question: Question,
        pending: PendingWrites,
        outlet: Outlet,
        retry: Retry | None = None,
        heard: Callable[[Plan], None] | None = None,
        prepare: Callable[[], Awaitable[None]] | None = None,
        why_no_price: Callable[[], tuple[str, ...]] = tuple,
    ) -> None:
        self._clock, self._planner, self._question = clock, planner, question
        self._pending, self._outlet = pending, outlet
        self._retry, self._heard, self._prepare = retry or Retry(PLAN_RESTS_S), heard, prepare
        self._alarms, self._why_no_price = Alarms(clock, pending), why_no_price
        self.data_faults = DataFaultEvents()
        self._asking = self._outdated = False
        self._renewals = 0
        self.made = 0
        self.failed = 0

    async def again(self) -> None:
        """Between the intervals: while there is no plan, the last one failed or is outdated, and one can be asked."""
        needed = self._outlet.view.plan is None or self._retry.failures or self._outdated
        if needed and self._soc_pct() is not None:
            await self.step()

    async def step(self) -> None:
        """Ask, check, publish. What goes wrong is an alarm; control goes down its ladder by itself."""
        if self._asking or self._retry.rests(self._clock.monotonic()):
            return
        self._asking = True
        try:
            trouble = await self._try()
        except Exception as error:
            log.exception("plan_failed_by_defect")
            self._retry.failed(self._clock.monotonic(), self._clock.monotonic())
            trouble = say.no_plan(cause=by_defect(cause=f"{type(error).__name__}: {error}"))
        finally:
            self._asking = False
        self._outlet.show(replace(self._outlet.view, plan_failure=trouble))
        if trouble is None:
            self.made += 1
        else:
            self.failed += 1
        self._alarms.alarm(AlarmKind.NO_PLAN, trouble)

    def discard(self) -> None:
        """The clock was set: what was planned, and what is being planned, is for another time."""
        self._outlet.show(replace(self._outlet.view, plan=None))
        self._renewals += 1
        self.try_again()

    def renew(self) -> None:
        """The site file was edited: the plan is followed until the next one, which is asked for soon.

        One that is being made is asked for again.
        """
        self._outdated = True
        self._renewals += 1
        self.try_again()

    def try_again(self) -> None:
        """What a plan failed for may be over: it is asked for again soon, however often it failed."""
        self._retry.succeeded()

    def _soc_pct(self) -> float | None:
        state = self._outlet.view.state
        return None if state is None else state.soc_pct.known

    async def _try(self) -> str | None:
        soc = self._soc_pct()
        if soc is None:
            return say.no_plan(cause=say.soc_not_known())
        if self._prepare is not None:
            await self._prepare()
        self._outdated = False
        renewals, request = self._renewals, self._question(self._clock.now(), soc)
        if request is None:
            return say.no_plan(cause=self._no_price())
        began_s = self._clock.monotonic()
        plan = await self.asked(request)
        if isinstance(plan, str):
            self._retry.failed(began_s, self._clock.monotonic())
            return plan
        self._retry.succeeded()
        if renewals != self._renewals:
            return await self._try()
        self._outlet.show(replace(self._outlet.view, plan=plan))
        self._note_suspects(plan)
        if self._heard is not None:
            self._heard(plan)
        log.debug("plan", cost=round(plan.cost, 3), notes=list(plan.notes), load=plan.load.source, pv=plan.pv.source)
        return None

    def _no_price(self) -> Sentence:
        causes = self._why_no_price()
        return say.price_not_known_since(cause=causes[0]) if causes else say.price_not_known()

    async def asked(self, request: PlanRequest) -> Plan | Sentence:
        """A plan that has passed the check, else the sentence of the alarm. Nothing is shown of it."""
        try:
            plan = await self._planner.plan(request)
        except PlannerFailure as failure:
            return say.no_plan(cause=sentence_of(failure))
        wrong = check_plan(plan, request)
        return say.plan_refused(cause=wrong[0]) if wrong else plan

    def _note_suspects(self, plan: Plan) -> None:
        """Measurements that the planner doubts: an event for each that is new, and flags for those who read later."""
        for kind, severity, sentence in self.data_faults.news(plan):
            self._alarms.note(kind, sentence, severity=severity)
        flags = self.data_faults.flags(plan)
        if flags is not None:
            self._pending.flag(flags)
