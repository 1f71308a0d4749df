"""Pictures are written aside and then put in place."""

import errno
import os
from pathlib import Path

import pytest

from agent.adapters.host.picture_file import refused, save, unwritable


class Drawn:
    """What a figure does here: it writes, and may be interrupted in the middle of it."""

    def __init__(self, interrupted: bool) -> None:
        self.interrupted = interrupted

    def savefig(self, path: Path, dpi: int) -> None:
        path.write_bytes(b"half of ")
        if self.interrupted:
            raise KeyboardInterrupt
        path.write_bytes(b"a whole picture")


def test_an_interrupt_leaves_the_old_picture_and_no_other_file(tmp_path: Path) -> None:
    path = tmp_path / "day.png"
    save(Drawn(interrupted=False), path)
    assert path.read_bytes() == b"a whole picture"
    with pytest.raises(KeyboardInterrupt):
        save(Drawn(interrupted=True), path)
    assert path.read_bytes() == b"a whole picture"
    assert list(tmp_path.iterdir()) == [path]


class Unsaved:
    def __init__(self, error: OSError) -> None:
        self.error = error

    def savefig(self, path: Path, dpi: int) -> None:
        raise self.error


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), OSError("encoder error -2")])
def test_what_could_not_be_written_is_said_with_its_place_and_reason(tmp_path: Path, error: OSError) -> None:
    path = tmp_path / "day.png"
    with pytest.raises(OSError, match=r"day\.png") as failed:
        save(Unsaved(error), path)
    reason = error.strerror or "encoder error -2"
    assert unwritable(path, failed.value) == f"{path} cannot be written: {reason}"
    assert not list(tmp_path.iterdir())


def test_before_and_after_the_work_it_is_the_same_sentence(tmp_path: Path) -> None:
    path = tmp_path / "day.png"
    path.mkdir()
    with pytest.raises(OSError, match=r"day\.png") as failed:
        save(Drawn(interrupted=False), path)
    assert refused(path) == unwritable(path, failed.value)
