"""One instance a site: two that steer one battery would fight."""

import errno
import fcntl
import hashlib
import os
import socket
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from agent.adapters.host.durable_files import give_to_owner
from agent.ports import StoreFailure

UNWRITABLE = (errno.ENOENT, errno.ENOTDIR, errno.EROFS, errno.EACCES, errno.ENOSPC, errno.EDQUOT, errno.EIO)


class AlreadyRunning(Exception):
    """Another process holds the lock. ``pid`` is what it wrote into the file, None when that cannot be read."""

    def __init__(self, store: Path, pid: int | None) -> None:
        who = "another instance" if pid is None else f"another instance (process {pid})"
        super().__init__(f"{who} runs on the store {store}: stop it first, two would fight over the battery")
        self.pid = pid


def lock_path(store: Path) -> Path:
    """The file beside the store that is locked."""
    return store.with_name(f"{store.name}.lock")


class SiteLock:
    """Holds the lock of the site whose store is ``store``, as a context manager.

    The kernel lets go of it when the process ends, however it ends. The file stays: removing it would let a third
    process lock another file of the same name.
    """

    def __init__(self, store: Path) -> None:
        self._store = store
        self._descriptor: int | None = None
        self._named: socket.socket | None = None

    def __enter__(self) -> "SiteLock":
        """Raises AlreadyRunning, or StoreFailure when the file beside the store is no lock.

        Where no file can be made (a folder that is missing, a disk that is full or read-only), the file that is there
        is locked as it is, else a name of the kernel's: control waits for no disk, and is alone nevertheless.
        """
        path = lock_path(self._store)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            if error.errno not in UNWRITABLE:
                raise StoreFailure(f"the lock {path} cannot be made: {error.strerror}") from error
            self._enter_unwritable(path)
            return self
        with suppress(OSError):  # the daemon of another user would lock a name instead, and not be seen by commands
            give_to_owner(path, path.parent)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with suppress(OSError):  # on a full disk nobody is told the number
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        except BlockingIOError:
            pid = _pid(descriptor)
            os.close(descriptor)
            raise AlreadyRunning(self._store, pid) from None
        except OSError as error:
            os.close(descriptor)
            raise StoreFailure(f"the lock {path} cannot be taken: {error.strerror}") from error
        self._descriptor = descriptor
        return self

    def _enter_unwritable(self, path: Path) -> None:
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            self._named = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            try:  # a name that begins with NUL is in no folder, and goes with its process (unix(7), Linux)
                self._named.bind(f"\0enalysis-edge-{hashlib.sha256(os.fsencode(path.absolute())).hexdigest()}")
            except OSError:
                self._named.close()
                raise AlreadyRunning(self._store, None) from None
            return
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = _pid(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = None
            raise AlreadyRunning(self._store, pid) from None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        if self._named is not None:
            self._named.close()
            self._named = None


def _pid(descriptor: int) -> int | None:
    text = os.pread(descriptor, 32, 0).strip()
    return int(text) if text.isdigit() else None
