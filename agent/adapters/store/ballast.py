"""Four megabytes beside the store that are given up when the disk is full: on a full disk even a DELETE fails."""

import os
from contextlib import suppress
from pathlib import Path

from agent.settings.store_path import LEAST_FREE_BYTES, free_bytes

BALLAST_BYTES = 4_194_304


class Ballast:
    """The file ``<store>.ballast``. It is made where there is room, and made again once there is."""

    def __init__(self, store: Path) -> None:
        self.path = store.with_name(f"{store.name}.ballast")

    def lay(self) -> bool:
        """Make the file where it is not there and the disk has room. True when it lies there."""
        try:
            if self.path.exists() and self.path.stat().st_blocks * 512 >= BALLAST_BYTES:
                return True
            if free_bytes(self.path.parent) < LEAST_FREE_BYTES:
                return False
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError:
            return False
        try:
            os.posix_fallocate(descriptor, 0, BALLAST_BYTES)
        except OSError:
            self.release()
            return False
        finally:
            os.close(descriptor)
        return True

    def release(self) -> bool:
        """Give the room to the store. True when there was some to give."""
        with suppress(OSError):
            self.path.unlink()
            return True
        return False

    def is_needed(self) -> bool:
        """Whether the disk is full by the file system's own word."""
        try:
            return free_bytes(self.path.parent) < BALLAST_BYTES
        except OSError:
            return False
