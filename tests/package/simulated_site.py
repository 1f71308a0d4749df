"""A simulated site on a gateway: its devices as a unit, its site file with a permit, and a look at the inverter."""

import shutil
from pathlib import Path

from tests.app.processes import quick_site
from tests.package.gateway import Gateway

INVERTER_PORT, METER_PORT = 5020, 5021
SIMULATOR = "/srv/simulator/bin/python"
UNIT = f"""\
[Unit]
Before=enalysis-edge.service
[Service]
ExecStart={SIMULATOR} -m simulator --sdm-port 0 --soc 60 --print-every 60 \\
  --inverter-port {INVERTER_PORT} --meter-port {METER_PORT}
Restart=always
[Install]
WantedBy=multi-user.target
"""
IS_STEERED = f"""
from pymodbus.client import ModbusTcpClient
client = ModbusTcpClient("127.0.0.1", port={INVERTER_PORT}, timeout=5.0)
assert client.connect()
read = lambda at, count: client.read_holding_registers(at, count=count, device_id=1).registers
at = 40002
while (head := read(at, 2))[0] != 704:
    at += 2 + head[1]
print(read(at + 22, 1)[0])
"""


def place_simulator(gateway: Gateway, version: str) -> None:
    """From the installed package, in a place of its own: an upgrade takes it nothing away."""
    gateway.run("cp", "-a", f"/opt/enalysis-edge/{version}", "/srv/simulator")
    (gateway.root / "etc/systemd/system/simulator.service").write_text(UNIT)
    gateway.run("systemctl", "daemon-reload")
    gateway.run("systemctl", "enable", "--now", "simulator.service")


def write_site(folder: Path, root: Path) -> None:
    """The site file and its permit, as `commission` writes one."""
    folder.mkdir(exist_ok=True)
    words = {"store": "/var/lib/enalysis-edge/site.sqlite3", "load_model": "consumption", "charge_w": 5000}
    made = quick_site(folder, INVERTER_PORT, METER_PORT, "", discharge_w=5000, **words)
    for path in (made, made.with_name(f"{made.name}.commissioned")):
        shutil.copy(path, root / "etc/enalysis-edge")


def is_steered(gateway: Gateway) -> bool:
    """By the inverter's own registers; False while the simulator starts."""
    return _asked(gateway) == "1"


def is_released(gateway: Gateway) -> bool:
    return _asked(gateway) == "0"


def _asked(gateway: Gateway) -> str:
    return gateway.run(SIMULATOR, "-c", IS_STEERED, code=None).strip()
