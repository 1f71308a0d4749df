"""Scripts of faults are read whole or refused with one sentence."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from simulator.__main__ import main
from simulator.faults import KINDS, WHAT, Fault, FaultScript, FaultScriptError, parse_lines, read_script

BEGINNING = datetime(2026, 6, 1, tzinfo=UTC)

LINES = """
# what happens in the afternoon
10m   60s  inverter  no_answer
1h30m 2m   meter     late_answer  seconds=1.5   # slow gateway
2026-06-01T02:00:00+00:00  5m  inverter  refused_write  code=6
"""

FAULTS = [
    Fault("no_answer", "inverter", BEGINNING + timedelta(minutes=10), 60.0),
    Fault("late_answer", "meter", BEGINNING + timedelta(minutes=90), 120.0, seconds=1.5),
    Fault("refused_write", "inverter", BEGINNING + timedelta(hours=2), 300.0, code=6),
]

TOML = """
[[fault]]
start = "10m"
duration = 60
device = "inverter"
kind = "no_answer"
[[fault]]
start = 5400
duration = "2m"
device = "meter"
kind = "late_answer"
seconds = 1.5
[[fault]]
start = 2026-06-01T02:00:00Z
duration = "5m"
device = "inverter"
kind = "refused_write"
code = 6
"""

JSON = """[
 {"start": "10m", "duration": 60, "device": "inverter", "kind": "no_answer"},
 {"start": "90m", "duration": "2m", "device": "meter", "kind": "late_answer", "seconds": 1.5},
 {"start": "2026-06-01T02:00:00Z", "duration": "300s", "device": "inverter", "kind": "refused_write", "code": 6}
]"""


@pytest.mark.parametrize(("name", "text"), [("f.txt", LINES), ("f.toml", TOML), ("f.json", JSON)])
def test_the_three_forms_say_the_same(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert read_script(tmp_path / name, BEGINNING).faults == FAULTS


def test_a_fault_is_active_from_its_start_to_before_its_end() -> None:
    script = FaultScript(FAULTS)
    start = FAULTS[0].start
    assert script.active("inverter", "no_answer", start - timedelta(seconds=1)) is None
    assert script.active("inverter", "no_answer", start) == FAULTS[0]
    assert script.active("inverter", "frozen", start) is None
    assert script.active("meter", "no_answer", start) is None
    assert script.active("inverter", "no_answer", start + timedelta(seconds=60)) is None


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("10m 60s inverter", "faults line 1: expected START DURATION DEVICE KIND, found '10m 60s inverter'"),
        ("10m 60s boiler no_answer", "faults line 1: 'boiler' is not a device; there are inverter, meter, sdm630"),
        ("10m 60s meter asleep", f"faults line 1: 'asleep' is not a kind of fault; there are {', '.join(KINDS)}"),
        ("soon 60s meter frozen", "faults line 1: the start is 'soon', not a length of time such as 90s or 1h30m"),
        ("10m 0s meter frozen", "faults line 1: the duration must be longer than 0 s"),
        ("2026-06-01T00:00:00 1s meter frozen", "faults line 1: the start has no UTC offset"),
        ("2026-66-01 1s meter frozen", "faults line 1: '2026-66-01' is not an ISO 8601 time stamp"),
        ("10m 60s meter late_answer 3", "faults line 1: '3' is not key=value"),
        ("10m 60s meter late_answer wait=3", "faults line 1: 'wait' is not known; there are kind, device, start"),
        ("10m 60s meter frozen kind=reboot", "faults line 1: kind is given twice"),
        ("10m 60s meter refused_read code=9", "faults line 1: 9 is not a Modbus exception code"),
        ("10m 60s inverter derate share=1.5", "faults line 1: share must lie in 0..1"),
        ("10m 60s inverter derate share=x", "faults line 1: share is 'x', not a number"),
        ("10m 60s meter refused_read code=x", "faults line 1: code is 'x', not a number"),
    ],
)
def test_a_wrong_line_is_refused_with_its_number_and_reason(line: str, sentence: str) -> None:
    with pytest.raises(FaultScriptError) as caught:
        parse_lines(line, BEGINNING)
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("f.toml", "fault = 3", "f.toml: there is no list of faults"),
        ("f.toml", "[[fault]", "f.toml: "),
        ("f.json", "{}", "f.json: there is no list of faults"),
        ("f.json", "[3]", "f.json fault 1: a fault must be a table"),
        ("f.json", '[{"kind": "frozen"}]', "f.json fault 1: device is missing"),
        (
            "f.json",
            '[{"kind": ["frozen"], "device": "meter", "start": 0, "duration": 1}]',
            "f.json fault 1: ['frozen'] is not a kind",
        ),
        (
            "f.json",
            '[{"kind": "frozen", "device": "meter", "start": true, "duration": 1}]',
            "f.json fault 1: the start is True",
        ),
    ],
)
def test_a_wrong_document_is_refused(tmp_path: Path, name: str, text: str, sentence: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(FaultScriptError) as caught:
        read_script(tmp_path / name, BEGINNING)
    assert str(caught.value).startswith(sentence)


def test_an_absent_script_is_named(tmp_path: Path) -> None:
    with pytest.raises(FaultScriptError, match=r"absent\.txt: cannot be read"):
        read_script(tmp_path / "absent.txt", BEGINNING)


def test_silence_is_no_exception_code_but_of_a_device_that_sleeps() -> None:
    (fault,) = parse_lines("10m 8h inverter night_sleep code=0", BEGINNING).faults
    assert fault.code == 0
    with pytest.raises(FaultScriptError):
        parse_lines("10m 8h inverter refused_read code=0", BEGINNING)


def test_the_help_names_every_kind_with_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    said = capsys.readouterr().out
    listed = said[said.index("A script of faults") :]
    assert max(map(len, listed.splitlines())) <= 80
    words = " ".join(listed.split())
    assert set(WHAT) == set(KINDS)
    for kind, what in WHAT.items():
        assert f"{kind} {what}" in words
