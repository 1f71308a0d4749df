"""Sections of the site file become the nouns that the other rooms know."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from agent.domain.advisory import AdviceQuestion, FlexibleLoad, Outage
from agent.domain.battery import Battery, BatteryUnit
from agent.domain.demand_charge import DemandCharge
from agent.domain.request import Objective, Place
from agent.domain.reserve import Reserve
from agent.domain.site import Connection, Failsafe
from agent.domain.switched_load import SwitchedLoad
from agent.domain.tariff import HOLIDAY, Dynamic, Flat, PriceList, Tariff, TimeOfUse, Window
from agent.domain.topic_relay import TopicRelay, Words
from agent.settings import demand_sections, flexible_load_section, sections
from agent.settings.mqtt_relay_section import MqttRelay
from agent.settings.price_file import read_prices
from agent.settings.sections import WEEKDAYS

NO_PRICES = PriceList(datetime(2000, 1, 1, tzinfo=UTC), 3600, ())


def battery(found: sections.Battery) -> Battery:
    """All batteries as one: capacities and powers are summed."""
    units: list[sections.Battery | sections.FurtherBattery] = [found, *found.further]
    return replace(
        _battery(found, found),
        usable_wh=sum(unit.usable_wh for unit in units),
        charge_w=sum(unit.charge_w for unit in units),
        discharge_w=sum(unit.discharge_w for unit in units),
    )


def battery_units(found: sections.Battery) -> tuple[BatteryUnit, ...]:
    """Each battery by the device that steers it."""
    units: list[sections.Battery | sections.FurtherBattery] = [found, *found.further]
    return tuple(BatteryUnit(unit.device, _battery(found, unit)) for unit in units)


def _battery(found: sections.Battery, unit: sections.Battery | sections.FurtherBattery) -> Battery:
    return Battery(
        usable_wh=unit.usable_wh,
        charge_w=unit.charge_w,
        discharge_w=unit.discharge_w,
        charge_efficiency=found.charge_efficiency,
        discharge_efficiency=found.discharge_efficiency,
        soc_min_pct=found.soc_min_pct,
        soc_max_pct=found.soc_max_pct,
        reserve_pct=found.reserve_pct,
        wear_per_kwh=found.wear_per_kwh,
        loss_above_half=found.loss_above_half,
        wear_above_half_per_kwh=found.wear_above_half_per_kwh,
        deep_wear_per_kwh=found.deep_wear_per_kwh,
        deep_below_pct=found.deep_below_pct or 0.0,
    )


def connection(found: sections.Connection) -> Connection:
    return Connection(found.import_limit_w, found.export_limit_w)


def failsafe(found: sections.Connection) -> Failsafe | None:
    if found.failsafe_after_s is None:
        return None
    limits = Connection(found.failsafe_import_w, found.failsafe_export_w)
    return Failsafe(limits, timedelta(seconds=found.failsafe_after_s))


def reserve(found: Sequence[sections.ReserveWindow], otherwise_pct: float, site: sections.Site) -> Reserve:
    windows = tuple(
        Window(
            window.pct,
            time.fromisoformat(window.start),
            time.fromisoformat(window.end),
            frozenset(_day_type(day) for day in window.weekdays),
            frozenset(window.months),
        )
        for window in found
    )
    return Reserve(TimeOfUse(otherwise_pct, windows, site.timezone))


def place(found: sections.Site) -> Place:
    return Place(found.latitude, found.longitude, found.timezone, tuple(sorted(set(found.holidays))))


def objective(found: sections.Objective) -> Objective:
    return Objective(found.cost_weight, found.carbon_weight, found.carbon_value_per_kg)


def demand_charges(found: demand_sections.DemandCharge, site: sections.Site) -> tuple[DemandCharge, ...]:
    """The first is the section's own."""
    interval_s = 60 * found.interval_minutes
    further = (_peak_charge(one, interval_s, site, one.name) for one in found.also)
    return _peak_charge(found, interval_s, site), *further


