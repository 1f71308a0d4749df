"""One package from the lock: fetched, unpacked, compiled, packed. The same inputs make the same bytes."""

import os
import shutil
import subprocess
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from systemd.package.bytecode import compile_all, interpreter
from systemd.package.lock_file import ROOT, releases
from systemd.package.sbom import bill, shipped
from systemd.package.target import Target
from systemd.package.tree import DOC, add_control, installed_bytes, lay_out, set_times
from systemd.package.wheels import agent_wheel, fetch, unpack

BUILD, DIST = ROOT / "build" / "deb", ROOT / "dist"
LEVELS = {"xz": (), "zstd": ("-z12",), "none": ()}
LARGE = ("numpy", "onnxruntime", "highspy")


class NotPacked(Exception):
    """dpkg-deb has made no package. ``str()`` says why."""


@dataclass(frozen=True, slots=True)
class Built:
    """``installed`` are bytes on the gateway: by large library with its bytecode, and ``rest``."""

    package: Path
    bill: Path
    installed: dict[str, int]


def build(target: Target, project: str, out: Path = DIST, python: str | None = None, packing: str = "zstd") -> Built:
    """The package of version ``project``. Raises NoInterpreter, NotFetched, NotPacked, and OSError."""
    version, epoch_s, program = target.version(project), epoch(), interpreter(target, python)
    folder = BUILD / f"{target.suite}-{target.architecture}"
    wheels = fetch(target, releases(target), folder / "wheels")
    own = agent_wheel(folder / "own", epoch_s)
    tree = folder / "tree"
    site_packages = lay_out(tree, target, version, epoch_s)
    for wheel in (*wheels, own):
        unpack(wheel, site_packages)
    text = bill_of(target, version, own, wheels)
    (tree / DOC / "sbom.cdx.json").write_text(text, "utf-8")
    compile_all(site_packages, program)
    add_control(tree, target, version)
    set_times(tree, epoch_s)
    beside = write_bill(text, target, version, out)
    package = _packed(tree, out / f"enalysis-edge_{version}_{target.architecture}.deb", epoch_s, packing)
    return Built(package, beside, _installed(tree, site_packages))


def bill_of(target: Target, version: str, own: Path, wheels: Sequence[Path]) -> str:
    """The bill of materials of a package of these wheels, as JSON text."""
    return bill(target, version, epoch(), shipped(own, target), [shipped(wheel, target) for wheel in wheels])


def write_bill(text: str, target: Target, version: str, out: Path) -> Path:
    """Beside the package, under its name. Raises OSError."""
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"enalysis-edge_{version}_{target.architecture}.cdx.json"
    path.write_text(text, "utf-8")
    return path


def epoch() -> int:
    """SOURCE_DATE_EPOCH, else when the project was last committed (seconds since 1970)."""
    named = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not named:
        asked = ("git", "log", "-1", "--format=%ct")
        named = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
    if not named.isdigit():
        raise NotPacked("this is no checkout of git and SOURCE_DATE_EPOCH is not set: the package would have no date")
    return int(named)


def project_version() -> str:
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"])


def _packed(tree: Path, package: Path, epoch_s: int, packing: str) -> Path:
    if shutil.which("dpkg-deb") is None:
        raise NotPacked("dpkg-deb is not on this machine: a package is made on Debian or with its dpkg installed")
    command = ["dpkg-deb", "--root-owner-group", f"-Z{packing}", *LEVELS[packing], "--build", str(tree), str(package)]
    around = {**os.environ, "SOURCE_DATE_EPOCH": str(epoch_s)}
    done = subprocess.run(command, capture_output=True, text=True, env=around, check=False)
    if done.returncode:
        raise NotPacked(f"dpkg-deb refused: {(done.stderr.splitlines() or ['no reason'])[-1]}")
    return package


def _installed(tree: Path, site_packages: Path) -> dict[str, int]:
    """Bytes by large library, each with the folder of native libraries beside it."""
    sizes = dict.fromkeys(LARGE, 0)
    for path in sorted(site_packages.iterdir()):
        name = path.name.partition(".")[0].partition("-")[0]
        if name in sizes and path.is_dir():
            sizes[name] += sum(one.lstat().st_size for one in path.rglob("*") if not one.is_dir())
    return {**sizes, "rest": installed_bytes(tree) - sum(sizes.values())}
