"""What ``enalysis-edge check`` says about a site file."""

from pathlib import Path

from agent.settings import sections
from agent.settings.device_section import Device
from agent.settings.load import SettingsError, load, placed
from agent.settings.missing_files import missing_files
from agent.settings.schema import Settings
from agent.settings.words import number

GOOD, BAD = 0, 2


def report(path: Path) -> tuple[str, int]:
    """The text for people, and the exit code: 0 for a good file, 2 for any other.

    A good file may name what is not on this machine; that is told, and is no mistake in the file.
    """
    try:
        settings = load(path)
        missing = missing_files(settings)
        sentences = [] if not missing else ["not on this machine, or closed to this user:", str(placed(path, missing))]
    except SettingsError as error:
        count = len(error.problems)
        return f"{error}\nbad: {count} problem{'s' if count > 1 else ''} in {path}", BAD
    summary = [f"  {word:<9} {text}" for word, text in _summary(settings)]
    return "\n".join([f"good: {path}", *summary, *sentences]), GOOD


def _summary(settings: Settings) -> list[tuple[str, str]]:
    site, battery, cloud = settings.site, settings.battery, settings.cloud
    floor = max(battery.soc_min_pct, battery.reserve_pct)
    hours = len(settings.reserve)
    by_clock = f", other reserves in {hours} window{'s' if hours > 1 else ''}" if hours else ""
    window = f"used from {number(floor)} to {number(battery.soc_max_pct)} %"
    whole, names = settings.battery_spec(), " and ".join(battery.steered_by)
    power = f"charges with {_kilo(whole.charge_w)}W, discharges with {_kilo(whole.discharge_w)}W"
    limits = settings.connection
    silence = _failsafe(limits)
    return [
        ("site", f"{site.name} ({site.id}), {site.timezone}, money in {site.currency}"),
        ("limits", f"import {_limit(limits.import_limit_w)}, export {_limit(limits.export_limit_w)}{silence}"),
        ("battery", f"{_kilo(whole.usable_wh)}Wh at {names}, {power}, {window}{by_clock}"),
        ("solar", "none" if settings.solar is None else f"{_kilo(settings.solar.rated_w)}W"),
        *(("device", _device(device)) for device in settings.devices),
        ("import", _tariff(settings.tariff.bought)),
        ("export", _tariff(settings.tariff.sold)),
        *_demand(settings),
        *_console(settings),
        ("platform", "none: the site stands alone" if cloud is None else f"{cloud.host}:{cloud.port}"),
        *_home_assistant(settings),
        *_household(settings),
    ]


def _device(device: Device) -> str:
    return f"{device.name}: {device.family} at {device.endpoint}, unit {device.unit_id}, for {', '.join(device.roles)}"


def _tariff(tariff: sections.Tariff) -> str:
    match tariff:
        case sections.FlatTariff():
            return f"{number(tariff.price_per_kwh)} per kWh at all times"
        case sections.TimeOfUseTariff():
            return f"{number(tariff.default_per_kwh)} per kWh, and other prices in {_windows(len(tariff.windows))}"
        case sections.ListTariff():
            return "a list of prices from " + (tariff.file or "the platform")
        case sections.DynamicTariff():
            fees = f", fees of the grid in {_windows(len(tariff.windows))}" if tariff.windows else ""
            more = tariff.fee_per_kwh + tariff.taxes_per_kwh
            source = tariff.file or ("the platform" if tariff.topic is None else f"the topic {tariff.topic}")
            return f"{number(tariff.market_factor)} x the market's price from {source}, {more:+g}{fees}"


def _windows(many: int) -> str:
    return f"{many} window{'s' if many > 1 else ''}"


def _demand(settings: Settings) -> list[tuple[str, str]]:
    found = settings.demand_charge
    if found is None:
        return []
    months = "" if len(found.months) == 12 else f", in {len(found.months)} months of the year"
    hours = " in the hours that count" if found.windows else ""
    text = f"{number(found.per_kw)} per kW of a month's highest {found.interval_minutes} minutes{hours}{months}"
    if found.ratchet_pct:
        text += f", at least {number(found.ratchet_pct)} % of the highest of the last eleven months"
    text += "".join(f", and {number(one.per_kw)} {one.name}" for one in found.also)
    return [("demand", text)]


def _console(settings: Settings) -> list[tuple[str, str]]:
    found = settings.console
    if found is None:
        return []
    words = "https" if found.cert_file is not None else "http"
    others = "" if found.is_local else f", reached as {', '.join(found.allow_hosts)}"
    return [("console", f"{words}://{found.host}:{found.port}{others}")]


def _home_assistant(settings: Settings) -> list[tuple[str, str]]:
    found = settings.home_assistant
    if found is None:
        return []
    return [("home", f"{found.host}:{found.port}, {'with' if found.commands else 'without'} commands")]


def _household(settings: Settings) -> list[tuple[str, str]]:
    found = settings.household_broker
    if found is None:
        return []
    names = ", ".join(load.name for load in settings.flexible_loads if load.mqtt_relay is not None)
    topics = ", ".join(settings.price_topics)
    used = [
        (word, f"{what} at {found.host}:{found.port}") for word, what in (("relays", names), ("prices", topics)) if what
    ]
    unused = "[local_broker] is used by nothing: a price topic or a relay is missing, or it can be left out"
    return used or ([("broker", unused)] if settings.local_broker is not None else [])


def _limit(watts: float | None) -> str:
    return "without limit" if watts is None else f"up to {_kilo(watts)}W"


def _failsafe(limits: sections.Connection) -> str:
    if limits.failsafe_after_s is None:
        return ""
    kept = f"import {_limit(limits.failsafe_import_w)}, export {_limit(limits.failsafe_export_w)}"
    return f"; after {number(limits.failsafe_after_s)} s without the platform's grid limit: {kept}"


def _kilo(value: float) -> str:
    """Watts as people read them, with the prefix: ``5 k``."""
    return f"{number(value / 1000)} k"