def _peak_charge(
    found: demand_sections.PeakCharge, interval_s: int, site: sections.Site, name: str = ""
) -> DemandCharge:
    windows = tuple(
        Window(
            1.0,
            time.fromisoformat(window.start),
            time.fromisoformat(window.end),
            frozenset(_day_type(day) for day in window.weekdays),
        )
        for window in found.windows
    )
    hours = TimeOfUse(0.0, windows, site.timezone) if windows else None
    return DemandCharge(found.per_kw, interval_s, tuple(sorted(found.months)), hours, found.ratchet_pct / 100.0, name)


def advice(found: sections.Advice, loads: Sequence[flexible_load_section.FlexibleLoad]) -> AdviceQuestion:
    return AdviceQuestion(
        loads=tuple(_flexible_load(load) for load in loads if not load.has_relay),
        outages=tuple(Outage(one.start.astimezone(UTC), one.end.astimezone(UTC)) for one in found.outages),
        outage_value_per_kwh=found.outage_value_per_kwh,
        critical_load_w=found.critical_load_w,
    )


def switched_loads(loads: Sequence[flexible_load_section.FlexibleLoad]) -> tuple[SwitchedLoad, ...]:
    return tuple(
        SwitchedLoad(
            _flexible_load(load),
            load.switched_by or load.name,
            load.at_rest == "on",
            load.interruptible,
            None if load.mqtt_relay is None else _topic_relay(load.name, load.at_rest == "on", load.mqtt_relay),
        )
        for load in loads
        if load.has_relay
    )


def _topic_relay(name: str, rests_on: bool, found: MqttRelay) -> TopicRelay:
    state_on, state_off = found.state_on or found.payload_on, found.state_off or found.payload_off
    there = found.payload_available, found.payload_not_available, found.availability_key
    return TopicRelay(
        name,
        Words(found.command_topic, found.payload_on, found.payload_off),
        Words(found.state_topic, state_on, state_off, found.state_key),
        rests_on,
        None if found.availability_topic is None else Words(found.availability_topic, *there),
        None if found.query_topic is None else (found.query_topic, found.query_payload),
        found.expire_after_s,
    )


def _flexible_load(found: flexible_load_section.FlexibleLoad) -> FlexibleLoad:
    return FlexibleLoad(
        found.name,
        found.power_w,
        60 * found.duration_min,
        time.fromisoformat(found.earliest),
        time.fromisoformat(found.latest),
        None if found.usual is None else time.fromisoformat(found.usual),
    )


def tariff(found: sections.Tariff, site: sections.Site) -> Tariff:
    """Raises PriceFileError when a price list's file cannot be used. A list without a file knows no price."""
    match found:
        case sections.FlatTariff():
            return Flat(found.price_per_kwh)
        case sections.TimeOfUseTariff():
            windows = tuple(_window(window, window.price_per_kwh) for window in found.windows)
            return _by_the_clock(found, found.default_per_kwh, windows, site)
        case sections.ListTariff():
            return _listed(found.file)
        case sections.DynamicTariff():
            taxes = found.taxes_per_kwh
            windows = tuple(_window(window, window.fee_per_kwh + taxes) for window in found.windows)
            fee = _by_the_clock(found, found.fee_per_kwh + taxes, windows, site)
            return Dynamic(_listed(found.file), found.market_factor, fee, found.topic)


def _listed(file: str | None) -> PriceList:
    return NO_PRICES if file is None else read_prices(Path(file))


def _by_the_clock(
    found: sections.TimeOfUseTariff | sections.DynamicTariff,
    otherwise: float,
    windows: tuple[Window, ...],
    site: sections.Site,
) -> TimeOfUse:
    holidays_as = None if found.holidays_as == "ordinary" else _day_type(found.holidays_as)
    return TimeOfUse(otherwise, windows, site.timezone, frozenset(site.holidays), holidays_as)


def _window(found: sections.TariffWindow | sections.FeeWindow, per_kwh: float) -> Window:
    days = {_day_type(day) for day in found.weekdays}
    return Window(
        per_kwh,
        time.fromisoformat(found.start),
        time.fromisoformat(found.end),
        frozenset(days),
        frozenset(found.months),
    )


def _day_type(word: str) -> int:
    return HOLIDAY if word == "holiday" else [*WEEKDAYS].index(word)  # type: ignore[arg-type]
