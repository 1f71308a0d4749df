"""However commissioning ends, the battery follows its own rule afterwards, at the latest with the next run."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commissioning.procedure import Play, codes, must_be_free, played


def at_the_word(play: Play, word: str, act: Callable[[], None]) -> Callable[[str], None]:
    """Says a line, and acts at the first one with ``word`` in it."""
    done: list[str] = []

    def say(line: str) -> None:
        play.said.append(line)
        if word in line and not done:
            done.append(line)
            act()

    return say


@pytest.mark.parametrize("word", ["looking", "charge with", "rest at", "discharge with", "silence"])
async def test_ctrl_c_at_any_time_leaves_the_battery_free(tmp_path: Path, word: str) -> None:
    async with played(tmp_path) as play:
        session = play.session()
        session.say = at_the_word(play, word, session.stop.stop)
        report = await session.run()
        assert not report.passed
        assert "stopped" in report.ended
        await must_be_free(play)


async def test_a_terminal_that_has_gone_ends_it(tmp_path: Path) -> None:
    def gone() -> None:
        raise BrokenPipeError("nobody reads")

    async with played(tmp_path) as play:
        session = play.session()
        session.say = at_the_word(play, "rest at", gone)
        report = await session.run()
        assert not report.passed
        assert play.was_moved
        await must_be_free(play)


async def test_a_defect_of_ours_lets_the_battery_go_too(tmp_path: Path) -> None:
    def broken() -> None:
        raise ZeroDivisionError

    async with played(tmp_path) as play:
        session = play.session()
        session.say = at_the_word(play, "rest at", broken)
        with pytest.raises(ZeroDivisionError):
            await session.run()
        assert play.was_moved
        await must_be_free(play)


async def test_an_inverter_that_stays_away_is_given_back_by_the_next_run(tmp_path: Path) -> None:
    async with played(tmp_path, "sungrow") as play:
        play.fault("no_answer", "inverter", after_s=60.0, for_s=300.0)
        report = await play.run()
        assert {"aborted", "not_released"} <= codes(report), report.findings
        assert not play.is_free, "a Sungrow keeps its order"
        await play.clock.sleep(400.0)
        report = await play.run()
        assert report.passed, report.findings
        assert any("could not give the battery back" in line and "it is now" in line for line in play.said)
        await must_be_free(play)
