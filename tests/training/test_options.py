"""Words on the command line of `python -m training` that nothing can be done with."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.backtest import folder
from tests.interrupted_imports import environment
from tests.training.site_folder import DESCRIBED, write_workshops
from training.__main__ import main


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("fit --data here --seed -1", "'-1' is no seed: it is a whole number from 0 to 2147483646"),
        ("fit --data here --seed 99999999999", "'99999999999' is no seed"),
        ("anomaly --data here --seed 1.5", "'1.5' is no seed"),
        ("nightly --data here --deployed here --seed x", "'x' is no seed"),
        ("paths --data here --sites a --leads -1", "'-1' is too little: it is a whole number, at least 1"),
        ("paths --data here --sites a --every 0", "'0' is too little"),
        ("evaluate --data here --out rows.csv --sites ,", "',' names nothing"),
    ],
)
def test_what_means_nothing_is_refused_before_any_work(
    words: str, why: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["training", *words.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert why in capsys.readouterr().err


def test_more_steps_ahead_than_there_are_to_play_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = folder.write(tmp_path, days=6)
    words = ["paths", "--data", str(data), "--sites", "house", "--days", "1", "--leads", "9999"]
    monkeypatch.setattr(sys, "argv", ["training", *words])
    assert main() == 1
    assert capsys.readouterr().err == "house has 24 steps to play, too few for --leads 9999\n"


@pytest.mark.parametrize(("command", "library"), [("fit", "lightgbm"), ("anomaly", "sklearn")])
def test_ctrl_c_while_a_library_is_imported_is_ctrl_c(command: str, library: str, tmp_path: Path) -> None:
    data = write_workshops(tmp_path / "data", ("ucam_b1",), DESCRIBED, 24)
    words = [sys.executable, "-m", "training", command, "--data", str(data), "--out", str(tmp_path / "made")]
    done = subprocess.run(words, env=environment(tmp_path, library), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "")


@pytest.mark.parametrize("command", ["fit", "anomaly"])
def test_a_file_in_place_of_the_folder_of_models_is_said_before_the_work(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = write_workshops(tmp_path / "data", ("ucam_b1",), DESCRIBED, 24), tmp_path / "made"
    out.write_text("")
    monkeypatch.setattr(sys, "argv", ["training", command, "--data", str(data), "--out", str(out)])
    assert main() == 1
    assert capsys.readouterr().err == f"{out} cannot be used: File exists\n"
