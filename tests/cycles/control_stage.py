"""A control cycle among scripted neighbours: a site that says what it is told to, and a clock moved by hand."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from agent.adapters.host.clock import VirtualClock
from agent.cycles.control import Control
from agent.dispatch.control_mode import ControlRules
from agent.dispatch.demand_meter import DemandMeter
from agent.dispatch.guard import Limits
from agent.domain.battery import Battery
from agent.domain.forecast import Forecast
from agent.domain.horizon import Horizon
from agent.domain.plan import Plan, PlanStep, ValueTable
from agent.domain.request import Objective, Place
from agent.domain.setpoint import Applied, Outcome, Setpoint
from agent.domain.site import Connection
from agent.domain.steering import SteeringReport
from agent.domain.tariff import Flat, Tariff
from agent.recording.pending_writes import PendingWrites
from agent.site_conditions.site_conditions import SiteConditions
from agent.site_view import Outlet
from drivers.device import Remark
from drivers.reading import Quality, Quantity, Reading

START = datetime(2026, 3, 17, 12, tzinfo=UTC)
BATTERY = Battery(10_000.0, 5000.0, 5000.0, soc_min_pct=10.0, soc_max_pct=95.0)
ROLES = {"inverter": frozenset({"battery", "solar"}), "meter": frozenset({"grid"})}


class ScriptedSite:
    """Shows ``values``; ``answers`` are the outcomes of the next writes, Applied when there are none left."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.values: dict[str, dict[Quantity, float | None]] = {
            "inverter": {Quantity.BATTERY_W: 0.0, Quantity.PV_W: 0.0, Quantity.SOC_PCT: 50.0},
            "meter": {Quantity.GRID_W: 1000.0},
        }
        self.silent: dict[str, str] = {}
        self.odd: dict[str, tuple[Remark, ...]] = {}
        self.answers: list[Outcome] = []
        self.written: list[Setpoint] = []
        self.obeys = True
        self.report = SteeringReport()
        self._shown: dict[str, dict[Quantity, Reading]] = {}

    async def read(self, deadline_s: float) -> Mapping[str, Mapping[Quantity, Reading]]:
        for name, values in self.values.items():
            if name not in self.silent:
                self._shown[name] = {quantity: self._reading(quantity, value) for quantity, value in values.items()}
        return dict(self._shown)

    def remarks(self) -> Mapping[str, tuple[Remark, ...]]:
        return self.odd

    def troubles(self) -> Mapping[str, str]:
        return dict(self.silent)

    def steering(self) -> SteeringReport:
        return self.report

    async def steer(self, setpoint: Setpoint) -> Outcome:
        self.written.append(setpoint)
        outcome = self.answers.pop(0) if self.answers else Applied(setpoint.battery_w)
        if self.obeys and isinstance(outcome, Applied) and outcome.battery_w is not None:
            load_w = self._number("inverter", Quantity.BATTERY_W) + self._number("meter", Quantity.GRID_W)
            self.values["inverter"][Quantity.BATTERY_W] = outcome.battery_w
            self.values["meter"][Quantity.GRID_W] = load_w - outcome.battery_w
        return outcome

    def _number(self, device: str, quantity: Quantity) -> float:
        return self.values[device][quantity] or 0.0

    def _reading(self, quantity: Quantity, value: float | None) -> Reading:
        return Reading(quantity, value, self.clock.monotonic(), Quality.MISSING if value is None else Quality.GOOD)


class ControlStage:
    def __init__(
        self,
        bought: Tariff = Flat(0.28),  # noqa: B008 - frozen
        sold: Tariff = Flat(0.05),  # noqa: B008 - frozen
        connection: Connection = Connection(),  # noqa: B008 - frozen
        ramp_w_per_s: float | None = None,
        meter: DemandMeter | None = None,
    ) -> None:
        self.clock = VirtualClock(START)
        self.site = ScriptedSite(self.clock)
        self.pending, self.outlet = PendingWrites(), Outlet()
        self.conditions = SiteConditions(bought, sold, 0.25, connection, Objective(), Place(51.5, 0.0, "UTC"))
        limits = Limits(BATTERY, connection, ramp_w_per_s)
        self.rules = ControlRules(1.0, 60.0, 15.0, 3600.0, 1800.0, limits, ROLES)
        self.control = Control(self.clock, self.site, self.conditions, self.pending, self.outlet, self.rules, meter)

    async def step(self, count: int = 1) -> Setpoint:
        """So many control steps, a second each. The last setpoint."""
        for _ in range(count):
            await self.control.step()
            await self.clock.sleep(1.0)
        assert self.outlet.view.setpoint is not None
        return self.outlet.view.setpoint


def plan(worth_per_kwh: float, issued_at: datetime = START, valid: timedelta = timedelta(hours=2)) -> Plan:
    """A plan in which every stored kWh is worth the same, whatever the state of charge."""
    horizon = Horizon(START, 900, 16)
    step = PlanStep(0.0, 0.0, 1000.0, 0.0, 0.0, 50.0, 1000.0, 0.0, 0.28, 0.05, worth_per_kwh)
    row = (0.0, worth_per_kwh * 10.0)
    flat = (1000.0,) * 16
    load = Forecast("load_w", horizon, (0.5,), (flat,), "made up", START)
    pv = Forecast("pv_w", horizon, (0.5,), ((0.0,) * 16,), "made up", START)
    return Plan(issued_at, issued_at + valid, horizon, (step,) * 16, ValueTable((0.0, 100.0), (row,) * 16), load, pv)
