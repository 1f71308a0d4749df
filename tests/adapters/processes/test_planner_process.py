"""The planner as a process: whatever it does, there is a plan or one sentence, and nothing of it is left."""

import asyncio
import os
import resource
import sys
import time
from pathlib import Path

import pytest
import structlog
from structlog.testing import capture_logs

from agent.adapters.processes import child_process
from agent.adapters.processes.child_outputs import KEPT_OF_PRINTED, LARGEST_ANSWER, MOST_PRINTED
from agent.adapters.processes.planner_process import PlannerProcess
from agent.domain.plan import Plan
from agent.domain.sentence import Sentence
from agent.domain.wire import to_json
from agent.forecasting.site_forecast import SiteForecast
from agent.planning.make_plan import make_plan
from agent.ports import PlannerFailure
from tests.planning.days import forecasts, request

ASKED = request(steps=8)
BEGUN_WITHIN_S = 4.0  # a Python has started, on a busy machine too, and is at what it does


def good_plan() -> Plan:
    load, pv = forecasts(ASKED)
    return make_plan(ASKED, SiteForecast(load, pv), 5.0)


ANSWER = "import os, sys\nanswer = os.fdopen(int(sys.argv[3]), 'w')\n"
"""What a child of these tests begins with: ``answer`` takes what it says."""


def script(text: str) -> tuple[str, ...]:
    return (sys.executable, "-c", ANSWER + text)


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
question = sys.stdin.buffer.read()
open({str(tmp_path / "question")!r}, "wb").write(question)
open({str(tmp_path / "how")!r}, "w").write(" ".join([*sys.argv[1:3], os.environ["OMP_NUM_THREADS"]]))
answer.write(open({str(tmp_path / "plan.json")!r}).read())
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
        ("answer.write('hello')", "the planner's answer is no plan: Plan: not JSON: "),
        ("answer.write('{}')", "the planner's answer is no plan: Plan"),
        ("answer.write('{}{}')", "the planner's answer is no plan: Plan: not JSON: Extra data"),
        ("answer.write('[' * 100000)", "the planner's answer is no plan: "),
        ("answer.write('{\"issued_at\": 1')", "the planner's answer is no plan: Plan: not JSON: "),
        ("answer.write('{\"issued_at\": 1}')", "the planner's answer is no plan: Plan.issued_at: "),
        ("answer.buffer.write(bytes(range(256)))", "the planner's answer is no plan: "),
        ("pass", "the planner ended without an answer"),
        ("print('{}')", "the planner ended without an answer"),
        ("os.close(answer.fileno()); os._exit(0)", "the planner ended without an answer"),
        ("sys.stderr.buffer.write(b'a \\x1b[31m\\xff\\0 fault'); sys.exit(1)", "a ?[31m\ufffd? fault"),
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


@pytest.mark.parametrize(
    ("text", "code", "values"),
    [
        (
            "print('it needs more memory than the 400 MB that it may have', file=sys.stderr); sys.exit(1)",
            "worker_needs_memory",
            {"most": 400},
        ),
        ("sys.exit(3)", "worker_ended", {"worker": "planner", "ending": 3}),
        ("time.sleep(60)", "worker_late", {"worker": "planner", "within_s": 1.0}),
        ("", "worker_without_answer", {"worker": "planner"}),
    ],
)
async def test_a_failure_is_a_sentence_that_can_be_translated(text: str, code: str, values: object) -> None:
    with pytest.raises(PlannerFailure) as failure:
        await answer_of(f"import time\n{text}", deadline_s=1.0 if code == "worker_late" else 20.0)
    said = failure.value.args[0]
    assert isinstance(said, Sentence)
    assert (said.code, said.values) == (code, values)


async def test_an_answer_that_is_too_large_is_refused() -> None:
    said = await sentence_of(f"answer.write(' ' * {LARGEST_ANSWER + 1})")
    assert said == f"the planner's answer is larger than {LARGEST_ANSWER} bytes"


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
    said = await sentence_of(STUBBORN.format(path=str(pid_file), speak=speak), deadline_s=BEGUN_WITHIN_S)
    assert said == f"the planner did not answer within {BEGUN_WITHIN_S:g} s and was ended"
    assert is_gone(int(pid_file.read_text()))


