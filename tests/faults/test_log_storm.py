"""A storm does not reach the log: not by lines a second, not by bytes a day."""

import contextlib
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import structlog

from agent.adapters.host.log_limit import LogLimit
from tests.app.processes import daemon, quick_site, until
from tests.faults.catalogue import fault
from tests.site_files import free_ports

DAY_S = 86400.0
LINES_PER_S, BYTES_A_DAY = 10, 5_000_000


class Named:
    def __init__(self, name: str) -> None:
        self.name = name


class Log:
    """Lines through the limit, on seconds of the test's own."""

    def __init__(self) -> None:
        self.now = 0.0
        self.limit = LogLimit(lambda: self.now, structlog.DropEvent)
        self.lines: list[tuple[float, str]] = []

    def say(self, name: str, event: str, text: str) -> None:
        words: dict[str, object] = {"event": event, "text": text}
        with contextlib.suppress(structlog.DropEvent):
            words = dict(self.limit.count(Named(name), "warning", words))
            line = " ".join(f"{key}={value}" for key, value in words.items())
            self.lines.append((self.now, self.limit.weigh(Named(name), "warning", line)))

    def size(self) -> int:
        return sum(len(line) + 1 for _, line in self.lines)


@fault(62, injected="a day of squalls from 8 sources, 33 MB of lines, and a word now and then of a ninth")
def test_a_day_of_storm_is_at_most_ten_lines_a_second_and_five_megabytes() -> None:
    log = Log()
    for step in range(int(DAY_S)):
        log.now = step
        for turn in range(6 if step % 60 < 5 else 0):  # in squalls, so that what was saved up is used as well
            log.now = step + turn / 6
            for source in range(8):
                log.say(f"device_{source}", "failed", "x" * 80)
        if step % 600 == 0:
            log.say("control", "released", "the battery is left to its own device")
    assert log.size() <= BYTES_A_DAY
    assert log.size() > BYTES_A_DAY / 2
    assert sum("event=released" in line for _, line in log.lines) == 144, "a quiet source is heard through the storm"


def test_no_second_has_more_than_ten_lines_of_a_source_and_what_is_left_out_is_counted() -> None:
    log = Log()
    for turn in range(3000):
        log.now = turn / 100
        log.say("device", "failed", "no answer")
    log.now = 100.0
    log.say("device", "failed", "no answer")
    times = [at for at, _ in log.lines]
    assert max(sum(start <= at < start + 1.0 for at in times) for start in times) <= LINES_PER_S
    told = sum(int(found.group(1)) for _, line in log.lines if (found := re.search(r"left_out=(\d+)", line)))
    assert told + len(log.lines) == 3001


@contextmanager
def failing_device(port: int) -> Iterator[None]:
    """Takes a connection and ends it at once, again and again."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", port)) as server:
        server.settimeout(0.1)

        def fail() -> None:
            while not over.is_set():
                with contextlib.suppress(OSError):
                    server.accept()[0].close()

        thread = threading.Thread(target=fail)
        thread.start()
        yield
        over.set()
        thread.join()


@fault(62, injected="the real daemon with devices that end every connection, five steps a second, everything logged")
def test_a_failing_device_is_no_storm(tmp_path: Path) -> None:
    ports = free_ports(2)
    with failing_device(ports[0]), failing_device(ports[1]):
        config = quick_site(tmp_path, *ports, step_s=0.2, stale_s=2, log_level="debug")
        with daemon(config) as running:
            until(lambda: "timestamp=" in running.said(), "a first line")
            time.sleep(5.0)
            assert running.process.poll() is None
            running.stop()
    lines = [line for line in running.said().splitlines() if line.startswith("timestamp=")]
    assert lines
    assert len(lines) == len(running.said().splitlines()), "nothing reaches the log past the limit"
    per_source: Counter[tuple[str, int]] = Counter()
    for line in lines:
        words = dict(word.split("=", 1) for word in line.split() if "=" in word)
        at = datetime.fromisoformat(words["timestamp"])
        per_source[(words["event"], int(at.timestamp()))] += 1
    assert max(per_source.values()) <= LINES_PER_S
    assert len(running.said()) / 5.0 * DAY_S / 10 <= BYTES_A_DAY, "the start is the loudest"
