"""The package on a booted Debian: installed, run, upgraded, removed and purged. `make test-package` runs this."""

import re
from pathlib import Path

from tests.package.conftest import Packages
from tests.package.gateway import Gateway, unpacked, until
from tests.package.simulated_site import is_released, is_steered, place_simulator, write_site

UNITS = ("enalysis-edge.service", "enalysis-edge-console.service")
# What a machine writes that runs, whatever is installed on it.
OTHERS = (
    "run",
    "proc",
    "sys",
    "dev",
    "tmp",
    "srv",
    "var/log",
    "var/lib/dpkg",
    "var/lib/systemd",
    "var/cache",
    "var/tmp",
)
SIMULATORS = ("var/lib/private", "etc/systemd/system/simulator.service")


def names(root: Path) -> set[str]:
    """Every file and folder below ``root`` but those of OTHERS."""
    found: set[str] = set()
    for path in root.rglob("*"):
        name = str(path.relative_to(root))
        if not name.startswith((*OTHERS, *SIMULATORS)) and "simulator" not in name:
            found.add(name)
    return found


def listening(gateway: Gateway) -> list[str]:
    """Sockets that wait for somebody, but those of the simulator."""
    lines = gateway.run("ss", "--listening", "--tcp", "--udp", "--numeric", "--processes", "--no-header").splitlines()
    own = gateway.show("simulator.service", "MainPID")
    return [line for line in lines if f"pid={own}," not in line]


def exposure(gateway: Gateway, unit: str) -> float:
    said = gateway.run("systemd-analyze", "security", unit)
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
    assert found, said
    return float(found[1])


def test_a_life_of_the_package(packages: Packages, base: Path, tmp_path: Path) -> None:
    root = unpacked(base, tmp_path / "root")
    before, (old, new) = names(root), packages.versions
    with Gateway(root, {packages.old.parent: "/debs"}) as gateway:
        before |= names(root)
        installed_without_a_site_file(gateway, packages)
        place_simulator(gateway, old)
        write_site(tmp_path / "site", root)
        runs_and_steers(gateway)
        upgraded(gateway, packages, new)
        removed_and_installed_again(gateway, packages)
        reset(gateway)
        purged(gateway)
        left = names(root) - before
        assert left == set(), sorted(left)


def installed_without_a_site_file(gateway: Gateway, packages: Packages) -> None:
    said = gateway.run("dpkg", "--install", f"/debs/{packages.old.name}")
    assert "there is no site file yet" in said
    for unit in UNITS:
        assert gateway.show(unit, "ActiveState") == "inactive"
        assert gateway.run("systemctl", "is-enabled", unit, code=1).strip() == "disabled"
    assert listening(gateway) == []
    assert gateway.run("enalysis-edge", "--version").startswith("enalysis-edge ")
    assert (gateway.root / "usr/share/man/man1/enalysis-edge.1.gz").exists()


def runs_and_steers(gateway: Gateway) -> None:
    gateway.run("systemctl", "enable", "--now", "enalysis-edge.service")
    assert gateway.show("enalysis-edge", "User") == "enalysis-edge"
    until(lambda: is_steered(gateway), "the inverter is steered")
    until(lambda: gateway.rows()["decision"] > 1, "decisions are written")
    scores = {unit: exposure(gateway, unit) for unit in UNITS}
    print(f"\nexposure: {scores}")
    assert max(scores.values()) <= 1.5
    assert listening(gateway) == []
    assert gateway.run("enalysis-edge", "check", "/etc/enalysis-edge/site.toml", "--self-test")
    assert (gateway.root / "var/lib/enalysis-edge").stat().st_mode & 0o777 == 0o700


def upgraded(gateway: Gateway, packages: Packages, new: str) -> None:
    """The battery is given back, the store goes on, and steering with it; a file that was edited is not asked about."""
    site = gateway.root / "etc/enalysis-edge/site.toml"
    text, before = site.read_bytes(), gateway.rows()
    gateway.run("dpkg", "--install", f"/debs/{packages.new.name}")
    assert gateway.is_active()
    away_us = int(gateway.show("enalysis-edge", "ActiveEnterTimestampMonotonic")) - int(
        gateway.show("enalysis-edge", "InactiveEnterTimestampMonotonic")
    )
    print(f"the battery was on its own for {away_us / 1e6:.1f} s")
    assert str((gateway.root / "opt/enalysis-edge/current").readlink()) == new
    assert [path.name for path in (gateway.root / "opt/enalysis-edge").iterdir() if path.name[0].isdigit()] == [new]
    until(lambda: is_steered(gateway), "the inverter is steered again")
    until(lambda: gateway.rows()["decision"] > before["decision"] + 2, "decisions go on")
    assert all(gateway.rows()[name] >= count for name, count in before.items())
    journal = gateway.run("journalctl", "--unit=enalysis-edge", "--output=cat", "--no-pager")
    assert "released to its own self-consumption" in journal or "nothing is to be given back" in journal
    assert site.read_bytes() == text


def removed_and_installed_again(gateway: Gateway, packages: Packages) -> None:
    """Settings and data stay; with a site file that is there it starts at once."""
    gateway.run("dpkg", "--remove", "enalysis-edge")
    assert is_released(gateway)
    assert not (gateway.root / "opt/enalysis-edge").exists()
    kept = gateway.rows()
    assert kept["decision"] > 0
    gateway.run("dpkg", "--install", f"/debs/{packages.new.name}")
    until(lambda: is_steered(gateway), "the inverter is steered once more")
    assert gateway.rows()["decision"] >= kept["decision"]


def reset(gateway: Gateway) -> None:
    """Nothing but the lock is left in the agent's folder, and no permit."""
    refused = gateway.run("enalysis-edge", "reset", "--yes", code=75)
    assert "nothing was removed" in refused
    gateway.run("enalysis-edge", "export", "--to", "/var/lib/systemd/mine.zip")
    gateway.run("systemctl", "stop", "enalysis-edge.service")
    gateway.run("enalysis-edge", "reset", "--yes")
    assert is_released(gateway)
    assert [path.name for path in (gateway.root / "var/lib/enalysis-edge").iterdir()] == ["site.sqlite3.lock"]
    left = {path.name for path in (gateway.root / "etc/enalysis-edge").iterdir()}
    assert left == {"site.example.toml", "site.toml"}


def purged(gateway: Gateway) -> None:
    gateway.run("dpkg", "--purge", "enalysis-edge")
    assert "enalysis-edge" in (gateway.root / "etc/passwd").read_text()  # its number is not given to another
