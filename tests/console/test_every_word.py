"""What goes wrong is a sentence wherever it is made, and comes out with its code, so that a German reads German."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.requests import Request

import agent
import drivers
from agent.console.alerts.settings import AlertSettings
from agent.console.app import WEB
from agent.console.json_body import body_as
from agent.console.problem import Problem, problem_response
from agent.console.reading.site import status
from agent.console.security.passwords import why_refused
from agent.domain.documents import LINK, OBSERVING, SETPOINT
from agent.domain.sentence import named
from agent.domain.sentences import control, link
from agent.savings.paired_trial import NoEstimate, estimate, schedule
from drivers.sentence import Sentence, sentence_of
from tests.console import site as console_site
from tests.console.served import show
from tests.console.site import NOW, ConsoleSite, copied

GERMAN = json.loads((WEB / "words" / "sentences.de.json").read_text("utf-8"))
# What is raised with a text that stands in an alarm or an event, and on no other way.
RAISED = {
    "BadFrame", "ChildFailure", "DownloadFailure", "EnvelopeRefused", "KeysRefused", "LinkDown", "LinkFailure",
    "NoAnswer", "NoCertificate", "NoEstimate", "NotApplied", "NotSigned", "SecretMissing", "UnusableFile",
    "Unreachable",
}  # fmt: skip
TOLD = {"alarm", "note"}
# A word of one family's own registers, or of a device that is only looked for.
OF_A_FAMILY = ("drivers/families/", "drivers/recognise.py", "drivers/control_block.py", "drivers/dumps/")


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Every call of agent and drivers with its place."""
    for package in (agent, drivers):
        root = Path(package.__path__[0])
        for path in sorted(root.rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call):
                    yield f"{path.relative_to(root.parent)}:{node.lineno}", node


def name_of(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def is_plain(found: ast.expr) -> bool:
    return isinstance(found, ast.JoinedStr) or (isinstance(found, ast.Constant) and isinstance(found.value, str))


def test_what_goes_wrong_is_raised_and_told_as_a_sentence() -> None:
    plain = [
        place
        for place, call in calls()
        if name_of(call) in RAISED and any(map(is_plain, call.args)) and not place.startswith(OF_A_FAMILY)
    ]
    told = [place for place, call in calls() if name_of(call) in TOLD and any(map(is_plain, call.args[1:2]))]
    assert (plain, told) == ([], [])


def test_every_process_of_the_agent_has_its_german_word() -> None:
    names = [call.args[0].value for _, call in calls() if name_of(call) == "ChildProcess" and is_plain(call.args[0])]  # type: ignore[attr-defined]
    assert len(names) > 5
    assert {f"worker.{name}" for name in names} <= set(GERMAN)


def test_every_file_of_the_link_has_its_german_word() -> None:
    names = [
        call.args[1].value  # type: ignore[attr-defined]
        for place, call in calls()
        if name_of(call) == "_told" and place.startswith("agent/adapters/mqtt/mqtt_settings.py")
    ]
    assert len(names) == 4
    assert {f"file.{name}" for name in names} <= set(GERMAN)


def test_the_link_says_its_trouble_with_code_and_values(year: ConsoleSite, tmp_path: Path) -> None:
    site = copied(year, tmp_path)
    (tmp_path / "run").mkdir()
    source = site.source(tmp_path / "run")
    trouble = link.no_broker_listens(place="mqtt.example.org:8883")
    show(source, console_site.state(), **{LINK.name: {"connected": False, **named("trouble", trouble)}})
    found = status(source)["link"]
    assert (found["trouble"], found["trouble_code"]) == (trouble, "no_broker_listens")
    assert found["trouble_values"] == {"place": "mqtt.example.org:8883"}


def test_why_nothing_is_written_is_told_and_not_what_would_be(year: ConsoleSite, tmp_path: Path) -> None:
    site = copied(year, tmp_path)
    (tmp_path / "run").mkdir()
    source = site.source(tmp_path / "run")
    would = control.only_observed(would=control.would_rest(), said=control.resting(value_per_kwh=0.3))
    setpoint = {**json.loads(console_site.documents()[SETPOINT.name]), "rung": "observe", **named("reason", would)}
    why = {OBSERVING.name: named("locked", control.never_commissioned())}
    show(source, console_site.state(), **{SETPOINT.name: setpoint, **why})
    found = status(source)
    assert (found["locked"], found["locked_code"]) == (control.never_commissioned(), "never_commissioned")


def request(body: object) -> Request:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}

    return Request({"type": "http", "method": "PUT", "headers": []}, receive)


async def test_what_a_person_has_typed_is_refused_with_a_sentence() -> None:
    with pytest.raises(Problem) as refused:
        await body_as(request({"targets": [{"id": "Home"}]}), AlertSettings)
    told = json.loads(bytes(problem_response(refused.value).body))
    assert (told["detail_code"], told["code"]) == ("receiver_name_letters", "bad_value")
    short = why_refused("short")
    assert isinstance(short, Sentence)
    assert (short.code, short.values) == ("password_too_short", {"fewest": 12})


def test_a_comparison_that_says_nothing_yet_says_why_in_a_sentence() -> None:
    with pytest.raises(NoEstimate) as early:
        estimate(schedule(1, NOW.replace(minute=0, second=0), 28), ())
    said = sentence_of(early.value)
    assert isinstance(said, Sentence)
    assert said.code == "too_few_pairs"
