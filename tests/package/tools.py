"""``python -m tests.package.tools``: installs what the tests of the package need, and says what is missing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

# Each program by its Debian package.
PROGRAMS = {
    "mmdebstrap": "mmdebstrap",
    "systemd-nspawn": "systemd-container",
    "qemu-aarch64-static": "qemu-user-static",
    "update-binfmts": "binfmt-support",
}
BINFMT = Path("/proc/sys/fs/binfmt_misc")


def missing() -> list[str]:
    return [program for program in PROGRAMS if shutil.which(program) is None]


def qemu_runs() -> bool:
    """Whether the kernel starts programs of arm64 by qemu; it is asked to."""
    if os.geteuid() == 0:
        if not (BINFMT / "status").exists():
            subprocess.run(["mount", "-t", "binfmt_misc", "binfmt_misc", BINFMT], capture_output=True)
        if shutil.which("update-binfmts"):
            subprocess.run(["update-binfmts", "--enable", "qemu-aarch64"], capture_output=True)
    return (BINFMT / "qemu-aarch64").exists()


def main() -> int:
    if missing() and os.geteuid() == 0 and shutil.which("apt-get"):
        around = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        wanted = ["apt-get", "install", "-y", "-qq", *PROGRAMS.values()]
        if subprocess.run(wanted, env=around, stdout=subprocess.DEVNULL).returncode:
            subprocess.run(["apt-get", "update", "-qq"])
            subprocess.run(wanted, env=around, stdout=subprocess.DEVNULL)
    for program in missing():
        print(f"{program} is missing and cannot be installed here: what needs it is skipped")
    if not qemu_runs():
        print("this kernel starts no program of arm64 by qemu: the package for arm64 is not tried")
    return 0


if __name__ == "__main__":
    sys.exit(main())
