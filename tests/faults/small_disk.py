"""A disk of some megabytes that a test may fill or break: ext4 on a loop device."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


class SmallDisk:
    """``folder`` is where it is mounted."""

    def __init__(self, image: Path, folder: Path) -> None:
        self._image, self.folder = image, folder

    def mount(self) -> None:
        options = ["-o", "loop,errors=remount-ro"]
        done = subprocess.run(["mount", *options, str(self._image), str(self.folder)], capture_output=True)
        if done.returncode:
            pytest.skip("this machine does not allow a loop device to be mounted")

    def unmount(self) -> None:
        subprocess.run(["umount", str(self.folder)], check=True)

    def make_read_only(self) -> None:
        """As an operator does; nothing may be open for writing."""
        subprocess.run(["mount", "-o", "remount,ro", str(self.folder)], check=True)

    def fill(self) -> Path:
        """A file that takes every byte that is left."""
        filler = self.folder / "filler"
        with filler.open("ab", buffering=0) as file:
            try:
                for size in (1 << 20, 1 << 12, 1):
                    while True:
                        try:
                            file.write(b"x" * size)
                        except OSError:
                            break
            finally:
                os.fsync(file.fileno())
        return filler

    def make_error(self) -> None:
        """The file system finds an error of its own and lets nothing be written from here on."""
        device = self.folder.stat().st_dev
        name = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}").resolve().name
        trigger = Path(f"/sys/fs/ext4/{name}/trigger_fs_error")
        if not trigger.exists():
            pytest.skip("this kernel has no way to make ext4 find an error")
        trigger.write_text("a test")


@contextmanager
def small_disk(folder: Path, megabytes: int = 32) -> Iterator[SmallDisk]:
    """A new one, mounted at ``folder``/disk. Skips the test where that is not allowed."""
    if os.geteuid() != 0:
        pytest.skip("mounting a file system needs root")
    image, place = folder / "image", folder / "disk"
    with image.open("wb") as file:
        file.truncate(megabytes << 20)
    if subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", str(image)], capture_output=True).returncode:
        pytest.skip("this machine has no mkfs.ext4")
    place.mkdir()
    disk = SmallDisk(image, place)
    disk.mount()
    try:
        yield disk
    finally:
        if place.is_mount():
            disk.unmount()
