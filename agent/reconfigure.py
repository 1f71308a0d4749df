"""What is made of settings, at the start and when the site file is edited while the agent runs."""

import asyncio
from dataclasses import dataclass, replace
from functools import partial
from zoneinfo import ZoneInfo

import structlog

from agent.adapters.devices.device_lock import DeviceLocks
from agent.adapters.devices.field_bus import built_devices, poll_times, relay_terms, steering_terms
from agent.adapters.devices.site_devices import Devices
from agent.adapters.host.lock import AlreadyRunning
from agent.cycles.peak_recall import recall_peak
from agent.cycles.reload import CannotGoBy, GoBy
from agent.daemon import App
from agent.dispatch.control_mode import ControlRules
from agent.dispatch.demand_meter import DemandMeter
from agent.dispatch.guard import Limits
from agent.dispatch.policy_meter import PolicyMeter
from agent.domain.permit import Permission
from agent.domain.request import PlanRequest
from agent.domain.sentence import sentence_of
from agent.domain.sentences import control as say
from agent.domain.sentences.site_file import device_edited
from agent.domain.setpoint import Applied, Rung, Setpoint
from agent.plan_request import conditions_of, demand_meter
from agent.ports import StoreFailure
from agent.recording.decisions import describe
from agent.settings.device_section import Device
from agent.settings.price_file import PriceFileError
from agent.settings.price_renewal import PriceFiles
from agent.settings.schema import Settings
from agent.settings.site_file import SiteFile
from agent.site_conditions.site_conditions import SiteConditions
from agent.site_view import Outlet

log = structlog.get_logger("reconfigure")


def policy_meter(settings: Settings, conditions: SiteConditions) -> PolicyMeter | None:
    """None with a demand charge: no rule knows it."""
    if settings.demand_charge_spec() is not None:
        return None
    return PolicyMeter(conditions, settings.battery_spec(), ZoneInfo(settings.site.timezone))


def control_rules(settings: Settings, devices: Devices, permission: Permission) -> ControlRules:
    control, permit = settings.control, permission.permit if permission.locked is None else None
    return ControlRules(
        step_s=control.step_s,
        hold_s=min(control.hold_s, devices.longest_hold_s),
        stale_s=control.stale_s,
        frozen_s=control.frozen_s,
        plan_fresh_s=2.0 * settings.planning.interval_s,
        limits=Limits(settings.battery_spec(), settings.connection_spec(), settings.battery.ramp_w_per_s),
        roles=settings.roles,
        units=settings.battery_units(),
        meter_lag_s=None if permit is None else permit.meter_lag_s,
        dead_time_s=0.0 if permit is None else permit.dead_time_s or 0.0,
        off_w=0.0 if permit is None else permit.off_w or 0.0,
    )


@dataclass(frozen=True, slots=True)
class _Ready:
    """What was read for settings, and waits for the end of a control step."""

    settings: Settings
    conditions: SiteConditions
    files: PriceFiles
    meter: DemandMeter | None
    permission: Permission


