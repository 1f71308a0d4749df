"""One owner a device: two agents with two stores would not see each other, and fight over one inverter.

The lock is a file named by the device's address in a folder that every user of this machine sees. Across machines only
the registers tell (``agent.monitoring.foreign_writes``).
"""

import fcntl
import os
import socket
import stat
import sys
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from hashlib import sha256
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from types import TracebackType

from agent.adapters.host.lock import AlreadyRunning
from agent.settings.device_section import Device
from agent.settings.same_line import normal_address
from agent.settings.schema import Settings
from drivers.endpoint import Endpoint, SerialEndpoint, TcpEndpoint

RESOLVE_WITHIN_S = 2.0
SHARED_FOLDERS = (Path("/run/lock"), Path(tempfile.gettempdir()))
ENVIRONMENT = "ENALYSIS_EDGE_LOCKS"  # another folder


class AlreadySteered(AlreadyRunning):
    """Another process steers the device. ``pid`` is what it wrote into the file, None when that cannot be read."""

    def __init__(self, device: Device, holder: str) -> None:
        pid, _, rest = holder.partition("\n")
        self.pid = int(pid) if pid.isdigit() else None
        who = "another instance" if self.pid is None else f"another instance (process {self.pid}"
        who += "" if self.pid is None else f", {rest.strip()})" if rest.strip() else ")"
        where = f"{device.endpoint} unit {device.unit_id}"
        text = f"{who} steers {device.name} at {where}: stop it first, two would fight over the battery"
        Exception.__init__(self, text)


class SteeredTwice(AlreadyRunning):
    """Two batteries of the site file are one inverter, under two names that lead to one address."""

    def __init__(self, one: Device, other: Device) -> None:
        text = (
            f"{one.name} and {other.name} are one device: {one.endpoint} and {other.endpoint} have the same address "
            f"and unit id {one.unit_id}; give each battery the device that steers it"
        )
        Exception.__init__(self, text)


class DeviceLocks:
    """Holds the locks of all devices that ``settings`` steer, as a context manager.

    Raises AlreadySteered, and SteeredTwice where two of them are one.

    The kernel lets go of them when the process ends, however it ends. Where no file can be made, that is said on
    standard error and the device is steered all the same.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._holder = f"{os.getpid()}\nsite {settings.site.id}, store {settings.store.path}\n"
        self._held: dict[str, ExitStack] = {}
        self._wanted: set[str] = set()

    def __enter__(self) -> "DeviceLocks":
        self.reach_for(self._settings)
        return self

    def reach_for(self, settings: Settings) -> None:
        """Hold the locks of what ``settings`` steer, besides those held. Raises as ``DeviceLocks`` and takes none then.

        Waits for a name server where hosts have names.
        """
        steered = [device for device in settings.devices if device.name in settings.battery.steered_by]
        wanted: dict[str, Device] = {}
        for address, index in sorted({(at, i) for i, one in enumerate(steered) for at in addresses(one)}):
            if (other := wanted.setdefault(address, steered[index])) is not steered[index]:
                raise SteeredTwice(other, steered[index])
        taken: dict[str, ExitStack] = {}
        with ExitStack() as undone:
            for address in sorted(wanted.keys() - self._held.keys()):
                taken[address] = undone.enter_context(ExitStack())
                self._take(taken[address], address, wanted[address])
            undone.pop_all()
        self._held |= taken
        self._wanted = set(wanted)

    def let_go(self) -> None:
        """Of those that the settings of the last ``reach_for`` do not steer."""
        for address in self._held.keys() - self._wanted:
            self._held.pop(address).close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for held in self._held.values():
            held.close()
        self._held = {}

    def _take(self, held: ExitStack, address: str, device: Device) -> None:
        path = _lock_file(address)
        try:
            descriptor = _opened(path)
        except OSError as error:
            print(f"{device.name} is steered without a lock: {path}: {error.strerror}", file=sys.stderr)
            return
        held.callback(os.close, descriptor)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadySteered(device, os.pread(descriptor, 4096, 0).decode("utf-8", "replace")) from None
        with suppress(OSError):  # a file of another user: its lock holds without a word in it
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, self._holder.encode(), 0)


def steered_here(endpoint: Endpoint, unit_ids: Iterable[int]) -> bool:
    """Whether a process of this machine steers a device there. ``endpoint`` has an address, not a name."""
    line = os.path.realpath(endpoint.port) if isinstance(endpoint, SerialEndpoint) else _tcp(endpoint)
    return any(_is_held(_lock_file(f"{line} unit {unit_id}")) for unit_id in unit_ids)


def _tcp(endpoint: TcpEndpoint) -> str:
    return f"{normal_address(endpoint.host)} port {endpoint.port}"


def _lock_file(address: str) -> Path:
    return lock_folder() / f"enalysis-edge-{sha256(address.encode()).hexdigest()[:20]}.lock"


def _is_held(path: Path) -> bool:
    """Looks by a shared lock, which is let go at once."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def lock_folder() -> Path:
    """The first folder that every user of this machine may write to."""
    named = os.environ.get(ENVIRONMENT)
    folders = (Path(named), *SHARED_FOLDERS) if named else SHARED_FOLDERS
    return next((folder for folder in folders if os.access(folder, os.W_OK | os.X_OK)), folders[-1])


def addresses(device: Device) -> set[str]:
    """What the device is locked by: each address of its host with port and unit, or its serial line with the unit."""
    if device.serial_port is not None:
        return {f"{os.path.realpath(device.serial_port)} unit {device.unit_id}"}
    return {f"{host} port {device.port} unit {device.unit_id}" for host in _hosts(device.host or "")}


def _hosts(host: str) -> set[str]:
    """``host`` as addresses; by its own name where that is not resolved in time."""
    with suppress(ValueError):
        return {normal_address(host)}
    return {normal_address(found) for found in _resolved(host)} or {host.lower().rstrip(".")}


def _resolved(host: str) -> Iterable[str]:
    """A name server that is silent must not hold up a release, so it is asked from a thread that may be left behind."""
    answers: SimpleQueue[list[str]] = SimpleQueue()

    def ask() -> None:
        try:
            answers.put([str(one[4][0]) for one in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)])
        except OSError:
            answers.put([])

    Thread(target=ask, name="resolve", daemon=True).start()
    try:
        return answers.get(timeout=RESOLVE_WITHIN_S)
    except Empty:
        return []


def _opened(path: Path) -> int:
    """A descriptor of the lock file, made if it is not there.

    In a folder like /tmp the kernel refuses O_CREAT on a file of another user, so one that exists is opened without;
    one that cannot be written is locked all the same. Anything but a plain file is refused.
    """
    flags = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    for attempt in (os.O_RDWR, os.O_RDWR | os.O_CREAT | os.O_EXCL, os.O_RDWR, os.O_RDONLY):
        with suppress(FileNotFoundError, FileExistsError, PermissionError):
            descriptor = os.open(path, attempt | flags, 0o666)
            break
    else:
        raise PermissionError(13, os.strerror(13), str(path))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileExistsError(17, "this is not a plain file", str(path))
    with suppress(OSError):
        os.fchmod(descriptor, 0o666)  # whatever the umask: other users of this machine lock it too
    return descriptor
