"""The site files of the tests: sections as tables, and the text that they make."""

import json
import socket
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from agent.settings.load import SettingsError, load
from agent.settings.permit import accepted, write_permit
from agent.settings.problems import Problem

Table = Mapping[str, object]
Sections = Mapping[str, Table | Sequence[Table]]

# The smallest site file that is good with every kind of section in it.
RIVERSIDE: Sections = {
    "site": {
        "id": "riverside",
        "name": "Riverside",
        "latitude": 52.2,
        "longitude": 0.12,
        "timezone": "Europe/London",
        "currency": "GBP",
    },
    "connection": {"import_limit_w": 17000, "export_limit_w": "none"},
    "battery": {
        "device": "inverter",
        "usable_wh": 10000,
        "charge_w": 5000,
        "discharge_w": 5000,
        "soc_min_pct": 10,
        "soc_max_pct": 95,
        "reserve_pct": 20,
    },
    "solar": {"rated_w": 8000},
    "tariff.import": {"kind": "time_of_use", "default_per_kwh": 0.28},
    "tariff.import.window": [{"price_per_kwh": 0.09, "from": "00:30", "to": "05:30"}],
    "tariff.export": {"kind": "flat", "price_per_kwh": 0.15},
    "cloud": {"host": "mqtt.example.org"},
    "device": [
        {"name": "inverter", "family": "sunspec_hybrid", "roles": ["battery", "solar"], "host": "192.168.1.20"},
        {"name": "meter", "family": "sdm630", "roles": ["grid"], "serial_port": "/dev/ttyUSB0", "unit_id": 2},
    ],
}
HOME_ID = "home-1"
# So cheap until six that a plan charges as fast as it can, where our own rule would discharge.
NIGHT_TARIFF = """\
kind = "time_of_use"
default_per_kwh = 0.60

[[tariff.import.window]]
price_per_kwh = 0.08
from = "00:00"
to = "06:00"
"""
# Nothing is to be gained by charging from the grid: plan and rule both cover the load.
FLAT_TARIFF = 'kind = "flat"\nprice_per_kwh = 0.28'
LIST_TARIFF = 'kind = "list"'
CLOUD = """
[cloud]
host = "127.0.0.1"
port = {port}
tls = false
"""
# A virtual clock leaps from step to step; hold and staleness are in proportion.
HOME_WORDS: Table = {
    "import_tariff": NIGHT_TARIFF,
    "export_price": 0.05,
    "usable_wh": 40000,
    "step_s": 20,
    "hold_s": 120,
    "stale_s": 60,
    "frozen_s": 300,
    "interval_s": 900,
    "valid_h": 1,
    "load_model": "none",
    "models": "",
    "commit_s": 60,
    "cloud": "",
    "failsafe": "",
    "import_limit_w": 17000,
    "export_limit_w": "none",
    "further": "",
    "more_devices": "",
    "log_level": "error",
    "inverter_unit": 1,
    "inverter": {},
    "charge_w": 3000,
    "discharge_w": 8000,
    "timeout_s": 0.1,
}


def site_text(sections: Sections, tails: Mapping[str, str] | None = None) -> str:
    """The file of these sections, in their order; a list is a table of each.

    Values are strings, numbers, truths and lists of these, which JSON writes as TOML does. ``tails`` are lines that
    end a section.
    """
    blocks = []
    for name, found in sections.items():
        if isinstance(found, Mapping):
            text = _table(f"[{name}]", found)
        else:
            text = "\n".join(_table(f"[[{name}]]", table) for table in found)
        tail = (tails or {}).get(name, "")
        blocks.append(text + (f"{tail}\n" if tail else ""))
    return "\n".join(blocks)


def _table(heading: str, table: Table) -> str:
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in table.items()]
    return "\n".join([heading, *lines, ""])


def with_keys(sections: Sections, changes: Sections) -> Sections:
    """``sections`` with the keys of ``changes`` in their tables; a list, or a section that is new, as a whole."""
    merged = dict(sections)
    for name, change in changes.items():
        before = merged.get(name)
        merged[name] = {**before, **change} if isinstance(before, Mapping) and isinstance(change, Mapping) else change
    return merged


TEXT = site_text(RIVERSIDE)


def changed(old: str, new: str, text: str = TEXT) -> str:
    """``text`` with its only ``old`` replaced."""
    assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in the text"
    return text.replace(old, new)


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "site.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def problems(folder: Path, text: str | bytes) -> tuple[Problem, ...]:
    """What is wrong with a site file of this text; nothing for a good one."""
    try:
        load(written(folder, text))
    except SettingsError as error:
        return error.problems
    return ()


def loopback_devices(inverter_port: object, meter_port: object, **inverter: object) -> list[Table]:
    """A hybrid inverter and a SunSpec meter on this machine; ``inverter`` are more keys of the inverter."""
    here = {"host": "127.0.0.1"}
    meter = {"name": "meter", "family": "sunspec_meter", "roles": ["grid"], **here, "port": meter_port}
    hybrid = {"name": "inverter", "family": "sunspec_hybrid", "roles": ["battery", "solar"], **here}
    return [{**hybrid, "port": inverter_port, **inverter}, meter]


def write_home(folder: Path, **words: object) -> Path:
    """A home with a hybrid inverter (its keys: ``inverter``) and a meter on loopback, ``words`` in place of its own."""
    asked = {**HOME_WORDS, **words}

    def some(*names: str) -> Table:
        return {name: asked[name] for name in names}

    def lines(name: str) -> str:
        return str(asked[name])

    place = {"id": HOME_ID, "name": "Home 1", "latitude": 51.5, "longitude": 0.0}
    battery = {"reserve_pct": 10, **some("usable_wh", "charge_w", "discharge_w")}
    planning = {"step_s": 900, "horizon_h": 12, "solar_model": "none", **some("interval_s", "valid_h", "load_model")}
    timeout = some("timeout_s")
    inverter = {"unit_id": asked["inverter_unit"], **asked["inverter"]}  # type: ignore[dict-item]
    devices = loopback_devices(asked["inverter_port"], asked["meter_port"], **inverter)
    sections = with_keys(
        {name: found for name, found in RIVERSIDE.items() if name not in ("tariff.import.window", "cloud")},
        {
            "site": place,
            "store": {"path": str(asked.get("store", folder / "site.sqlite3")), **some("commit_s")},
            "connection": some("import_limit_w", "export_limit_w"),
            "battery": battery,
            "solar": {"rated_w": 6000},
            "tariff.export": {"price_per_kwh": asked["export_price"]},
            "control": some("step_s", "hold_s", "stale_s", "frozen_s"),
            "planning": planning,
            "log": {"level": asked["log_level"]},
            "device": [{**device, **timeout} for device in devices],
        },
    )
    tails = {"connection": "failsafe", "battery": "further", "planning": "models", "store": "cloud"}
    text = site_text(
        {**{name: sections[name] for name in ("site", "store")}, **sections, "tariff.import": {}},
        {
            "tariff.import": lines("import_tariff"),
            "device": lines("more_devices"),
            **{section: lines(name) for section, name in tails.items()},
        },
    )
    path = written(folder, text)
    permitted(path)
    return path


def permitted(path: Path) -> None:
    """The agent may steer the devices of this site file, as after `commission`."""
    write_permit(path, accepted(load(path), "a test", "the devices are simulated", datetime.now(UTC)))


def free_ports(count: int) -> list[int]:
    """Ports on which nobody listens at this moment."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()