class Reconfigure:
    """Implements ``agent.cycles.reload.Parts`` for the parts of ``app``.

    ``locks`` None: nobody else is kept from steering its devices.
    """

    def __init__(self, app: App, site_file: SiteFile, locks: DeviceLocks | None = None) -> None:
        self._app, self._site_file, self._locks = app, site_file, locks

    async def prepare(self, settings: Settings) -> GoBy:
        """Raises CannotGoBy."""
        try:
            ready = await asyncio.to_thread(self._read, settings)
            if settings.demand_charges() != self._app.settings.demand_charges():
                ready = await self._with_meter(ready)
            if self._locks is not None:  # the last that can fail, so that none is held for an edit that is not gone by
                await asyncio.to_thread(self._locks.reach_for, settings)
        except (AlreadyRunning, PriceFileError, StoreFailure) as error:
            raise CannotGoBy(sentence_of(error)) from error
        return partial(self._go_by, ready)

    async def trial(self, settings: Settings) -> tuple[PlanRequest | None, PlanRequest | None]:
        """What a planner is asked now as it is, and with ``settings``, both of the whole battery.

        None while there is nothing to plan with. Raises CannotGoBy.
        """
        app, state = self._app, self._app.outlet.view.state
        soc_pct = None if state is None else state.soc_pct.known
        if soc_pct is None or not app.clock.trusted():
            return None, None
        try:
            conditions = await asyncio.to_thread(conditions_of, settings)
        except PriceFileError as error:
            raise CannotGoBy(sentence_of(error)) from error
        conditions.recall(app.conditions.said)
        now = app.clock.now()
        whole = replace(app.requests, outlet=Outlet())
        return whole.at(now, soc_pct), replace(whole, settings=settings, conditions=conditions).at(now, soc_pct)

    def _read(self, settings: Settings) -> _Ready:
        permission, meter = self._site_file.permission(settings), self._app.meter
        return _Ready(settings, conditions_of(settings), PriceFiles(settings), meter, permission)

    async def _with_meter(self, ready: _Ready) -> _Ready:
        app, meter = self._app, demand_meter(ready.settings)
        if meter is not None:
            await recall_peak(meter, app.store, app.clock, app.pending)
        return _Ready(ready.settings, ready.conditions, ready.files, meter, ready.permission)

    async def _go_by(self, ready: _Ready) -> None:
        """``app.settings`` come last: where a defect ends this in the middle, all of it is done again."""
        app, before, settings = self._app, self._app.settings, ready.settings
        if app.outlet.view.observing is None and app.lock.locked(ready.permission) is not None:
            await app.control.release(say.released(why=app.lock.locked(ready.permission) or ""))
            await app.loads.release()
        exchanged = await self._exchange(settings)
        app.devices.poll_s = poll_times(settings)
        if self._locks is not None:  # also of an edit that was made ready, and gave way to this one
            self._locks.let_go()
        app.lock.go_by(ready.permission)
        app.conditions.go_by(ready.conditions)
        app.requests.go_by(settings, ready.meter, ready.files)
        app.control.go_by(control_rules(settings, app.devices, ready.permission), ready.meter, exchanged)
        if app.outlet.view.observing is not None and app.devices.left_behind:  # it could not be given back before
            with app.lock.open_for_what_was_left_behind(True):
                await app.control.release(say.released(why=device_edited()))
        app.advice.go_by(settings.advice_spec(), settings.advice.worth_it)
        app.loads.go_by(settings.control.stale_s)
        if _priced(before) != _priced(settings):
            app.policies.go_by(policy_meter(settings, app.conditions))
        if app.platform is not None:
            app.platform.go_by(settings, app.devices)
        if app.home is not None:
            app.home.go_by(settings)
        app.settings, app.meter = settings, ready.meter
        app.planning.renew()

    async def _exchange(self, settings: Settings) -> bool:
        """Connect the devices whose section has changed, or whose line is asked otherwise. True where there is one."""
        app, before = self._app, {device.name: device for device in self._app.settings.devices}
        if _sections(settings) == _sections(app.settings):
            return False
        buses, ways = app.lines.by_device, app.lines.transports(settings.devices)
        new = [
            device
            for device in settings.devices
            if _section(before.get(device.name)) != _section(device)
            or buses.get(device.name) is not app.lines.by_device[device.name]
        ]
        gone = [name for name in before if name not in ways or name in {device.name for device in new}]
        if any("switch" in before[name].roles for name in gone):
            await app.loads.release()
        release = Setpoint(app.clock.now(), None, 0.0, Rung.RELEASE, say.released(why=device_edited()))
        outcomes = await app.devices.exchange(
            gone,
            built_devices(new, ways, app.clock),
            steering_terms(settings, app.clock, app.devices.memory, ways),
            release if app.outlet.view.observing is None else None,
            relay_terms(settings),
        )
        for name, outcome in outcomes.items():
            if not isinstance(outcome, Applied):
                log.warning("not_released", device=name, outcome=": ".join(describe(outcome)))
        return True


def _section(device: Device | None) -> Device | None:
    """A device without its roles, which say how it is used and not how it is reached, and without how often."""
    return None if device is None else device.model_copy(update={"roles": [], "poll_s": None})


def _sections(settings: Settings) -> dict[str, Device | None]:
    return {device.name: _section(device) for device in settings.devices}


def _priced(settings: Settings) -> tuple[object, ...]:
    """What the costs of a day are counted by."""
    return settings.tariff, settings.battery_spec(), settings.demand_charge, settings.carbon, settings.objective
