"""A gateway in a container: a Debian that boots, whose power can be cut, and which can be looked into from outside."""

import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

ROOT = Path(__file__).parents[2]
MADE = ROOT / "build" / "package-test"
PATIENCE_S = 120.0
PARTS = "systemd,systemd-sysv,dbus,libstdc++6,iproute2"
ENVIRONMENT = ("/usr/bin/env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive")


def made_root(suite: str, python: str, architecture: str, parts: str = PARTS) -> Path:
    """An archive of the smallest Debian with what the package depends on; made once."""
    archive = MADE / f"{suite}-{architecture}.tar"
    if not archive.exists():
        MADE.mkdir(parents=True, exist_ok=True)
        new = archive.with_suffix(".new.tar")
        included = f"--include={parts},python{python}"
        make = ["mmdebstrap", "--quiet", f"--arch={architecture}", "--variant=minbase", included, suite, str(new)]
        subprocess.run(make, check=True)
        new.rename(archive)
    return archive


def unpacked(archive: Path, root: Path) -> Path:
    root.mkdir(parents=True)
    subprocess.run(["tar", "--extract", "--file", archive, "--directory", root], check=True)
    return root


class Gateway:
    """Boots ``root`` on entering, is shut down in order at the end. ``shared`` are folders it sees, read-only."""

    def __init__(self, root: Path, shared: dict[Path, str]) -> None:
        self.root, self._shared = root, shared
        self._pid = 0
        self._running: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Gateway":
        bound = [f"--bind-ro={path}:{place}" for path, place in self._shared.items()]
        command = ["systemd-nspawn", "--quiet", f"--directory={self.root}", "--boot", "--register=no", "--keep-unit"]
        command += ["--private-network", "--console=pipe", f"--machine=edge-{os.getpid()}", *bound]
        self._running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(self._has_booted, "the container boots")
        return self

    def __exit__(self, *_: object) -> None:
        self.cut_power()

    def cut_power(self) -> None:
        """Every process of it is gone at once. What the kernel holds in its cache is not lost: that is not shown."""
        assert self._running is not None
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            self._pid = 0
        self._running.wait(PATIENCE_S)

    def start(self, *command: str) -> "subprocess.Popen[str]":
        enter = ("nsenter", f"--target={self._pid}", "--mount", "--uts", "--ipc", "--net", "--pid", "--")
        words = (*enter, *ENVIRONMENT, *command)
        return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def run(self, *command: str, code: int | None = 0) -> str:
        """What it printed, errors among it; ``code`` None takes any exit code."""
        running = self.start(*command)
        said, _ = running.communicate(timeout=PATIENCE_S)
        assert code is None or running.returncode == code, f"{' '.join(command)}: {running.returncode}\n{said}"
        return said

    def show(self, unit: str, name: str) -> str:
        return self.run("systemctl", "show", f"--property={name}", "--value", unit).strip()

    def is_active(self, unit: str = "enalysis-edge") -> bool:
        return self.show(unit, "ActiveState") == "active"

    def rows(self) -> dict[str, int]:
        """How many rows each stream has; 0 while there is no store. Fails for a file that is damaged."""
        store = self.root / "var/lib/enalysis-edge/site.sqlite3"
        if not store.exists():
            return {"minute": 0, "decision": 0, "event": 0}
        with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=10.0)) as connection:
            assert connection.execute("PRAGMA quick_check").fetchone()[0] == "ok"
            streams = ("minute", "decision", "event")
            return {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in streams}  # noqa: S608

    def _has_booted(self) -> bool:
        assert self._running is not None
        assert self._running.poll() is None, f"systemd-nspawn ended with {self._running.returncode}"
        children = Path(f"/proc/{self._running.pid}/task/{self._running.pid}/children").read_text().split()
        for child in children:
            status = Path(f"/proc/{child}/status").read_text()
            pids = next(line for line in status.splitlines() if line.startswith("NSpid:")).split()
            if pids[-1] == "1" and "nspawn" not in Path(f"/proc/{child}/cmdline").read_text():
                self._pid = int(child)
                return self.run("systemctl", "is-system-running", code=None).strip() in ("running", "degraded")
        return False


def until(reached: Callable[[], bool], what: str, timeout_s: float = PATIENCE_S) -> None:
    """Wait until ``reached`` is true; fail with ``what`` when that takes too long."""
    deadline = time.monotonic() + timeout_s
    while not reached():
        assert time.monotonic() < deadline, f"{what}: not within {timeout_s:g} s"
        time.sleep(0.1)
