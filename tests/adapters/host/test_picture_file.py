"""Pictures are written aside and then put in place."""

from pathlib import Path

import pytest

from agent.adapters.host.picture_file import save


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
