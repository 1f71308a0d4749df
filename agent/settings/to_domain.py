"""Sections of the site file become the nouns that the other rooms know."""

from collections.abc import Sequence
from datetime import UTC, datetime, time
from pathlib import Path

from agent.domain.advisory import AdviceQuestion, FlexibleLoad, Outage
from agent.domain.request import Objective, Place
from agent.domain.site import Battery, Connection
from agent.domain.tariff import HOLIDAY, Flat, PriceList, Tariff, TimeOfUse, Window
from agent.settings import sections
from agent.settings.price_file import read_prices
from agent.settings.sections import WEEKDAYS

NO_PRICES = PriceList(datetime(2000, 1, 1, tzinfo=UTC), 3600, ())


def battery(found: sections.Battery) -> Battery:
    return Battery(
        usable_wh=found.usable_wh,
        charge_w=found.charge_w,
        discharge_w=found.discharge_w,
        charge_efficiency=found.charge_efficiency,
        discharge_efficiency=found.discharge_efficiency,
        soc_min_pct=found.soc_min_pct,
        soc_max_pct=found.soc_max_pct,
        reserve_pct=found.reserve_pct,
        wear_per_kwh=found.wear_per_kwh,
    )


def connection(found: sections.Connection) -> Connection:
    return Connection(found.import_limit_w, found.export_limit_w)


def place(found: sections.Site) -> Place:
    return Place(found.latitude, found.longitude, found.timezone, tuple(sorted(set(found.holidays))))


def objective(found: sections.Objective) -> Objective:
    return Objective(found.cost_weight, found.carbon_weight, found.carbon_value_per_kg)


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
