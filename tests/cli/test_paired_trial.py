"""`enalysis-edge ab`: a comparison is asked for, looked at and ended, with one sentence each."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.__main__ import main
from agent.adapters.host.inbox import clear, inbox_of, look
from agent.cli.paired_trial import NotCompared, start, status, stop
from agent.domain.commands import ComparePolicies
from agent.domain.documents import PAIRED_TRIAL
from agent.domain.paired_trial import Arm, Schedule
from agent.domain.records import Batch
from agent.domain.wire import to_json
from agent.settings.load import load
from agent.settings.schema import Settings
from tests import site_files
from tests.adapters.store.store_rows import new_store

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)  # 13:00 in London
DAY = timedelta(days=1)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    found = load(site_files.write_home(tmp_path, inverter_port=1, meter_port=2))
    asyncio.run(written(found, Batch()))
    return found


async def written(settings: Settings, batch: Batch) -> None:
    store = new_store(Path(settings.store.path))
    await store.open()
    await store.write(batch)
    await store.close()


def taken_up(settings: Settings) -> Schedule:
    """What the daemon does with the request."""

    inbox = inbox_of(Path(settings.store.path))
    found = look(inbox)
    schedule = [one.command.schedule for one in found.requests if isinstance(one.command, ComparePolicies)][-1]
    asyncio.run(written(settings, Batch(kept=((PAIRED_TRIAL.name, to_json(schedule)),))))
    clear(inbox, found.names)
    return schedule


def test_from_the_next_midnight_on_to_the_end(settings: Settings) -> None:
    assert status(settings, NOW) == "no comparison is set on this site; the optimiser decides"
    assert start(settings, 12, 24, NOW, seed=3) == (
        "from 2026-06-02 00:00 to 2026-06-14 00:00 optimiser and rule take turns in blocks of 24 h; "
        "`enalysis-edge report --ab` says what they were worth"
    )
    assert "The running agent has not taken this up yet." in status(settings, NOW)
    drawn = taken_up(settings)
    assert (drawn.start, len(drawn.arms)) == (datetime(2026, 6, 1, 23, tzinfo=UTC), 12)
    assert drawn.arms.count(Arm.RULE) == 6
    span = "2026-06-02 00:00 to 2026-06-14 00:00, blocks of 24 h"
    assert status(settings, NOW) == f"a comparison is set ({span}); until then the optimiser decides."
    for block, arm in enumerate(drawn.arms):
        said = status(settings, drawn.start + DAY * block + DAY / 2)
        assert f"block {block + 1} of 12, the {arm.value} decides until 2026-06-{3 + block:02} 00:00." in said
    assert status(settings, drawn.end) == f"the comparison is over ({span}); the optimiser decides"
    with pytest.raises(NotCompared, match=r"a comparison is set until 2026-06-14 00:00: stop it first"):
        start(settings, 12, 24, NOW)
    assert start(settings, 12, 24, drawn.end).startswith("from 2026-06-15 00:00")


def test_two_that_were_asked_for_differ(settings: Settings) -> None:
    drawn = set()
    for _ in range(3):
        start(settings, 112, 6, NOW)
        drawn.add(taken_up(settings))
        stop(settings, NOW)
        taken_up(settings)
    assert len(drawn) == 3


def test_stopped_it_keeps_the_blocks_that_are_over(settings: Settings) -> None:
    with pytest.raises(NotCompared, match="no comparison is set"):
        stop(settings, NOW)
    start(settings, 12, 24, NOW, seed=3)
    drawn = taken_up(settings)
    now = drawn.start + 2.5 * DAY
    assert stop(settings, now) == "the comparison ends after 2 of 12 blocks; the optimiser decides again"
    ended = taken_up(settings)
    assert ended == Schedule(drawn.start, 24, drawn.arms[:2])
    assert ended.which(now) is None
    with pytest.raises(NotCompared, match="no comparison is set"):
        stop(settings, now)


def test_stopped_before_it_began_nothing_is_left(settings: Settings) -> None:
    start(settings, 12, 24, NOW, seed=3)
    assert stop(settings, NOW).startswith("the comparison ends after 0 of 12 blocks")
    assert taken_up(settings).arms == ()
    assert status(settings, NOW) == "no comparison is set on this site; the optimiser decides"


@pytest.mark.parametrize(
    ("days", "sentence"),
    [
        (7, "--days 7 is not an even number from 2 to 112: days are compared in pairs"),
        (0, "--days 0 is not an even number from 2 to 112"),
        (114, "--days 114 is not an even number from 2 to 112"),
        (8, "--days 8 gives 4 pairs of blocks, and 5 are needed to say anything"),
    ],
)
def test_what_would_say_nothing_is_refused(settings: Settings, days: int, sentence: str) -> None:
    with pytest.raises(NotCompared) as refused:
        start(settings, days, 24, NOW)
    assert str(refused.value).startswith(sentence)


def test_the_command_line(settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = ["--config", str(tmp_path / "site.toml")]
    assert main(["ab", "status", *config]) == 0
    assert capsys.readouterr().out == "no comparison is set on this site; the optimiser decides\n"
    assert main(["ab", "start", *config, "--days", "14", "--blocks-h", "12"]) == 0
    assert "blocks of 12 h" in capsys.readouterr().out
    assert main(["ab", "start", *config]) == 1
    assert capsys.readouterr().err.startswith("a comparison is set until ")
    assert main(["ab", "stop", *config]) == 0
    assert main(["ab", "stop", *config]) == 1
    assert capsys.readouterr().err == "no comparison is set on this site\n"


def test_without_a_store_there_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = site_files.write_home(tmp_path, inverter_port=1, meter_port=2)
    assert main(["ab", "start", "--config", str(config)]) == 1
    assert capsys.readouterr().err == f"there is no store at {tmp_path / 'site.sqlite3'}\n"
