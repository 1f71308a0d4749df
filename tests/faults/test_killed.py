"""The agent killed in the middle of a setpoint, and a second one beside it: real processes on a real inverter's port.

``KILLS`` in the environment says how often; `make kills` takes 200.
"""

import asyncio
import os
import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests import site_files
from tests.app.processes import ROOT, daemon, enalysis_edge, quick_site
from tests.faults.catalogue import Outcome, fault
from tests.faults.second_master import SecondMaster
from tests.security.items import security
from tests.site_files import free_ports

KILLS = int(os.environ.get("KILLS", "4"))
OWNERS = {"ChaGriSet": 1.0, "OutWRte": 80.0, "InWRte": 60.0, "StorCtl_Mod": 3.0, "InOutWRte_RvrtTms": 0.0}
HOLD_S = 60.0


@pytest.fixture(scope="module")
def ports() -> Iterator[tuple[int, int]]:
    inverter_port, meter_port = free_ports(2)
    command = [sys.executable, "-m", "simulator", "--profile", "gen24", "--sdm-port", "0", "--soc", "60"]
    command += ["--inverter-port", str(inverter_port), "--meter-port", str(meter_port), "--print-every", "60"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("inverter ")
        yield inverter_port, meter_port
        process.terminate()


@pytest.fixture
async def owner(ports: tuple[int, int]) -> AsyncIterator[SecondMaster]:
    """Who has set his own limits on the inverter, and looks at it over a connection of his own."""
    client = SecondMaster(ports[0])
    await client.write(124, **{**OWNERS, "StorCtl_Mod": 0.0})
    await client.write(124, StorCtl_Mod=3.0)
    yield client
    await client.close()


async def reached(owner: SecondMaster, wanted: bool, within_s: float = 20.0) -> None:
    """Wait until the owner's settings are in force (True) or somebody steers (False)."""
    give_up = time.monotonic() + within_s
    while (await owner.read(124, *OWNERS) == OWNERS) is not wanted:
        assert time.monotonic() < give_up, f"not within {within_s:g} s"
        await asyncio.sleep(0.01)


def site(folder: Path, ports: tuple[int, int], **words: object) -> Path:
    folder.mkdir(exist_ok=True)
    tariff = words.pop("import_tariff", site_files.NIGHT_TARIFF)
    often = "persistent_writes_per_day = 10000"  # each start writes ChaGriSet and the timer, which would wear
    return quick_site(folder, *ports, import_tariff=tariff, hold_s=HOLD_S, further=often, **words)


@security(6, shows="SIGKILL at any instant: the inverter is as its owner had set it")
@fault(
    1,
    injected=f"{KILLS} times SIGKILL at a random instant of a setpoint, then the one-shot release of ExecStopPost",
    neutral_s=20.0,
)
async def test_killed_at_any_instant_the_inverter_is_as_its_owner_had_set_it(
    tmp_path: Path, ports: tuple[int, int], owner: SecondMaster, outcome: Outcome
) -> None:
    """The inverter's own timer is at 60 s, so what is seen within twenty is the release, on a loaded machine too."""
    config, chance, longest_s = site(tmp_path, ports), random.Random(1), 0.0
    for turn in range(KILLS):
        with daemon(config) as running:
            await reached(owner, False)
            await asyncio.sleep(chance.uniform(0.0, 0.6))
            running.process.kill()
            running.process.wait()
        dead = time.monotonic()
        command = [sys.executable, "-m", "agent", "release", "--config", str(config)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as last:
            await reached(owner, True)
            took_s = time.monotonic() - dead
            assert await asyncio.to_thread(last.wait, 20.0) == 0, last.stderr
        longest_s = max(longest_s, took_s)
        print(f"kill {turn + 1}: neutral after {took_s:.2f} s, {longest_s:.2f} s at the longest", flush=True)
    outcome.neutral_after(longest_s)


async def test_killed_without_a_release_the_next_start_gives_back_and_so_does_its_stop(
    tmp_path: Path, ports: tuple[int, int], owner: SecondMaster
) -> None:
    config = site(tmp_path, ports)
    with daemon(config) as first:
        await reached(owner, False)
        first.kill()
    assert await owner.read(124, *OWNERS) != OWNERS
    with daemon(config) as second:
        await reached(owner, True)
        await reached(owner, False)
        assert await asyncio.to_thread(second.stop) == 0
        assert await owner.read(124, *OWNERS) == OWNERS
        assert "Traceback" not in second.said()


async def test_where_the_store_is_lost_the_battery_is_released_all_the_same(
    tmp_path: Path, ports: tuple[int, int], owner: SecondMaster
) -> None:
    config = site(tmp_path, ports)
    with daemon(config) as running:
        await reached(owner, False)
        running.kill()
    (tmp_path / "site.sqlite3").write_bytes(b"no database" * 1000)
    for part in ("site.sqlite3-wal", "site.sqlite3-shm"):
        (tmp_path / part).unlink(missing_ok=True)
    done = await asyncio.to_thread(enalysis_edge, "release", "--config", config)
    assert done.returncode == 0
    assert "what was set there before is not known: the store" in done.stdout
    assert (await owner.read(124, "StorCtl_Mod"))["StorCtl_Mod"] == 0.0


@fault(14, injected="a second daemon, and a release, with another site file and store for the same inverter")
async def test_a_second_agent_on_the_inverter_ends_with_one_sentence(
    tmp_path: Path, ports: tuple[int, int], owner: SecondMaster, outcome: Outcome
) -> None:
    first, second = site(tmp_path / "one", ports), site(tmp_path / "two", ports)
    with daemon(first) as running:
        await reached(owner, False)
        steered = await owner.read(124, "StorCtl_Mod", "OutWRte")
        for command in ("run", "release"):
            done = await asyncio.to_thread(enalysis_edge, command, "--config", second)
            assert done.returncode == 75
            assert done.stderr.count("\n") == 1
            assert f"another instance (process {running.process.pid}, site home-1" in done.stderr
            assert f"steers inverter at 127.0.0.1:{ports[0]} unit 1" in done.stderr
        assert (await owner.read(124, "StorCtl_Mod"))["StorCtl_Mod"] == steered["StorCtl_Mod"] == 3.0
        assert await asyncio.to_thread(running.stop) == 0
