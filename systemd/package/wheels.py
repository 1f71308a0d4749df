"""Wheels: fetched by hash, never built, and unpacked into the site-packages of the package."""

import hashlib
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from systemd.package.lock_file import ROOT, Release
from systemd.package.target import Target

# What is only used to test, convert or train, by the wheel's name. A pattern that fits nothing ends the build.
TRIMMED = {
    "numpy": ("numpy/tests/", "numpy/*/tests/"),
    "onnxruntime": (
        "onnxruntime/transformers/",
        "onnxruntime/tools/",
        "onnxruntime/quantization/",
        "onnxruntime/datasets/",
    ),
}
WHEEL_PATHS = ("purelib", "platlib")


class NotFetched(Exception):
    """A wheel is not to be had, or is not what it must be. ``str()`` says why."""


def fetch(target: Target, wanted: Sequence[Release], folder: Path) -> list[Path]:
    """The wheels of ``wanted`` in ``folder``, fetched by pip where they are not there. Raises NotFetched."""
    folder.mkdir(parents=True, exist_ok=True)
    listed = folder / "requirements.txt"
    listed.write_text("".join(f"{release.line}\n" for release in wanted), "utf-8")
    digits = target.python.replace(".", "")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--require-hashes", "--only-binary", ":all:", "--implementation", "cp", "--python-version", digits]
    command += [word for abi in (f"cp{digits}", "abi3", "none") for word in ("--abi", abi)]
    command += [word for tag in target.platforms for word in ("--platform", tag)]
    command += ["--dest", str(folder), "--requirement", str(listed)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        why = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or ["pip gave no reason"]
        raise NotFetched(f"the wheels cannot be fetched: {why[-1].removeprefix('ERROR: ')}")
    return [_wheel_of(release, folder) for release in wanted]


def _wheel_of(release: Release, folder: Path) -> Path:
    name = release.name.replace("-", "_").replace(".", "_")
    found = [path for path in folder.glob("*.whl") if path.name.lower().startswith(f"{name}-{release.version}-")]
    for path in found:
        if sha256_of(path) in release.hashes:
            return path
    raise NotFetched(f"no wheel of {release.name} {release.version} with a hash of the lock is in {folder}")


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def agent_wheel(folder: Path, epoch_s: int) -> Path:
    """The agent itself as a wheel, by the locked build backend. Raises NotFetched."""
    shutil.rmtree(folder, ignore_errors=True)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    around = {"SOURCE_DATE_EPOCH": str(epoch_s), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=around, check=False)
    found = sorted(folder.glob("*.whl"))
    if done.returncode or len(found) != 1:
        raise NotFetched(f"the agent's own wheel cannot be made: {(done.stderr.splitlines() or ['no reason'])[-1]}")
    return found[0]


def unpack(wheel: Path, site_packages: Path) -> int:
    """Unpack without what is trimmed; bytes written. Raises NotFetched where a pattern of TRIMMED fits nothing."""
    distribution = wheel.name.partition("-")[0].lower()
    patterns, used, written = TRIMMED.get(distribution, ()), set[str](), 0
    with zipfile.ZipFile(wheel) as packed:
        for member in sorted(packed.infolist(), key=lambda one: one.filename):
            place = _place(member.filename)
            trimmed = next((pattern for pattern in patterns if _is_in(member.filename, pattern)), None)
            if trimmed is not None:
                used.add(trimmed)
            if member.is_dir() or place is None or trimmed is not None or "__pycache__" in member.filename:
                continue
            path = site_packages / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(packed.read(member))
            written += member.file_size
    if unused := set(patterns) - used:
        raise NotFetched(f"{wheel.name} has no {min(unused)}: TRIMMED is out of date")
    return written


def _place(name: str) -> str | None:
    """Where a file of a wheel goes in site-packages; None for scripts and data, which nothing here needs."""
    head, _, rest = name.partition("/")
    if not head.endswith(".data"):
        return name
    kind, _, inside = rest.partition("/")
    return inside if kind in WHEEL_PATHS else None


def _is_in(name: str, folder: str) -> bool:
    depth = folder.count("/")
    return PurePosixPath(*PurePosixPath(name).parts[:depth]).match(folder.rstrip("/")) and name.count("/") >= depth
