"""A wall clock that is wrong, and a process that is held up: the real daemon against a served site."""

import asyncio
import os
import signal
import socket
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from tests.app.processes import Daemon, daemon, enalysis_edge, quick_site
from tests.faults.catalogue import Outcome, fault
from tests.faults.faked_time import FakedTime
from tests.faults.served_site import ServedSite, served_site, until

POLLS = 20  # requests of three control steps or more
DAY_S = 86400.0


def rows(config: Path, select: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"file:{config.with_name('site.sqlite3')}?mode=ro", uri=True)) as connection:
        return connection.execute(select).fetchall()


def events(config: Path, kind: str) -> list[str]:
    return [str(text) for (text,) in rows(config, f"SELECT text FROM event WHERE kind = '{kind}' ORDER BY seq")]  # noqa: S608


def anonymous_kb(running: Daemon) -> int:
    """What the process holds for itself, kB."""
    for line in Path(f"/proc/{running.process.pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1])
    raise AssertionError("the kernel does not say how much memory the process holds")


async def goes_on(site: ServedSite, after: str) -> None:
    """Control polls on, a few steps long; a timer on the wall clock would stand still, or not return."""
    before = len(site.asked_at)
    await until(lambda: len(site.asked_at) >= before + POLLS, f"further polls after {after}", 10.0)


@fault(
    19,
    injected="the wall clock of the real daemon jumps by -20 s, -1 h and +30 days",
    rows_lost=0,
    alarm="clock_stepped",
)
async def test_the_daemon_controls_on_while_its_wall_clock_jumps(tmp_path: Path, outcome: Outcome) -> None:
    faked = FakedTime(tmp_path)
    async with served_site() as site:
        config = quick_site(tmp_path, site.inverter_port, site.meter_port)
        with daemon(config, environment=faked.environment) as running:
            await until(lambda: site.is_steered, "a setpoint")
            await asyncio.sleep(1.0)
            before_kb = anonymous_kb(running)
            for ahead_s in (-20.0, -3600.0, 30 * DAY_S, 0.0):
                faked.set(ahead_s)
                await goes_on(site, f"the clock was set {ahead_s:g} s ahead of the true time")
                assert site.is_steered
            assert anonymous_kb(running) - before_kb < 8_000
            await until(lambda: len(events(config, "clock_stepped")) == 4, "what was told of the steps")
            told = events(config, "clock_stepped")
            assert running.stop() == 0
        assert "job_failed" not in running.said()
    outcome.raised("clock_stepped")
    assert [
        "20 s back" in told[0],
        "3580 s back" in told[1],
        "30.0 days ahead" in told[2],
        "30.0 days back" in told[3],
    ] == [True] * 4
    trusted = rows(config, "SELECT at FROM minute WHERE time_trusted ORDER BY seq")
    outcome.lost(len(trusted) - len(set(trusted)))
    assert all(order.ending != "lapsed" for order in site.plant.orders)


@fault(18, injected="the real daemon starts in 1970", neutral_s=10, rows_lost=0, alarm="clock_untrusted")
async def test_the_daemon_starts_in_1970_and_finds_the_time(tmp_path: Path, outcome: Outcome) -> None:
    began = time.monotonic()
    faked = FakedTime(tmp_path, 60.0 - time.time())
    async with served_site() as site:
        config = quick_site(tmp_path, site.inverter_port, site.meter_port)
        with daemon(config, environment=faked.environment) as running:
            await until(lambda: site.is_steered, "a setpoint of our own rule")
            outcome.neutral_after(time.monotonic() - began)
            await goes_on(site, "a start in 1970")
            await until(lambda: len(rows(config, "SELECT 1 FROM decision")) > 1, "the decisions in the store")
            assert {rung for (rung,) in rows(config, "SELECT rung FROM decision")} == {"release", "rules"}
            outcome.raised(rows(config, "SELECT kind FROM event WHERE severity = 'alarm'")[0][0])
            faked.set(0.0)
            await goes_on(site, "the time was found")
            await until(lambda: bool(events(config, "clock_stepped")), "the word of the step")
            assert running.stop() == 0
    now_s = datetime.now(UTC).timestamp()
    dated = [at for (at,) in rows(config, "SELECT at FROM minute UNION ALL SELECT at FROM decision")]
    outcome.lost(sum(at < now_s - 120.0 for at in dated))
    assert rows(config, "SELECT count(*) FROM minute WHERE NOT time_trusted") == [(0,)]


@fault(16, injected="SIGSTOP of the real daemon for longer than its setpoint holds", neutral_s=15, rows_lost=0)
async def test_a_daemon_that_was_stopped_looks_before_it_writes_again(tmp_path: Path, outcome: Outcome) -> None:
    async with served_site() as site:
        config = quick_site(tmp_path, site.inverter_port, site.meter_port)
        with daemon(config) as running:
            await until(lambda: site.is_steered, "a setpoint")
            stopped_at = time.monotonic()
            running.process.send_signal(signal.SIGSTOP)
            await asyncio.sleep(0.2)
            written, asked = len(site.plant.orders), len(site.asked_at)

            def is_released() -> bool:
                site.plant.bring_to_now()
                return not site.is_steered

            await until(is_released, "the end of the setpoint's lease", 15.0)
            outcome.neutral_after(time.monotonic() - stopped_at)
            await asyncio.sleep(0.5)
            assert len(site.plant.orders) == written
            running.process.send_signal(signal.SIGCONT)
            await until(lambda: site.is_steered, "a setpoint after the wake")
            assert len(site.asked_at) > asked + 1, "it reads before it writes"
            woken = time.monotonic()
            await asyncio.sleep(2.0)
            assert len(site.plant.orders) - written <= 1 + (time.monotonic() - woken) / 1.4, "no burst of old writes"
            await goes_on(site, "the wake")
            assert running.stop() == 0
    kinds = {kind for (kind,) in rows(config, "SELECT kind FROM event")}
    outcome.lost(0 if kinds >= {"started", "stopped"} else 1)


# The daemon with two ways to hang it: on SIGUSR1 its loop is blocked, on SIGUSR2 control waits for ever.
HANGING = """
import asyncio, signal, sys, time
from agent.cycles.control import Control

hung = False
step = Control.step

def hang(*_):
    global hung
    hung = True

async def hanging(self):
    if hung:
        await asyncio.Event().wait()
    await step(self)

Control.step = hanging
signal.signal(signal.SIGUSR1, lambda *_: time.sleep(3600.0))
signal.signal(signal.SIGUSR2, hang)
from agent.__main__ import main
sys.exit(main(sys.argv[1:]))
"""
WATCHDOG_S = 2.0


async def killed_like_systemd(heard: socket.socket, running: Daemon, config: Path) -> None:
    """Wait until the watchdog was not fed for its time; then SIGABRT, and what the unit has as ExecStopPost."""
    fed = time.monotonic()
    while time.monotonic() - fed < WATCHDOG_S:
        await asyncio.sleep(0.05)
        try:
            while b"WATCHDOG=1" in heard.recv(4096):
                fed = time.monotonic()
        except BlockingIOError:
            continue
    running.process.send_signal(signal.SIGABRT)
    running.process.wait()
    released = await asyncio.to_thread(enalysis_edge, "release", "--config", config)
    assert released.returncode == 0, released.stderr


async def neutral_after_s(tmp_path: Path, sign: signal.Signals) -> float:
    """Seconds from ``sign`` until the battery was given back, by the release and not by the end of the lease."""
    async with served_site() as site:
        config = quick_site(tmp_path, site.inverter_port, site.meter_port, hold_s=60)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
            heard.bind(str(tmp_path / "notify"))
            heard.setblocking(False)
            environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": f"{WATCHDOG_S * 1e6:.0f}"}
            with daemon(config, environment=environment, command=("-c", HANGING)) as running:
                await until(lambda: site.is_steered, "a setpoint")
                await asyncio.sleep(1.0)
                hung_at = time.monotonic()
                os.kill(running.process.pid, sign)
                async with asyncio.timeout(20.0):
                    await killed_like_systemd(heard, running, config)
                assert not site.is_steered
                assert site.plant.orders[-1].ending == "released"
                return time.monotonic() - hung_at


@fault(2, injected="the loop of the real daemon is blocked in a call", neutral_s=60)
async def test_a_blocked_loop_feeds_no_watchdog(tmp_path: Path, outcome: Outcome) -> None:
    outcome.neutral_after(await neutral_after_s(tmp_path, signal.SIGUSR1))


@fault(2, injected="control of the real daemon hangs while its loop lives", neutral_s=60)
async def test_control_that_hangs_is_not_covered_up_by_a_loop_that_lives(tmp_path: Path, outcome: Outcome) -> None:
    outcome.neutral_after(await neutral_after_s(tmp_path, signal.SIGUSR2))
