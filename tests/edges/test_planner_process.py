"""The planner as a process: whatever it does, there is a plan or one sentence, and nothing of it is left."""

import asyncio
import os
import resource
import sys
from pathlib import Path

import pytest

from agent.domain.plan import Plan
from agent.domain.wire import to_json
from agent.edges.planner_process import LARGEST_PLAN, PlannerProcess
from agent.planning.make_plan import make_plan
from agent.ports import PlannerFailure
from tests.planning.days import forecasts, request

ASKED = request(steps=8)


def good_plan() -> Plan:
    load, pv = forecasts(ASKED)
    return make_plan(ASKED, load, pv, None, None, 5.0)


def script(text: str) -> tuple[str, ...]:
    return (sys.executable, "-c", text)


async def answer_of(text: str, deadline_s: float = 20.0) -> Plan:
    return await PlannerProcess(deadline_s, 400, script(text)).plan(ASKED)


async def sentence_of(text: str, deadline_s: float = 20.0) -> str:
    with pytest.raises(PlannerFailure) as failure:
        await answer_of(text, deadline_s)
    return str(failure.value)


async def test_the_request_goes_in_and_the_plan_comes_out(tmp_path: Path) -> None:
    plan = good_plan()
    (tmp_path / "plan.json").write_text(to_json(plan))
    text = f"""
import os, sys
question = sys.stdin.buffer.read()
open({str(tmp_path / "question")!r}, "wb").write(question)
open({str(tmp_path / "how")!r}, "w").write(" ".join([*sys.argv[1:], os.environ["OMP_NUM_THREADS"]]))
sys.stdout.write(open({str(tmp_path / "plan.json")!r}).read())
"""
    assert await answer_of(text) == plan
    assert (tmp_path / "question").read_text() == to_json(ASKED)
    assert (tmp_path / "how").read_text() == "400 20.0 1"


async def test_the_planner_of_the_agent_answers_and_its_failure_is_its_own_sentence(tmp_path: Path) -> None:
    planner = PlannerProcess(30.0, 400)
    with pytest.raises(PlannerFailure, match="there is no store at"):
        await planner.plan(request(steps=8, store=str(tmp_path / "absent.sqlite3")))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("print('hello')", "the planner's answer is no plan: Plan: not JSON: "),
        ("print('{}')", "the planner's answer is no plan: Plan"),
        ("print('[' * 100000)", "the planner's answer is no plan: "),
        ("print('{\"issued_at\": 1}')", "the planner's answer is no plan: Plan.issued_at: "),
        ("import sys; sys.stdout.buffer.write(bytes(range(256)))", "the planner's answer is no plan: "),
        ("pass", "the planner's answer is no plan: Plan: not JSON: "),
        ("import sys; sys.exit(3)", "the planner ended with code 3"),
        ("import sys; print('first'); sys.exit('the model has\\nno memory left')", "no memory left"),
        ("raise ValueError('a defect')", "ValueError: a defect"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "the planner ended with code -11"),
    ],
)
async def test_a_bad_answer_is_one_sentence(text: str, sentence: str) -> None:
    said = await sentence_of(text)
    assert said.startswith(sentence)
    assert "\n" not in said
    assert len(said) < 400


async def test_an_answer_that_is_too_large_is_refused() -> None:
    said = await sentence_of(f"import sys; sys.stdout.write(' ' * {LARGEST_PLAN + 1})")
    assert said == f"the planner's answer is larger than {LARGEST_PLAN} bytes"


async def test_a_command_that_does_not_exist_is_a_planner_failure() -> None:
    with pytest.raises(PlannerFailure, match=r"^the planner could not be started: .*No such file"):
        await PlannerProcess(5.0, 400, ("/nowhere/planner",)).plan(ASKED)


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


STUBBORN = """
import os, signal, subprocess, sys, threading, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open({path!r}, "w").write(str(os.getpid()))
{speak}
time.sleep(60)
"""


CHILD = "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])"
CHATTER = "sys.stdout.write('x' * 1000000); sys.stdout.flush()"
NEVER_SILENT = (
    "threading.Thread(target=lambda: [(sys.stdout.write('x' * 999), time.sleep(0.001)) for _ in range(10**9)]).start()"
)


@pytest.mark.parametrize(
    "speak", ["pass", CHATTER, NEVER_SILENT, CHILD], ids=["silent", "chatter", "talking", "a child"]
)
async def test_at_the_deadline_it_is_killed_whatever_it_does(tmp_path: Path, speak: str) -> None:
    pid_file = tmp_path / "pid"
    said = await sentence_of(STUBBORN.format(path=str(pid_file), speak=speak), deadline_s=1.0)
    assert said == "the planner did not answer within 1 s and was ended"
    assert is_gone(int(pid_file.read_text()))


async def test_a_cancelled_question_ends_the_planner_too(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    asking = asyncio.create_task(answer_of(STUBBORN.format(path=str(pid_file), speak="pass")))
    async with asyncio.timeout(10.0):
        while not (pid_file.exists() and pid_file.read_text()):
            await asyncio.sleep(0.02)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert is_gone(int(pid_file.read_text()))


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
async def test_a_planner_that_never_stops_talking_does_not_fill_our_memory(stream: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    said = await sentence_of(f"import sys\nwhile True: sys.{stream}.write('x' * 65536)")
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert said == f"the planner's answer is larger than {LARGEST_PLAN} bytes"
    assert grown_mb < 15 * LARGEST_PLAN / 1e6
