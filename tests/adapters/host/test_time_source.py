"""What the host's files and kernel say of its clock."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.adapters.host.time_source import UNSYNCHRONISED, HostTime, ask_kernel
from agent.domain.time_trust import TimeEvidence


def test_a_host_without_any_service_knows_nothing(tmp_path: Path) -> None:
    host = HostTime(tmp_path)
    assert host.look() == TimeEvidence(False, None, None)
    assert host.boot_id() == "unknown"


def test_timesyncd_says_when_it_set_the_clock(tmp_path: Path) -> None:
    folder = tmp_path / "run/systemd/timesync"
    folder.mkdir(parents=True)
    host = HostTime(tmp_path)
    assert host.look() == TimeEvidence(True, None, None)
    marker = folder / "synchronized"
    marker.touch()
    ago_s = datetime.now(UTC).timestamp() - 600.0
    for stamp_s in (ago_s, ago_s + 1200.0):  # before the clock was set back it said a later time
        os.utime(marker, (stamp_s, stamp_s))
        assert host.look().synced_s == pytest.approx(600.0, abs=30.0)


def test_a_clock_with_a_battery_is_read(tmp_path: Path) -> None:
    rtc = tmp_path / "sys/class/rtc/rtc0"
    rtc.mkdir(parents=True)
    (rtc / "since_epoch").write_text("1780315200\n")
    assert HostTime(tmp_path).look() == TimeEvidence(False, None, datetime(2026, 6, 1, 12, tzinfo=UTC))
    (rtc / "since_epoch").write_text("")
    assert HostTime(tmp_path).look().rtc is None


@pytest.mark.parametrize(
    ("state", "found"),
    [(0, TimeEvidence(True, 0.0)), (UNSYNCHRONISED, TimeEvidence(True, None)), (-1, TimeEvidence(False, None))],
    ids=["synchronised", "not synchronised", "must not be asked"],
)
def test_of_chrony_the_kernel_knows(tmp_path: Path, state: int, found: TimeEvidence) -> None:
    assert HostTime(tmp_path, lambda: state).look() == TimeEvidence(), "without chrony it is not asked"
    (tmp_path / "run/chrony").mkdir(parents=True)
    assert HostTime(tmp_path, lambda: state).look() == found


def test_the_kernel_answers_and_nothing_is_set() -> None:
    assert -1 <= ask_kernel() <= UNSYNCHRONISED


def test_this_host_has_a_boot() -> None:
    assert len(HostTime().boot_id()) == 36
