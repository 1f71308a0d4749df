"""The trial as a process: sentences or one failure, one process at a time, and nothing left behind."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from agent.adapters.processes.child_process import NICENESS
from agent.adapters.processes.planner_process import PlannerProcess
from agent.adapters.processes.trial_process import LONGEST_SENTENCE, TrialProcess
from agent.domain.model_comparison import Report
from agent.domain.sentence import coded
from agent.domain.sentences.model_faults import model_no_folder
from agent.domain.sentences.model_trials import candidate_refused
from agent.domain.wire import to_json
from agent.ports import PlannerFailure, TrialFailure
from tests.adapters.processes.test_planner_process import STUBBORN, is_gone, script
from tests.planning.days import request

ASKED = request(steps=8)


def trial(text: str, turn: asyncio.Lock | None = None) -> TrialProcess:
    return TrialProcess(400, 20.0, script(text), turn)


async def test_it_reports_what_was_decided_and_leaves_the_processor_to_others() -> None:
    text = "import json; sys.stdin.read(); answer.write(json.dumps({'sentences': [str(os.nice(0)), 'x' * 9999]}))"
    niceness, long = await trial(text).hold(ASKED)
    assert int(niceness) >= NICENESS
    assert len(long) == LONGEST_SENTENCE


async def test_what_was_decided_comes_with_its_code() -> None:
    sentence = candidate_refused(model="own", cause=model_no_folder())
    (told,) = await trial(f"sys.stdin.read(); answer.write({to_json(Report((sentence,)))!r})").hold(ASKED)
    assert (told, coded(told)) == (sentence, coded(sentence))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("answer.write('hello')", "the trial's answer is no report: Report: not JSON: "),
        ("answer.write('{\"sentences\": [1]}')", "the trial's answer is no report: Report.sentences[0]: "),
        ("print('a banner')", "the trial ended without an answer"),
        ("import sys; sys.exit('there is no store')", "there is no store"),
        ("import sys; sys.exit(3)", "the trial ended with code 3"),
    ],
)
async def test_a_failure_is_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(TrialFailure) as failure:
        await trial(text).hold(ASKED)
    assert str(failure.value).startswith(sentence)
    assert "\n" not in str(failure.value)


async def test_the_trial_of_the_agent_answers(tmp_path: Path) -> None:
    absent = request(steps=8, store=str(tmp_path / "absent.sqlite3"))
    with pytest.raises(TrialFailure, match="there is no store at"):
        await TrialProcess(400, 60.0).hold(absent)


async def test_when_the_agent_stops_it_is_killed(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    holding = asyncio.create_task(trial(STUBBORN.format(path=str(pid_file), speak="pass")).hold(ASKED))
    async with asyncio.timeout(60.0):
        while not (pid_file.exists() and pid_file.read_text()):
            await asyncio.sleep(0.02)
    holding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await holding
    assert is_gone(int(pid_file.read_text()))


async def test_planner_and_trial_take_turns(tmp_path: Path) -> None:
    """Each says whether the other is at work while it is; their memory would add up."""
    turn, busy = asyncio.Lock(), tmp_path / "busy"
    text = f"""
import os, sys, time
sys.stdin.read()
try:
    os.mkdir({str(busy)!r})
except FileExistsError:
    sys.exit("there are two")
time.sleep(0.3)
os.rmdir({str(busy)!r})
sys.exit("alone")
"""
    planner = PlannerProcess(20.0, 400, (sys.executable, "-c", text), turn)
    found = await asyncio.gather(trial(text, turn).hold(ASKED), planner.plan(ASKED), return_exceptions=True)
    assert [(type(one), str(one)) for one in found] == [(TrialFailure, "alone"), (PlannerFailure, "alone")]
    assert not os.path.exists(busy)
