"""The smallest site file that is good, and a way to change it."""

from pathlib import Path

from agent.settings.load import SettingsError, load
from agent.settings.problems import Problem

TEXT = """\
[site]
id = "riverside"
name = "Riverside"
latitude = 52.2
longitude = 0.12
timezone = "Europe/London"
currency = "GBP"

[connection]
import_limit_w = 17000
export_limit_w = "none"

[battery]
device = "inverter"
usable_wh = 10000
charge_w = 5000
discharge_w = 5000
soc_min_pct = 10
soc_max_pct = 95
reserve_pct = 20

[solar]
rated_w = 8000

[tariff.import]
kind = "time_of_use"
default_per_kwh = 0.28

[[tariff.import.window]]
price_per_kwh = 0.09
from = "00:30"
to = "05:30"

[tariff.export]
kind = "flat"
price_per_kwh = 0.15

[cloud]
host = "mqtt.example.org"

[[device]]
name = "inverter"
family = "sunspec_hybrid"
roles = ["battery", "solar"]
host = "192.168.1.20"

[[device]]
name = "meter"
family = "sdm630"
roles = ["grid"]
serial_port = "/dev/ttyUSB0"
unit_id = 2
"""


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