async def test_a_cancelled_question_ends_the_planner_too(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    asking = asyncio.create_task(answer_of(STUBBORN.format(path=str(pid_file), speak="pass")))
    async with asyncio.timeout(60.0):
        while not (pid_file.exists() and pid_file.read_text()):
            await asyncio.sleep(0.02)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert is_gone(int(pid_file.read_text()))


@pytest.mark.parametrize(
    ("stream", "sentence"),
    [
        ("answer", f"the planner's answer is larger than {LARGEST_ANSWER} bytes"),
        ("sys.stdout", f"the planner printed more than {MOST_PRINTED} bytes and was ended"),
        ("sys.stderr", f"the planner printed more than {MOST_PRINTED} bytes and was ended"),
    ],
)
async def test_a_planner_that_never_stops_talking_does_not_fill_our_memory(stream: str, sentence: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    said = await sentence_of(f"while True: {stream}.write('x' * 65536)")
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert said == sentence
    assert grown_mb < 15 * LARGEST_ANSWER / 1e6


NATIVE = "import ctypes; libc = ctypes.CDLL(None); "
PRINTS = {
    "a banner": "print('Running HiGHS 1.16.0'); sys.stdout.flush()",
    "half a JSON": "print('{\"issued_at\":')",
    "a whole JSON": "print('{}')",
    "binary": "sys.stdout.buffer.write(bytes(range(256)))",
    "a megabyte": "sys.stdout.write('x' * 1_000_000)",
    "a megabyte of errors": "sys.stderr.write('x' * 1_000_000)",
    "a library that writes at once": NATIVE + "libc.write(1, b'from C', 6)",
    "a library that writes at its end": NATIVE + "libc.puts(b'from C')",
    "the real solver": "import highspy; highspy.Highs()",
}


@pytest.mark.parametrize("prints", PRINTS.values(), ids=list(PRINTS))
async def test_what_is_printed_is_no_part_of_the_answer_and_stands_in_the_log(
    tmp_path: Path, prints: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child_process, "log", structlog.get_logger())  # another test may have had it made for good
    plan = good_plan()
    (tmp_path / "plan.json").write_text(to_json(plan))
    text = f"{prints}\nanswer.write(open({str(tmp_path / 'plan.json')!r}).read())\n{prints}"
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(0))
    with capture_logs() as lines:
        assert await answer_of(text) == plan
    structlog.reset_defaults()
    (line,) = lines
    assert (line["event"], line["child"], line["log_level"]) == ("child_printed", "planner", "debug")
    assert line["bytes"] > 0
    assert 0 < len(line["text"]) < KEPT_OF_PRINTED + 50
    assert line["text"].startswith("[") == (line["bytes"] > KEPT_OF_PRINTED), "what is left out is counted"


async def test_what_is_printed_last_is_not_taken_for_the_reason_of_a_failure() -> None:
    assert await sentence_of(f"{NATIVE}libc.puts(b'a banner'); sys.exit('the store is gone')") == "the store is gone"


HELD = """
import subprocess, time
subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], pass_fds=[answer.fileno()], {session})
{then}
"""


@pytest.mark.parametrize("session", ["start_new_session=False", "start_new_session=True"])
async def test_who_keeps_the_descriptor_open_delays_neither_answer_nor_deadline(tmp_path: Path, session: str) -> None:
    plan = good_plan()
    (tmp_path / "plan.json").write_text(to_json(plan))
    began = time.monotonic()
    answers = f"answer.write(open({str(tmp_path / 'plan.json')!r}).read())"
    assert await answer_of(HELD.format(session=session, then=answers)) == plan
    said = await sentence_of(HELD.format(session=session, then="time.sleep(60)"), deadline_s=1.0)
    assert said == "the planner did not answer within 1 s and was ended"
    assert time.monotonic() - began < 30.0, "far below what the grandchild sleeps"


async def test_no_descriptor_is_left_behind() -> None:
    def count() -> int:
        return len(os.listdir("/proc/self/fd"))

    await sentence_of("pass")
    before = count()
    for text in ("answer.write('{}')", "sys.exit(1)", HELD.format(session="start_new_session=True", then="")):
        await sentence_of(text)
    with pytest.raises(PlannerFailure):
        await PlannerProcess(5.0, 400, ("/nowhere/planner",)).plan(ASKED)
    assert count() <= before  # what the tests before have left may be closed meanwhile


async def test_run_by_hand_the_answer_is_all_that_stands_on_standard_output(tmp_path: Path) -> None:
    text = """
import ctypes, sys
from agent.adapters.processes.answering import answer_once

def answer(question, deadline_s):
    print("from Python", flush=True)
    ctypes.CDLL(None).write(1, b"from C", 6)
    return question.decode()

sys.exit(answer_once(answer, ValueError))
"""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", text, "400", "20"), stdin=-1, stdout=-1, stderr=-1
    )
    assert await process.communicate(b"the question") == (b"the question", b"from Python\nfrom C")
