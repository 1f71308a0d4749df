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
from agent.domain.tariff import HOLIDAY, Flat, PriceList, Tariff, TimeOfUse, Window
from agent.settings import demand_sections, sections
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


def advice(found: sections.Advice, loads: Sequence[sections.FlexibleLoad]) -> AdviceQuestion:
    return AdviceQuestion(
        loads=tuple(_flexible_load(load) for load in loads),
        outages=tuple(Outage(one.start.astimezone(UTC), one.end.astimezone(UTC)) for one in found.outages),
        outage_value_per_kwh=found.outage_value_per_kwh,
        critical_load_w=found.critical_load_w,
    )


def _flexible_load(found: sections.FlexibleLoad) -> FlexibleLoad:
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
            windows = tuple(_window(window) for window in found.windows)
            holidays_as = None if found.holidays_as == "ordinary" else _day_type(found.holidays_as)
            return TimeOfUse(found.default_per_kwh, windows, site.timezone, frozenset(site.holidays), holidays_as)
        case sections.ListTariff():
            return NO_PRICES if found.file is None else read_prices(Path(found.file))


def _window(found: sections.TariffWindow) -> Window:
    days = {_day_type(day) for day in found.weekdays}
    return Window(
        found.price_per_kwh,
        time.fromisoformat(found.start),
        time.fromisoformat(found.end),
        frozenset(days),
        frozenset(found.months),
    )


def _day_type(word: str) -> int:
    return HOLIDAY if word == "holiday" else [*WEEKDAYS].index(word)  # type: ignore[arg-type]
