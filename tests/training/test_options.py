"""Numbers on the command line of `python -m training` that nothing can be done with."""

import sys
from pathlib import Path

import pytest

from tests.backtest import folder
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
    ],
)
def test_what_is_no_such_number_is_refused_before_any_work(
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
