"""One durable commit an interval: everything that waits in the pending writes, in one transaction."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from agent.cycles.alarms import Alarms
from agent.domain.alarms import AlarmKind, EventKind
from agent.domain.documents import PLAN
from agent.domain.forecast_corrections import FORECAST_CORRECTIONS, ForecastCorrections
from agent.domain.plan import Plan, ValueTable
from agent.domain.sentence import sentence_of
from agent.domain.weather import Weather
from agent.domain.wire import to_json
from agent.ports import Clock, Store, StoreFailure
from agent.recording.pending_writes import PendingWrites
from agent.recording.picture import picture
from agent.recording.predicted_days import predicted_days
from agent.recording.weather_log import WeatherLog
from agent.site_view import Outlet

# A planner that goes on from older corrections learns the hours since then once more, which costs less than flash.
CORRECTIONS_EVERY_S = 3000.0


WeatherAt = Callable[[datetime], Weather | None]


class Record:
    """Writes what is pending to the store. A commit that fails is given back and tried again.

    ``weather`` gives the forecast that holds at a time, which is kept by the hour; ``zone`` is the site's, whose days
    plans are asked about.
    """

    def __init__(
        self,
        clock: Clock,
        store: Store,
        pending: PendingWrites,
        outlet: Outlet,
        weather: WeatherAt,
        zone: ZoneInfo,
    ) -> None:
        self._clock, self._store, self._pending, self._outlet = clock, store, pending, outlet
        self._weather, self._zone = weather, zone
        self._alarms = Alarms(clock, pending)
        self._weather_log = WeatherLog()
        self._plan: Plan | None = None
        self._corrections: tuple[ForecastCorrections, ...] = ()
        self._corrections_at: float | None = None

    async def step(self) -> bool:
        """Write what waits, and the newest picture for the status command. Whether it is durable now."""
        self._keep_latest()
        self._keep_corrections()
        if self._clock.trusted():
            now = self._clock.now()
            self._pending.weather(self._weather_log.rows(self._weather(now), now))
        batch = self._pending.take(self._clock.now())
        try:
            await self._store.write(batch)
        except StoreFailure as failure:
            self._pending.give_back(batch)
            self._alarms.alarm(AlarmKind.STORE_FAILED, sentence_of(failure), by="commit")
            written = False
        else:
            self._alarms.alarm(AlarmKind.STORE_FAILED, None, by="commit")
            written = True
        for sentence in self._store.remarks():
            self._alarms.note(EventKind.STORE_REPLACED, sentence)
        self._alarms.alarm(AlarmKind.DISK_FULL, self._store.shortage)
        return written

    def _keep_latest(self) -> None:
        view = self._outlet.view
        for name, document in picture(view).items():
            self._pending.keep(name, document)
        if view.plan is not None and view.plan is not self._plan:
            self._pending.keep(PLAN.name, _plan_document(view.plan))
            self._pending.predict(predicted_days(view.plan, self._zone) if self._clock.trusted() else ())
            self._plan = view.plan
        self._alarms.keep()  # as they stand at this instant

    def _keep_corrections(self) -> None:
        """What the forecasts have learnt, about as often as that changes: with the hours that have passed."""
        plan, now = self._outlet.view.plan, self._clock.monotonic()
        if plan is None or not plan.corrections or plan.corrections == self._corrections:
            return
        if self._corrections_at is None or now - self._corrections_at >= CORRECTIONS_EVERY_S:
            self._pending.keep(FORECAST_CORRECTIONS.name, to_json(plan.corrections, digits=8))
            self._corrections, self._corrections_at = plan.corrections, now


def _plan_document(plan: Plan) -> str:
    """The plan for people: without the value table, which is most of it and of no use after a restart.

    Of that the price of a peak stays, since explanations need it. What was learnt and what is doubted have their own
    places in the store.
    """
    values = ValueTable(plan.values.soc_pct, (), peak=plan.values.peak, other_peaks=plan.values.other_peaks)
    return to_json(replace(plan, values=values, corrections=(), suspects=(), advice=None), digits=5)
