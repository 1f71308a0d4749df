"""The power is cut between any two steps of an upgrade: what starts next is whole, and the upgrade can be finished.

`make test-package` runs this. The steps are the package's scripts, the unpacking, and the removal of the old version.
"""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.package.conftest import Packages
from tests.package.gateway import MADE, Gateway, unpacked, until
from tests.package.simulated_site import is_steered, place_simulator, write_site

# A script waits where the test says, until the power goes.
WAIT = 'at() { [ "$(cat /cut 2>/dev/null)" != "$1" ] || { : >/reached; sleep 600; }; }\n'
STEPS = (
    "old-prerm-begins", "new-preinst-begins", "new-preinst-ends", "unpacking", "unpacked", "old-postrm-begins",
    "old-postrm-ends", "removing", "new-postinst-begins", "new-postinst-ends",
)  # fmt: skip
FEW_FILES = 200


def waiting(script: str, name: str) -> str:
    head, _, body = script.partition("set -e\n")
    return f"{head}set -e\n{WAIT}at {name}-begins\n{body}at {name}-ends\n"


@pytest.fixture(scope="module")
def prepared(packages: Packages, base: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """A gateway with the old version that steers, and the new package; the scripts of both wait where they are told."""
    folder = tmp_path_factory.mktemp("prepared")
    root, debs = unpacked(base, folder / "root"), folder / "debs"
    debs.mkdir()
    shutil.copy(packages.old, debs / "old.deb")
    tree = folder / "tree"
    subprocess.run(["dpkg-deb", "--raw-extract", packages.new, tree], check=True)
    for name in ("preinst", "postinst"):
        path = tree / "DEBIAN" / name
        path.write_text(waiting(path.read_text(), f"new-{name}"))
    packed = ["dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, debs / "new.deb"]
    subprocess.run(packed, check=True, stdout=subprocess.DEVNULL)
    with Gateway(root, {debs: "/debs"}) as gateway:
        gateway.run("dpkg", "--install", "/debs/old.deb")
        place_simulator(gateway, packages.versions[0])
        write_site(folder / "site", root)
        gateway.run("systemctl", "enable", "--now", "enalysis-edge.service")
        until(lambda: gateway.rows()["minute"] > 0 and is_steered(gateway), "it steers and writes")
        for name in ("prerm", "postrm"):
            path = root / f"var/lib/dpkg/info/enalysis-edge.{name}"
            path.write_text(waiting(path.read_text(), f"old-{name}"))
        gateway.run("systemctl", "stop", "enalysis-edge", "simulator")
        gateway.run("sync")
    archive = MADE / "prepared.tar"
    subprocess.run(["tar", "--create", "--file", archive, "--directory", root, "."], check=True)
    yield archive, debs
    archive.unlink()


def files_of(root: Path, version: str) -> int:
    with suppress(FileNotFoundError):  # it is just being removed
        return sum(1 for _ in (root / "opt/enalysis-edge" / version).rglob("*"))
    return 0


@pytest.mark.parametrize("step", STEPS)
def test_power_cut(prepared: tuple[Path, Path], packages: Packages, tmp_path: Path, step: str) -> None:
    archive, debs = prepared
    root, (old, new) = unpacked(archive, tmp_path / "root"), packages.versions
    whole = files_of(root, old)
    with Gateway(root, {debs: "/debs"}) as gateway:
        until(lambda: is_steered(gateway), "it steers")
        before = gateway.rows()
        (root / "cut").write_text(step)
        dpkg = gateway.start("dpkg", "--install", "/debs/new.deb")
        reached = {
            "unpacking": lambda: files_of(root, new) > FEW_FILES,
            "unpacked": lambda: files_of(root, new) >= whole,
            "removing": lambda: files_of(root, old) < whole - FEW_FILES,
        }.get(step, (root / "reached").exists)
        until(reached, step)
        gateway.cut_power()
        dpkg.kill()
        dpkg.wait()
    (root / "cut").unlink()
    with Gateway(root, {debs: "/debs"}) as gateway:
        until(lambda: is_steered(gateway), "it steers again, by itself")
        assert all(gateway.rows()[name] >= count for name, count in before.items())
        first = str((root / "opt/enalysis-edge/current").readlink())
        gateway.run("dpkg", "--configure", "--pending", code=None)  # dpkg may want the package itself again
        assert is_steered(gateway)
        again = state(gateway) != f"install ok installed {new}"
        if again:
            gateway.run("dpkg", "--install", "/debs/new.deb")
        assert state(gateway) == f"install ok installed {new}"
        until(lambda: is_steered(gateway) and gateway.is_active(), "the new version steers")
        assert str((root / "opt/enalysis-edge/current").readlink()) == new
        assert not (root / "opt/enalysis-edge" / old).exists()
        assert not list((root / "opt/enalysis-edge").rglob("*.dpkg-new"))
        assert all(gateway.rows()[name] >= count for name, count in before.items())
        print(f"{step}: {first} ran after the cut; ended by {'dpkg --install' if again else 'dpkg --configure'}")


def state(gateway: Gateway) -> str:
    return gateway.run("dpkg-query", "--show", "--showformat=${Status} ${Version}", "enalysis-edge")
