"""The wall clock of a real process, moved while it runs, by libfaketime; its monotonic clock goes on."""

from pathlib import Path

import libfaketime

LIBRARY = Path(libfaketime.__file__).parent / "vendor/libfaketime/src/libfaketime.so.1"


class FakedTime:
    """The offset stands in a file that the process reads at every look at its clock."""

    def __init__(self, folder: Path, ahead_s: float = 0.0) -> None:
        self._file = folder / "faketime"
        self.set(ahead_s)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": str(LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_NO_CACHE": "1",
        }

    def set(self, ahead_s: float) -> None:
        """So many seconds ahead of the true time, from now on."""
        part = self._file.with_suffix(".part")
        part.write_text(f"{ahead_s:+.0f}\n", "ascii")
        part.rename(self._file)
