"""What the host knows of its own clock: read from files and the kernel, without any privilege."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from agent.domain.time_trust import TimeEvidence

UNSYNCHRONISED = 5  # TIME_ERROR of adjtimex(2)


class HostTime:
    """Implements ``agent.ports.TimeSource`` on Linux. ``root`` is where /run, /sys and /proc are.

    ``kernel`` is what adjtimex(2) answers, negative where it must not be asked.

    systemd-timesyncd touches a file whenever it has set the clock. Of chrony and ntpd only the kernel knows; where it
    must not be asked, nothing is known, as without any such service.
    """

    def __init__(self, root: Path = Path("/"), kernel: Callable[[], int] | None = None) -> None:
        self._kernel = kernel or ask_kernel
        self._timesyncd = root / "run/systemd/timesync"
        self._others = tuple(root / "run" / name for name in ("chrony", "chronyd.pid", "ntpd.pid", "ntpsec"))
        self._rtc = root / "sys/class/rtc/rtc0/since_epoch"
        self._boot_id = root / "proc/sys/kernel/random/boot_id"

    def look(self) -> TimeEvidence:
        if self._timesyncd.is_dir():
            return TimeEvidence(True, self._since_timesyncd(), self._rtc_time())
        if any(other.exists() for other in self._others):
            synced = self._kernel_is_synced()
            if synced is not None:
                return TimeEvidence(True, 0.0 if synced else None, self._rtc_time())
        return TimeEvidence(False, None, self._rtc_time())

    def boot_id(self) -> str:
        try:
            return self._boot_id.read_text("ascii").strip()
        except OSError:
            return "unknown"

    def _since_timesyncd(self) -> float | None:
        """Seconds between its last word and what the clock says now, whichever of the two is later."""
        try:
            at_s = (self._timesyncd / "synchronized").stat().st_mtime
        except OSError:
            return None
        return abs(datetime.now(UTC).timestamp() - at_s)

    def _rtc_time(self) -> datetime | None:
        try:
            return datetime.fromtimestamp(int(self._rtc.read_text("ascii")), UTC)
        except (OSError, ValueError):
            return None

    def _kernel_is_synced(self) -> bool | None:
        """None where the kernel does not tell."""
        state = self._kernel()
        return None if state < 0 else state != UNSYNCHRONISED


def ask_kernel() -> int:
    """The clock's state by adjtimex(2), which sets nothing here."""
    import ctypes  # two megabytes that most hosts do without

    asked = ctypes.create_string_buffer(512)  # struct timex, all zero
    return int(ctypes.CDLL(None).adjtimex(asked))
