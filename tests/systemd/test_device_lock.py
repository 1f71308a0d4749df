"""One owner a device, whatever store and site file it is steered from."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from agent.adapters.devices import device_lock
from agent.adapters.devices.device_lock import AlreadySteered, DeviceLocks, SteeredTwice, addresses, lock_folder
from agent.settings.device_section import Device
from agent.settings.load import load
from agent.settings.schema import Settings
from agent.settings.sections import FurtherBattery
from tests import site_files

HOLD = """
import sys, time
from pathlib import Path
from tempfile import TemporaryDirectory
from agent.adapters.devices.device_lock import DeviceLocks
from agent.settings.load import load
with DeviceLocks(load(Path(sys.argv[1]))):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def _folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder as /run/lock is one: every user may write into it, and reach it."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o1777)
        monkeypatch.setenv("ENALYSIS_EDGE_LOCKS", folder)
        yield


def site(folder: Path, port: int = 5020, unit: int = 1) -> Settings:
    folder.mkdir(exist_ok=True)
    return load(site_files.write_home(folder, inverter_port=port, meter_port=5021, inverter_unit=unit))


def device(**words: object) -> Device:
    return Device.model_validate({"name": "inverter", "family": "sunspec_hybrid", "roles": ["battery"], **words})


def test_a_second_store_on_the_same_inverter_is_told_who_has_it_until_that_one_is_killed(tmp_path: Path) -> None:
    first, second = site(tmp_path / "one"), site(tmp_path / "two")
    command = (sys.executable, "-c", HOLD, str(tmp_path / "one" / "site.toml"))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(AlreadySteered) as refused, DeviceLocks(second):
            pass
        assert refused.value.pid == holder.pid
        assert str(refused.value) == (
            f"another instance (process {holder.pid}, site home-1, store {first.store.path}) steers inverter at "
            "127.0.0.1:5020 unit 1: stop it first, two would fight over the battery"
        )
        holder.send_signal(signal.SIGKILL)
    with DeviceLocks(second):
        pass


def test_two_batteries_that_lead_to_one_address_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By names that only a name server knows: the check of the site file does not ask one."""
    monkeypatch.setattr(device_lock, "_resolved", lambda host: ["192.0.2.7"])
    further = {"device": "two", "usable_wh": 10000.0, "charge_w": 5000.0, "discharge_w": 5000.0}
    settings = site(tmp_path / "one")
    battery = settings.battery.model_copy(update={"device": "one", "further": [FurtherBattery.model_validate(further)]})
    devices = [device(name="one", host="battery-1.lan"), device(name="two", host="battery-2.lan")]
    both = settings.model_copy(update={"battery": battery, "devices": devices})
    with pytest.raises(SteeredTwice) as refused, DeviceLocks(both):
        pass
    assert str(refused.value) == (
        "one and two are one device: battery-1.lan:502 and battery-2.lan:502 have the same address and unit id 1; "
        "give each battery the device that steers it"
    )


def test_other_ports_and_units_are_other_devices(tmp_path: Path) -> None:
    one, two, three = site(tmp_path / "one"), site(tmp_path / "two", port=5030), site(tmp_path / "three", unit=2)
    with DeviceLocks(one), DeviceLocks(two), DeviceLocks(three):
        pass


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_one_address_whatever_it_is_called(host: str) -> None:
    assert addresses(device(host=host, port=502)) == {"127.0.0.1 port 502 unit 1"}


def test_a_name_that_does_not_resolve_stands_for_itself() -> None:
    assert addresses(device(host="Inverter.invalid.", port=502)) == {"inverter.invalid port 502 unit 1"}


def test_a_serial_line_by_whatever_link(tmp_path: Path) -> None:
    (tmp_path / "ttyUSB0").touch()
    (tmp_path / "by-id").symlink_to("ttyUSB0")
    assert addresses(device(serial_port=str(tmp_path / "by-id"))) == {f"{tmp_path / 'ttyUSB0'} unit 1"}


def test_a_lock_file_of_another_user_is_locked_and_seen(tmp_path: Path) -> None:
    """As root made it: an agent of another user must neither be kept out by the file nor walk past its lock."""
    if os.geteuid() != 0:
        pytest.skip("only root can be two users")
    settings = site(tmp_path / "one")
    with DeviceLocks(settings):
        (file,) = lock_folder().iterdir()
        assert file.stat().st_mode & 0o777 == 0o666
        tried = _as_nobody(settings)
        assert tried == "taken"
    assert _as_nobody(settings) == "free"


def _as_nobody(settings: Settings) -> str:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        said = b"error"
        try:
            os.setuid(65534)
            with DeviceLocks(settings):
                said = b"free"
        except AlreadySteered:
            said = b"taken"
        finally:
            os.write(writing, said)
            os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    with os.fdopen(reading, "rb") as found:
        return found.read().decode()


def test_a_link_in_place_of_the_lock_is_not_followed_and_does_not_stop_the_agent(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    settings = site(tmp_path / "one")
    with DeviceLocks(settings):
        (file,) = lock_folder().iterdir()
    file.unlink()
    file.symlink_to(victim)
    with DeviceLocks(settings):
        assert victim.read_text() == "precious"


def test_the_locks_follow_a_device_that_moves_once_it_has_moved(tmp_path: Path) -> None:
    before, after = site(tmp_path / "one"), site(tmp_path / "two", port=5022)
    with DeviceLocks(before) as held:
        held.reach_for(after)
        for settings in (before, after):  # flock asks by open file, also within one process
            with pytest.raises(AlreadySteered), DeviceLocks(settings):
                pass
        held.let_go()
        with DeviceLocks(before):
            pass
        with pytest.raises(AlreadySteered), DeviceLocks(after):
            pass


def test_a_place_that_another_steers_is_refused_and_what_was_held_stays(tmp_path: Path) -> None:
    before, after = site(tmp_path / "one"), site(tmp_path / "two", port=5022)
    with DeviceLocks(after), DeviceLocks(before) as held:
        with pytest.raises(AlreadySteered):
            held.reach_for(after)
        with pytest.raises(AlreadySteered), DeviceLocks(before):
            pass
