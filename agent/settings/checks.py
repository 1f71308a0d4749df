"""What concerns more than one key of a site file, or something outside it."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from agent.settings import cloud_section, demand_sections, sections
from agent.settings.broker_section import LocalBroker
from agent.settings.console_section import console_findings
from agent.settings.device_checks import device_findings
from agent.settings.price_checks import price_findings
from agent.settings.price_file import PriceFileError, read_prices
from agent.settings.price_topic_checks import topic_findings
from agent.settings.problems import Finding, Key
from agent.settings.relay_checks import relay_findings
from agent.settings.schema import Settings
from agent.settings.wear_checks import wear_findings
from agent.settings.words import nearest, number
from agent.settings.zone_places import correction

Check = Callable[[Settings], Iterator[Finding]]

DAY_MIN = 24 * 60
YEARS = range(2000, 2200)
# What else lies beside the zones: this machine's own, whatever it is, and clocks that count leap seconds.
_NO_PLACES = ("localtime", "posixrules", "posix/", "right/")


def check(settings: Settings) -> list[Finding]:
    """Everything that is wrong with a file whose keys are each right by themselves."""
    checks: tuple[Check, ...] = (
        _site,
        _limits,
        _failsafe,
        _battery,
        _reserve,
        device_findings,
        _tariffs,
        price_findings,
        topic_findings,
        wear_findings,
        _control,
        _planning,
        _advice,
        _cloud,
        _households,
        relay_findings,
        _demand,
        _console,
    )
    return [finding for one in checks for finding in one(settings)]


def _site(settings: Settings) -> Iterator[Finding]:
    name = settings.site.timezone
    if name.startswith(_NO_PLACES):
        said = f'is "{name}", which is a file of this machine and no time zone that browsers know'
        yield Finding(("site", "timezone"), said, 'write an IANA name such as "Europe/London"')
        return
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        near = nearest(name, available_timezones())
        hint = f'did you mean "{near}"?' if near else 'it is an IANA name such as "Europe/London"'
        yield Finding(("site", "timezone"), f'is "{name}", which is not a time zone of this machine', hint)
        return
    found = correction(name, settings.site.latitude, settings.site.longitude)
    if found is not None:
        key = "latitude" if "latitude" in found[1] else "longitude"
        reason = f"is {found[0]:.0f} km from where the clock is {name}, together with the other coordinate"
        yield Finding(("site", key), reason, found[1])


def _limits(settings: Settings) -> Iterator[Finding]:
    for key in ("import_limit_w", "export_limit_w"):
        watts = getattr(settings.connection, key)
        if watts is not None and 0 < watts < 100:
            hint = f"power is written in watts: did you mean {number(watts * 1000)}?"
            yield Finding(("connection", key), f"is {number(watts)} W, which is less than a lamp", hint)


def _failsafe(settings: Settings) -> Iterator[Finding]:
    found = settings.connection
    given = [key for key in ("failsafe_import_w", "failsafe_export_w") if getattr(found, key) is not None]
    if found.failsafe_after_s is None:
        for key in given:
            hint = "add failsafe_after_s, such as 120"
            yield Finding(("connection", key), "is given without failsafe_after_s", hint)
    elif not given:
        hint = "add failsafe_import_w or failsafe_export_w, or leave it out"
        yield Finding(("connection", "failsafe_after_s"), "is given without a failsafe limit", hint)
    elif settings.cloud is None:
        hint = "add a section [cloud], or leave the failsafe out"
        reason = "is given, and there is no [cloud] whose grid limit could be lost"
        yield Finding(("connection", "failsafe_after_s"), reason, hint)


def _battery(settings: Settings) -> Iterator[Finding]:
    found = settings.battery
    fractions = [key for key in ("soc_min_pct", "soc_max_pct", "reserve_pct") if 0 < getattr(found, key) < 1]
    if found.soc_max_pct == 1:
        fractions.append("soc_max_pct")
    for key in fractions:
        value = getattr(found, key)
        hint = f"it is a percentage: did you mean {number(value * 100)}?"
        yield Finding(("battery", key), f"is {number(value)}", hint)
    if fractions:
        return
    if found.soc_min_pct >= found.soc_max_pct:
        reason = f"is {number(found.soc_max_pct)}, which is not above soc_min_pct ({number(found.soc_min_pct)})"
        yield Finding(("battery", "soc_max_pct"), reason, "leave room between the two, such as 10 and 95")
    elif found.reserve_pct >= found.soc_max_pct:
        reason = f"is {number(found.reserve_pct)}, which is not below soc_max_pct ({number(found.soc_max_pct)})"
        yield Finding(("battery", "reserve_pct"), reason, "lower the reserve: nothing would be left to use")


def _reserve(settings: Settings) -> Iterator[Finding]:
    top = settings.battery.soc_max_pct
    for index, window in enumerate(settings.reserve):
        place = ("reserve", index)
        if 0 < window.pct < 1:
            hint = f"it is a percentage: did you mean {number(window.pct * 100)}?"
            yield Finding((*place, "pct"), f"is {number(window.pct)}", hint)
        elif window.pct >= top:
            reason = f"is {number(window.pct)}, which is not below soc_max_pct ({number(top)})"
            yield Finding((*place, "pct"), reason, "lower the reserve: nothing would be left to use")
        yield from _named_twice(place, window)


def _named_twice(
    place: Key, window: sections.ReserveWindow | sections.TariffWindow | sections.FeeWindow
) -> Iterator[Finding]:
    for name in ("weekdays", "months"):
        entries = getattr(window, name)
        twice = next((entry for entry in entries if entries.count(entry) > 1), None)
        if twice is not None:
            yield Finding((*place, name), f"names {twice} twice", "name it once")


def _tariffs(settings: Settings) -> Iterator[Finding]:
    for key, tariff in (("import", settings.tariff.bought), ("export", settings.tariff.sold)):
        match tariff:
            case sections.TimeOfUseTariff():
                yield from _windows(key, tariff)
            case sections.ListTariff():
                remedy = 'add file = "prices.csv" or a section [cloud]'
                yield from _listed(key, "is a list without a file", tariff.file, settings.cloud, remedy)
            case sections.DynamicTariff():
                if tariff.topic is None:
                    remedy = 'add file = "prices.csv", topic = "energy/day-ahead" or a section [cloud]'
                    yield from _listed(key, "is dynamic without a file", tariff.file, settings.cloud, remedy)
                yield from _windows(key, tariff)


def _listed(key: str, what: str, file: str | None, cloud: cloud_section.Cloud | None, remedy: str) -> Iterator[Finding]:
    """Prices must come from somewhere, and a file of them must be usable."""
    if file is None:
        if cloud is None:
            reason = f"{what}, and there is no [cloud] that could send one"
            yield Finding(("tariff", key), reason, remedy)
        return
    try:
        read_prices(Path(file))
    except PriceFileError as error:
        yield Finding(("tariff", key, "file"), f"cannot be used: {error}", "correct that file")


def _demand(settings: Settings) -> Iterator[Finding]:
    found, step_s = settings.demand_charge, settings.planning.step_s
    if found is None:
        return
    for place, charge in ((), found), *((("also", index), one) for index, one in enumerate(found.also)):
        yield from _peak_charge(("demand_charge", *place), charge, found.interval_minutes)
    names = [one.name for one in found.also]
    again = next((index for index, name in enumerate(names) if name in names[:index]), None)
    if again is not None:
        yield Finding(("demand_charge", "also", again, "name"), f"is {names[again]!r} twice", "give it another name")
    if found.interval_minutes * 60 % step_s:
        reason = f"is {found.interval_minutes}, which is no whole number of plan steps of {step_s} s"
        yield Finding(("demand_charge", "interval_minutes"), reason, "set step_s = 900 or 300 in [planning]")


def _peak_charge(place: tuple[str | int, ...], charge: demand_sections.PeakCharge, minutes: int) -> Iterator[Finding]:
    twice = next((month for month in charge.months if charge.months.count(month) > 1), None)
    if twice is not None:
        yield Finding((*place, "months"), f"names {twice} twice", "name it once")
    for index, window in enumerate(charge.windows):
        for key, clock in (("from", window.start), ("to", window.end)):
            if int(clock[3:5]) % minutes:
                reason = f"is {clock}, which is within an interval of {minutes} minutes"
                yield Finding((*place, "window", index, key), reason, "use a time at which an interval begins")


def _windows(key: str, tariff: sections.TimeOfUseTariff | sections.DynamicTariff) -> Iterator[Finding]:
    windows: Sequence[sections.TariffWindow | sections.FeeWindow] = tariff.windows
    for index, window in enumerate(windows):
        place = ("tariff", key, "window", index)
        yield from _named_twice(place, window)
        chosen = "weekdays" in window.model_fields_set and "holiday" in window.weekdays
        if chosen and tariff.holidays_as != "holiday":
            reason = f'names "holiday", but holidays count as "{tariff.holidays_as}" in this tariff'
            yield Finding((*place, "weekdays"), reason, f'set holidays_as = "holiday" in [tariff.{key}]')


def _control(settings: Settings) -> Iterator[Finding]:
    found = settings.control
    if found.hold_s < 3 * found.step_s:
        reason = f"is {number(found.hold_s)} s, which is less than three control steps of {number(found.step_s)} s"
        yield Finding(("control", "hold_s"), reason, f"write {number(3 * found.step_s)} or more")
    if found.stale_s < 2 * found.step_s:
        reason = f"is {number(found.stale_s)} s, which is less than two control steps of {number(found.step_s)} s"
        yield Finding(("control", "stale_s"), reason, f"write {number(2 * found.step_s)} or more")


def _planning(settings: Settings) -> Iterator[Finding]:
    found = settings.planning
    if found.deadline_s >= found.interval_s:
        reason = f"is {number(found.deadline_s)} s, which is not below interval_s ({found.interval_s})"
        yield Finding(("planning", "deadline_s"), reason, "a plan must be made before the next one is asked for")
    if found.valid_h * 3600 < found.interval_s:
        reason = f"is {number(found.valid_h)} h, which is shorter than interval_s ({found.interval_s} s)"
        yield Finding(("planning", "valid_h"), reason, "a plan must last until the next one; 6 is usual")
    if found.valid_h > found.horizon_h:
        reason = f"is {number(found.valid_h)} h, which is longer than horizon_h ({found.horizon_h})"
        yield Finding(("planning", "valid_h"), reason, f"write {found.horizon_h} or less")
    if found.models is not None and Path(found.models) == Path(settings.store.path).parent / "models":
        reason = "is the folder beside the store, into which candidates are dropped"
        yield Finding(("planning", "models"), reason, "keep the models in charge elsewhere, or leave it out")


def _advice(settings: Settings) -> Iterator[Finding]:
    names = [load.name for load in settings.flexible_loads]
    for index, load in enumerate(settings.flexible_loads):
        place = ("flexible_load", index)
        if names.index(load.name) < index:
            yield Finding((*place, "name"), f'is "{load.name}", which another one has already', "give each its own")
        window_min = (_minute(load.latest) - _minute(load.earliest)) % DAY_MIN or DAY_MIN
        if load.duration_min > window_min:
            reason = f"is {load.duration_min} min, which is longer than from {load.earliest} to {load.latest}"
            yield Finding((*place, "duration_min"), reason, f"write {window_min} or less, or widen the window")
        elif (
            load.usual is not None
            and (_minute(load.usual) - _minute(load.earliest)) % DAY_MIN + load.duration_min > window_min
        ):
            reason = f'is "{load.usual}": it would not run wholly from {load.earliest} to {load.latest}'
            yield Finding((*place, "usual"), reason, "write an earlier time, widen the window, or leave it out")
    for index, outage in enumerate(settings.advice.outages):
        far = next((key for key, at in (("from", outage.start), ("to", outage.end)) if at.year not in YEARS), None)
        if far is not None:
            yield Finding(
                ("advice", "outage", index, far), "is no time of this site", "write its year with four digits"
            )
        elif outage.end <= outage.start:
            yield Finding(("advice", "outage", index, "to"), "is not after from", "an outage ends after it begins")


def _minute(clock: str) -> int:
    return 60 * int(clock[:2]) + int(clock[3:])


def _cloud(settings: Settings) -> Iterator[Finding]:
    found = settings.cloud
    if found is None:
        return
    yield from _broker("cloud", found)
    if found.enrol_url is not None and found.cert_file is not None:
        reason = "is given beside cert_file"
        yield Finding(("cloud", "enrol_url"), reason, "leave cert_file and key_file out, or enrol_url")


def _households(settings: Settings) -> Iterator[Finding]:
    for section, found in (("home_assistant", settings.home_assistant), ("local_broker", settings.local_broker)):
        if found is not None:
            yield from _broker(section, found)


def _broker(section: str, found: cloud_section.Cloud | LocalBroker) -> Iterator[Finding]:
    """What is wrong with the way to an MQTT broker. Only [cloud] has a certificate of our own."""
    for one, other in (("cert_file", "key_file"), ("username", "password_file")):
        given = [key for key in (one, other) if getattr(found, key, None) is not None]
        if len(given) == 1:
            missing = other if given == [one] else one
            yield Finding((section, given[0]), f"is given without {missing}", f"add {missing}, or leave both out")
    if "://" in found.host or "/" in found.host:
        yield Finding(
            (section, "host"), f'is "{found.host}"', "write the name alone, without mqtt:// and without a path"
        )
    if found.tls:
        return
    for key in ("ca_file", "crl_file", "cert_file", "enrol_url"):
        if getattr(found, key, None) is not None:
            yield Finding((section, key), "is given, but tls is false", "set tls = true, or leave it out")
    if found.password_file is not None and found.host not in ("localhost", "127.0.0.1", "::1"):
        reason = "would cross the network in clear, since tls is false"
        yield Finding((section, "password_file"), reason, "set tls = true")


def _console(settings: Settings) -> Iterator[Finding]:
    yield from console_findings(settings.console)
