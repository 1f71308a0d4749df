"""Twenty light sites through everything that a broker and a platform can do to them; what cannot be played is said."""

import resource
import subprocess
import sys

import pytest

from demo.fleet import asked
from demo.fleet.asked import A_PROCESS, FILES_A_SITE, MOST_SITES, NotPossible, read
from demo.fleet.conductor import Outcome
from demo.fleet.fast_clock import FastClock, midnight
from demo.fleet.light_store import LightStore
from demo.fleet.platform_process import CountedStream, compare
from demo.fleet.site_day import COLUMNS, POINTS, play_day
from simulator.broker import find_mosquitto

needs_mosquitto = pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed on this machine")
QUICK = ("--speed", "30", "--steady", "1", "--away", "3", "--down", "1")


def play(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "simulator", "fleet", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=240)


@pytest.mark.broker
@needs_mosquitto
def test_twenty_sites_lose_nothing_and_nothing_comes_twice() -> None:
    played = play("--sites", "20", *QUICK)
    assert played.returncode == 0, played.stderr
    said = " ".join(played.stdout.split())
    assert "20 sites in" in said
    assert " rows: 0 lost, 0 twice or never made;" in said
    assert int(said.partition(" rows: 0 lost")[0].split()[-1]) > 20 * 60, "the hour's minutes at least"
    for topic in ("up/data/minute", "up/data/decision", "down/ack"):
        assert topic in said


@needs_mosquitto
@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--sites", "0"), "--sites 0: a fleet has 1 to 5000 sites"),
        (("--sites", "5001"), "--sites 5001: a fleet has 1 to 5000 sites"),
        (("--speed", "0"), "--speed, --steady, --away and --down are above 0"),
        (("--away", "nan"), "--speed, --steady, --away and --down are above 0"),
    ],
)
def test_what_is_no_fleet_is_refused_with_a_sentence(words: tuple[str, ...], why: str) -> None:
    with pytest.raises(NotPossible, match=why):
        read(words)


def test_without_mosquitto_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked, "find_mosquitto", lambda: None)
    with pytest.raises(NotPossible, match="mosquitto is not installed on this machine"):
        read(())


def test_a_refusal_is_one_line_and_no_trace() -> None:
    refused = play("--sites", "0")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == f"fleet: --sites 0: a fleet has 1 to {MOST_SITES} sites\n"


@needs_mosquitto
def test_a_machine_that_allows_too_few_files_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda which: (256, 1024))
    raised: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "setrlimit", lambda which, limits: raised.append(limits))
    assert read(("--sites", "500")).sites == 500
    assert raised
    assert 600 <= raised[0][0] <= raised[0][1] == 1024
    with pytest.raises(
        NotPossible, match="1000 sites need 1100 open files in one process and this machine allows 1024"
    ):
        read(("--sites", "1000"))


@needs_mosquitto
def test_no_process_has_more_sites_than_select_can_wait_for() -> None:
    for sites in (1, 250, 1000, 5000):
        processes = read(("--sites", str(sites))).processes
        assert 1 <= processes <= sites
        assert -(-sites // processes) <= A_PROCESS
    assert FILES_A_SITE * A_PROCESS < 1024 - 100


async def test_a_light_site_makes_its_rows_from_the_time_and_numbers_them_for_ever() -> None:
    clock, day = FastClock(midnight(), 100_000.0), play_day(midnight(), 3)
    store = LightStore(clock, day, 17)
    while store.last("minute") < 40:
        await clock.sleep(0.001)
    clock.made_until = clock.now()
    rows = await store.pending("minute", 10, 20)
    assert [row.seq for row in rows] == list(range(11, 31))
    assert {len(row.values) for row in rows} == {len(COLUMNS)}
    assert {len(row.points) for row in rows} == {len(POINTS)}
    assert rows == await store.pending("minute", 10, 20), "the same row again"
    last = store.last("minute")
    assert await store.pending("minute", last - 1, 500) == [*await store.pending("minute", last - 1, 1)]
    assert await store.pending("minute", last, 500) == []


def test_the_count_sees_what_lacks_and_what_nobody_made() -> None:
    stream = CountedStream()
    batch = {"stream": "minute", "columns": ["seq"], "points": [], "prev": 0, "seq_from": 1, "seq_to": 3}
    stream.take(batch | {"rows": [[1], [2], [3]]})
    stream.take(batch | {"rows": [[1], [2], [3]]})
    assert (sorted(stream.rows), stream.duplicates, stream.contiguous) == ([1, 2, 3], 3, 3)
    here = {("site-1", "minute"): stream}
    assert compare(here, {"site-1": {"minute": 3, "event": 0}}) == {"made": 3, "lost": 0, "strange": 0}
    assert compare(here, {"site-1": {"minute": 2}, "site-2": {"event": 2}}) == {"made": 4, "lost": 2, "strange": 1}
    good = Outcome(totals={"lost": 0, "strange": 0}, back_s=[3.0, 120.0])
    assert good.good
    assert not Outcome(totals={"lost": 1, "strange": 0}, back_s=[3.0]).good
    assert not Outcome(totals={"lost": 0, "strange": 1}, back_s=[3.0]).good
    assert not Outcome(totals={"lost": 0, "strange": 0}, back_s=[3.0, 120.1]).good
