"""The site file of the scenarios: one home, a hybrid inverter and a meter on loopback."""

import socket
from pathlib import Path

SITE_ID = "home-1"
TEXT = """\
[site]
id = "home-1"
name = "Home 1"
latitude = 51.5
longitude = 0.0
timezone = "Europe/London"
currency = "GBP"

[connection]
import_limit_w = 17000
export_limit_w = {export_limit_w}
{failsafe}

[battery]
device = "inverter"
usable_wh = {usable_wh}
charge_w = 3000
discharge_w = 8000
soc_min_pct = 10
soc_max_pct = 95
reserve_pct = 10
{further}

[solar]
rated_w = 6000

[tariff.import]
{import_tariff}

[tariff.export]
kind = "flat"
price_per_kwh = 0.05

[control]
step_s = {step_s}
hold_s = {hold_s}
stale_s = {stale_s}
frozen_s = {frozen_s}

[planning]
interval_s = {interval_s}
step_s = 900
horizon_h = 12
valid_h = {valid_h}
load_model = "{load_model}"
solar_model = "none"
{models}

[store]
path = "{store}"
commit_s = {commit_s}
{cloud}

[log]
level = "{log_level}"

[[device]]
name = "inverter"
family = "sunspec_hybrid"
roles = ["battery", "solar"]
host = "127.0.0.1"
port = {inverter_port}
unit_id = {inverter_unit}
timeout_s = {timeout_s}

[[device]]
name = "meter"
family = "sunspec_meter"
roles = ["grid"]
host = "127.0.0.1"
port = {meter_port}
timeout_s = {timeout_s}
{more_devices}
"""
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
WORDS: dict[str, object] = {
    "import_tariff": NIGHT_TARIFF,
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
    "export_limit_w": '"none"',
    "further": "",
    "more_devices": "",
    "log_level": "error",
    "inverter_unit": 1,
    "timeout_s": 0.1,
}


def write(folder: Path, **words: object) -> Path:
    """Write the site file with ``words`` in place of its own into ``folder``; the store is beside it."""
    path = folder / "site.toml"
    path.write_text(TEXT.format(**{"store": folder / "site.sqlite3", **WORDS, **words}), "utf-8")
    return path


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
