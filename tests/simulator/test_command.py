"""``python -m simulator`` as a process: it says where it is, tells what happens, and ends cleanly."""

import asyncio
import re
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sunspec2.modbus.client import SunSpecModbusClientDeviceTCP

from drivers.device import Span
from drivers.endpoint import SerialEndpoint
from drivers.modbus import Bus
from simulator.__main__ import fast_clock, main, status, weeks_between
from simulator.columns import MeasuredColumn
from simulator.traces import Trace
from tests.simulator.sites import BEGINNING, Clock, flat_plant

ROOT = Path(__file__).parents[2]
FREE_PORTS = ("--inverter-port", "0", "--meter-port", "0", "--sdm-port", "0")


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "simulator", *arguments]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def read_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def ask_for_marker(port: int) -> bytes:
    request = struct.pack(">HHHBBHH", 1, 0, 6, 1, 3, 40000, 2)
    with socket.create_connection(("127.0.0.1", port), timeout=10.0) as link:
        link.sendall(request)
        return link.recv(64)[-4:]


def test_its_chain_takes_a_setpoint_in_percent_and_wants_a_heartbeat() -> None:
    with running(*FREE_PORTS, "--setpoint", "percent", "--heartbeat", "715") as process:
        port = int(read_line(process).split("127.0.0.1:")[1].split(",")[0])
        device = SunSpecModbusClientDeviceTCP(1, "127.0.0.1", port, timeout=10.0)
        device.scan()
        control = device.models[704][0].points
        heartbeat = device.models[715][0].points["ControllerHb"].value
        device.close()
    assert (control["WSet"].cvalue, control["WSetPct"].cvalue, control["WSetMod"].value, heartbeat) == (None, 0, 0, 0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_and_tells_and_ends_cleanly(number: signal.Signals) -> None:
    with running(*FREE_PORTS, "--print-every", "0.05", "--profile", "gen24", "--seed", "3") as process:
        first = read_line(process)
        assert first.startswith("inverter (gen24) 127.0.0.1:")
        port = int(first.split("127.0.0.1:")[1].split(",")[0])
        assert ask_for_marker(port) == b"SunS"
        line = read_line(process)
        assert "load " in line
        assert line.endswith("self-consumption")
        process.send_signal(number)
        assert process.wait(timeout=20.0) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_a_serial_line_of_its_own() -> None:
    with running(*FREE_PORTS, "--serial", "pty", "--print-every", "60") as process:
        first = read_line(process)
        found = re.fullmatch(r".*; serial line (/dev/\S+), unit ids: inverter 1, meter 2, sdm630 3", first)
        assert found is not None, first
        assert asyncio.run(read_marker(found[1])) == [0x5375, 0x6E53]


async def read_marker(path: str) -> list[int]:
    transport = Bus(SerialEndpoint(path), timeout_s=10.0).transport(2)
    try:
        return await transport.read(Span("holding", 40000, 2))
    finally:
        await transport.close()


def test_another_meter_is_chosen_by_name() -> None:
    with running(*FREE_PORTS, "--meter", "abb_b23") as process:
        assert ", meter (abb_b23) 127.0.0.1:" in read_line(process)


def test_a_port_in_use_is_one_sentence_and_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert main([*FREE_PORTS[:4], "--sdm-port", port]) == 2
    assert capsys.readouterr().err == f"simulator: cannot listen on 127.0.0.1:{port}: Address already in use\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--site", "absent.csv"], "simulator: absent.csv: cannot be read: "),
        (["--start", "noon"], "simulator: --start noon: not an ISO 8601 time stamp"),
        (["--start", "2026-06-01T00:00:00"], "simulator: --start 2026-06-01T00:00:00: the stamp has no UTC offset"),
        (["--faults", "absent.txt"], "simulator: absent.txt: cannot be read: "),
        (["--serial", "absent"], "simulator: cannot open absent: it is no serial port, in use or not allowed"),
        (["--soc", "130"], "simulator: the battery cannot start at 130.0 %"),
    ],
)
def test_wrong_arguments_are_one_sentence_and_exit_2(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*FREE_PORTS, *arguments]) == 2
    complaint = capsys.readouterr().err
    assert complaint.startswith(sentence)
    assert complaint.count("\n") == 1


def test_the_end_of_the_trace_is_one_sentence_and_exit_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site = tmp_path / "site.csv"
    site.write_text("timestamp,load_kw\n2026-06-01T00:00:00Z,1.5\n2026-06-01T01:00:00Z,2.5\n")
    options = ["--site", str(site), "--start", "2026-06-01T00:00:00Z", "--speed", "36000", "--print-every", "0.05"]
    assert main([*FREE_PORTS, *options]) == 2
    shown = capsys.readouterr()
    assert "self-consumption" in shown.out
    assert "the trace covers 2026-06-01T00:00Z to 2026-06-01T02:00Z" in shown.err


def test_the_status_line() -> None:
    clock = Clock()
    plant = flat_plant(clock)
    plant.order(1500.0, 1500.0, 60.0)
    clock.move(17.0)
    plant.bring_to_now()
    assert status(plant) == (
        "2026-06-01 12:00:17Z  load 1000 W  pv 3000 W  battery +1500 W  grid -3500 W  SoC 49.9 %  "
        "setpoint 1500 W, 43 s left"
    )


@pytest.mark.parametrize("years", [-3, 0, 1, 9])
@pytest.mark.parametrize("days", [7, 30, 184, 365, 900])
def test_a_trace_is_moved_by_whole_weeks_to_hold_now(days: int, years: int) -> None:
    trace = Trace({"load_w": MeasuredColumn(int(BEGINNING.timestamp()), 3600, [1.0] * (24 * days))})
    for shift in range(0, 365, 13):
        now = datetime(2026 + years, 1, 1, 7, 11, tzinfo=UTC) + timedelta(days=shift)
        by = weeks_between(trace, now)
        assert by % timedelta(weeks=1) == timedelta(0)
        assert trace.moved(by).start <= now < trace.moved(by).end
        if days >= 900:
            season = abs((by + timedelta(days=182)) % timedelta(days=364) - timedelta(days=182))
            assert season <= timedelta(weeks=1)


def test_a_trace_shorter_than_a_week_needs_a_start() -> None:
    trace = Trace({"load_w": MeasuredColumn(int(BEGINNING.timestamp()), 3600, [1.0] * 100)})
    with pytest.raises(ValueError, match="shorter than a week"):
        weeks_between(trace, BEGINNING)


def test_a_fast_clock_begins_where_it_is_told_and_never_goes_back() -> None:
    clock = fast_clock(BEGINNING, 1000.0)
    seen = [clock() for _ in range(50)]
    assert seen == sorted(seen)
    assert seen[0] >= BEGINNING
