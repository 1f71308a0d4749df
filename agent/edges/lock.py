"""One instance a site: two that steer one battery would fight."""

import fcntl
import os
from pathlib import Path
from types import TracebackType

from agent.ports import StoreFailure


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

    def __enter__(self) -> "SiteLock":
        """Raises AlreadyRunning, or StoreFailure when the file beside the store cannot be made."""
        path = lock_path(self._store)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise StoreFailure(f"the lock {path} cannot be made: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
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

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _pid(descriptor: int) -> int | None:
    text = os.pread(descriptor, 32, 0).strip()
    return int(text) if text.isdigit() else None
