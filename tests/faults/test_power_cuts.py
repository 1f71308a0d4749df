"""Power cuts at every kind of write: nothing that was said to last is lost, and nothing half-written is believed."""

import asyncio
import os
import random
import shutil
import sqlite3
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest

from agent.adapters.host.inbox import inbox_of, look
from agent.adapters.models.model_archive import fingerprint, fingerprint_of, folder_of
from agent.adapters.models.registry_file import read_registry
from agent.domain.commands import AnswerAdvice
from agent.domain.records import Batch
from tests.adapters.store.store_rows import NAMES, event, minute, new_store
from tests.adapters.store.test_store_migration import made_by
from tests.faults.catalogue import Outcome, fault
from tests.faults.lossy_disk import BEST, TORN, WORST, Disk
from tests.faults.power_cut_writer import COMMITS, model, opened
from tests.faults.traced_run import Player, calls, traced

ROOT = Path(__file__).parents[2]
CUTS = 240
ASKED = int(os.environ.get("POWER_CUTS", CUTS))  # `make power-cuts` asks for all there are
MEMORY = Path("/dev/shm")  # noqa: S108 - a disk in memory, in folders of our own
BEFORE = 40  # events in a prepared store
needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace, which records the run, is missing")


@dataclass(frozen=True, slots=True)
class Said:
    """What lasts, by the run's own word: the last line of each kind, by name."""

    rows: dict[str, int]
    champion: int
    asked: int
    took: bool

    @classmethod
    def of(cls, text: bytes) -> "Said":
        rows, last = {}, {"champion": -1, "asked": -1, "took": -1}
        for kind, *words in (line.split() for line in text.decode().splitlines()):
            if kind == "rows":
                rows[words[0]] = int(words[1])
            elif kind in last:
                last[kind] = int(words[0])
        return cls(rows, last["champion"], last["asked"], last["took"] >= 0)


async def _prepare(root: Path) -> None:
    for name in ("site", "old", "damaged", "newer"):
        root.joinpath(name).mkdir(parents=True)
    made_by(1, root / "old" / "site.db")
    for name in ("damaged", "newer"):
        store = new_store(root / name / "site.db")
        await store.open()
        rows = tuple(minute(i, 50) for i in range(BEFORE))
        await store.write(Batch(minutes=rows, events=tuple(event(i) for i in range(BEFORE)), catalogue=NAMES))
        if name == "newer":
            _leave_as_newer(root / name / "site.db")
        await store.close()
    for part in root.joinpath("newer").glob("left*"):
        part.replace(part.with_name(part.name.replace("left", "site")))
    damaged = root / "damaged" / "site.db"
    with closing(sqlite3.connect(damaged)) as connection:
        page = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'weather'").fetchone()[0]
    raw = bytearray(damaged.read_bytes())
    raw[(page - 1) * 1024 : page * 1024] = random.Random(1).randbytes(1024)
    damaged.write_bytes(raw)


def _leave_as_newer(path: Path) -> None:
    """A copy of a file in use: what a newer version that was killed leaves, its last commits in the log alone."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
        for part in ("", "-wal"):
            shutil.copy(f"{path}{part}", f"{path.with_name('left.db')}{part}")
            shutil.copy(f"{path}{part}", f"{path.with_name('as-it-was')}{part}")


async def _store_is_whole(folder: Path, name: str, said: Said) -> None:
    """It opens, its check passes, and every event that was committed is there, once and in order."""
    path = folder / name / "site.db"
    store = await opened(path.parent)
    await store.write(Batch(events=(event(999),)))
    await store.close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
        seqs = [row[0] for row in connection.execute("SELECT seq FROM event ORDER BY seq")]
        assert len(seqs) == len(set(seqs))
        noted = connection.execute("SELECT body FROM kept WHERE name = 'n'").fetchone()
    *written, last = _events(path)
    assert last == 999
    own = [number for number in written if number >= (100 if name != "site" else 0)]
    begin = 0 if name == "site" else 100
    assert own == list(range(begin, begin + len(own)))
    if name in said.rows:
        assert begin + len(own) > said.rows[name], "a commit was lost"
        assert noted is not None
        assert int(noted[0]) == own[-1], "half of a commit was believed"
    if name == "damaged":
        assert [number for number in written if number < 100] == list(range(BEFORE)), "what could be read was not kept"


def _newer_is_as_it_was(folder: Path, before: Path) -> None:
    (aside,) = (file for file in folder.glob("site.db.schema99-*Z"))
    for part in ("", "-wal"):
        assert aside.with_name(aside.name + part).read_bytes() == (before / f"as-it-was{part}").read_bytes()
    assert _events(aside) == list(range(BEFORE))


def _events(path: Path) -> list[int]:
    with closing(sqlite3.connect(path)) as connection:
        texts = [row[0] for row in connection.execute("SELECT text FROM event ORDER BY seq")]
    return [int(text.split()[1]) for text in texts if text.startswith("event ")]


def _models_are_whole(folder: Path, said: Said) -> None:
    models = folder / "site" / "models"
    registry, damage = read_registry(models)
    assert damage is None
    seat = registry.post("load_w").champion
    number = -1 if seat is None else int(seat.name[1:])
    assert number >= said.champion, "a promotion was lost"
    if seat is not None:
        assert seat.fingerprint == fingerprint(model(number))
        assert fingerprint_of(folder_of(models, seat.fingerprint, seat.name)) == seat.fingerprint


def _requests_are_whole(folder: Path, said: Said) -> None:
    taken = look(inbox_of(folder / "site" / "site.db"))
    assert taken.refused == ()
    keys = {request.command.key for request in taken.requests if isinstance(request.command, AnswerAdvice)}
    wanted = range(3 if said.took else 0, said.asked + 1)
    assert {f"k{number}" for number in wanted} <= keys, "a request was lost"


@needs_strace
@fault(5, injected=f"{CUTS} cuts of a recorded run, unsynced writes dropped, kept or torn by sector", rows_lost=0)
def test_nothing_that_was_committed_is_lost(tmp_path: Path, outcome: Outcome) -> None:
    asyncio.run(_prepare(tmp_path / "run"))
    disk, again = Disk(tmp_path / "run"), Disk(tmp_path / "run")
    command = [sys.executable, "-m", "tests.faults.power_cut_writer", str(tmp_path / "run")]
    trouble = traced(command, tmp_path / "log", ROOT)
    if "ptrace" in trouble.lower():
        pytest.skip("this machine does not let strace trace")
    assert trouble == ""
    every = list(calls(tmp_path / "log"))
    counting, chance, player = Player(again), Random(5), Player(disk)
    changing = [index for index, call in enumerate(every) if counting.play(call)]
    cuts = set(chance.sample(changing, min(ASKED, len(changing))))
    assert len(cuts) >= CUTS
    for index, call in enumerate(every):
        player.play(call)
        if index in cuts:
            for how in (TORN, chance.choice((WORST, BEST))):
                with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else tmp_path) as left:
                    _check(disk, Path(left), how, chance, Said.of(player.said), tmp_path / "run" / "newer")
    assert Said.of(player.said).rows["site"] == COMMITS - 1
    outcome.lost(0)


def _check(disk: Disk, folder: Path, how: str, chance: Random, said: Said, newer: Path) -> None:
    """Cut the power, and look at everything that is left. A disk in memory shows the same and takes less time."""
    disk.after_cut(folder, how, chance)
    for name in ("site", "old", "damaged", "newer"):
        asyncio.run(_store_is_whole(folder, name, said))
    _models_are_whole(folder, said)
    _newer_is_as_it_was(folder / "newer", newer)
    _requests_are_whole(folder, said)
