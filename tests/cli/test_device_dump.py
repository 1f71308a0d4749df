"""`enalysis-edge devices dump`: a simulated device into a file, by its name or its address."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.__main__ import main
from drivers.dumps.dump_file import read_dump
from tests import site_files
from tests.simulator.test_command import FREE_PORTS, ROOT, read_line, running

Capsys = pytest.CaptureFixture[str]


@contextmanager
def inverter(*arguments: str) -> Iterator[int]:
    """A simulated site; its inverter's port."""
    with running(*FREE_PORTS, "--print-every", "3600", *arguments) as process:
        yield int(read_line(process).split("127.0.0.1:")[1].split()[0].rstrip(","))


def dump(*arguments: str) -> int:
    return main(["devices", "dump", *arguments])


def test_a_device_by_its_address(tmp_path: Path, capsys: Capsys) -> None:
    out = tmp_path / "victron.json"
    with inverter("--profile", "victron") as port:
        code = dump(f"127.0.0.1:{port}", "--family", "victron_gx", "--unit", "100", "--seconds", "1", "--out", str(out))
    said = capsys.readouterr()
    assert (code, said.err) == (0, "")
    found = read_dump(out)
    assert said.out.startswith(f"{out}: {sum(map(len, found.words.values()))} registers of victron_gx; serial numbers ")
    assert (found.family, found.unit_id) == ("victron_gx", 100)
    assert found.expected is not None
    assert found.expected.values["soc_pct"] == 50.0
    assert "127.0.0.1" not in out.read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["victron.json"]


def test_a_device_of_the_site_file(tmp_path: Path, capsys: Capsys) -> None:
    out = tmp_path / "inverter.json"
    with inverter("--profile", "gen24") as port:
        config = site_files.write_home(tmp_path, inverter_port=port, meter_port=1)
        assert dump("inverter", "--config", str(config), "--seconds", "0.5", "--out", str(out)) == 0
    assert read_dump(out).family == "sunspec_hybrid"
    assert capsys.readouterr().err == ""


def test_ctrl_c_keeps_what_was_captured(tmp_path: Path) -> None:
    out = tmp_path / "solax.json"
    with inverter("--profile", "solax_g5") as port:
        command = [sys.executable, "-m", "agent", "devices", "dump", f"127.0.0.1:{port}", "--family", "solax_hybrid"]
        command += ["--option", "generation=5", "--option", "phases=3", "--out", str(out)]
        shown, terminal = os.openpty()
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=terminal, text=True) as process:
            os.close(terminal)
            progress = os.read(shown, 4096)  # only once the first round is over
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=20.0)
        os.close(shown)
    assert b" of 60 s: " in progress
    assert b" registers, " in progress
    assert process.returncode == 130
    assert "until it was interrupted" in said
    found = read_dump(out)
    assert found.options == {"generation": 5, "phases": 3}
    assert found.expected is not None


def test_a_device_that_does_not_answer_is_one_sentence_and_no_file(tmp_path: Path, capsys: Capsys) -> None:
    out = tmp_path / "meter.json"
    assert dump(f"127.0.0.1:{site_files.free_ports(1)[0]}", "--family", "sdm630", "--out", str(out)) == 1
    complaint = capsys.readouterr().err
    assert "no connection to 127.0.0.1:" in complaint
    assert complaint.count("\n") == 1
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["10.0.0.7", "--family", "abacus"], "there is no family 'abacus': allowed are "),
        (["--family", "sdm630"], "--family goes with the address of the device: HOST or HOST:PORT"),
        (["10.0.0.7:0", "--family", "sdm630"], "'10.0.0.7:0' is no address of a device: write HOST or HOST:PORT"),
        (["http://10.0.0.7", "--family", "sdm630"], "'http://10.0.0.7' is no address of a device: "),
        (["10.0.0.7:modbus", "--family", "sdm630"], "'10.0.0.7:modbus' is no address of a device: "),
        (["10.0.0.7", "--family", "sdm630", "--option", "colour=1"], "family sdm630 has no option 'colour': "),
        (["10.0.0.7", "--family", "sdm630", "--option", "rated_w=big"], "option rated_w of family sdm630 is 'big': "),
        (["inverter", "--unit", "1"], "--unit and --option go with --family and an address"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence_and_exit_2(
    arguments: list[str], sentence: str, tmp_path: Path, capsys: Capsys
) -> None:
    assert dump(*arguments, "--out", str(tmp_path / "dump.json")) == 2
    complaint = capsys.readouterr().err
    assert complaint.startswith(sentence)
    assert complaint.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ([], "has several devices: name one of inverter, meter"),
        (["heater"], "has no device 'heater': it has inverter, meter"),
    ],
)
def test_a_name_that_is_not_there_is_one_sentence(
    name: list[str], sentence: str, tmp_path: Path, capsys: Capsys
) -> None:
    config = site_files.write_home(tmp_path, inverter_port=1, meter_port=2)
    assert dump(*name, "--config", str(config), "--out", str(tmp_path / "dump.json")) == 2
    assert capsys.readouterr().err.startswith(f"{config} {sentence}")


def test_a_folder_that_is_not_there_is_said_before_a_minute_is_over(tmp_path: Path, capsys: Capsys) -> None:
    out = tmp_path / "absent" / "dump.json"
    assert dump("10.0.0.7", "--family", "sdm630", "--out", str(out)) == 1
    assert capsys.readouterr().err.startswith(f"{out} cannot be written: ")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--unit", "256"], "'256' is no unit id: it must be 0 to 255"),
        (["--seconds", "0"], "'0' is no such time: it must be above 0 and at most 86400 s"),
        (["--seconds", "nan"], "'nan' is no such time"),
    ],
)
def test_a_number_that_cannot_be_is_refused(arguments: list[str], sentence: str, capsys: Capsys) -> None:
    with pytest.raises(SystemExit) as end:
        dump("10.0.0.7", "--family", "sdm630", "--out", "dump.json", *arguments)
    assert end.value.code == 2
    assert sentence in capsys.readouterr().err
