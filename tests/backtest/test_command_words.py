"""The words of the command line, those that are wrong and those of its tables."""

from pathlib import Path

import pytest

from agent.cli.play_summary import in_days
from tests.backtest import folder as data
from tests.backtest.test_command import run

WRONG = [
    (["--policies", "hope"], "there is no policy hope; there are no_battery"),
    (["--sites", "castle"], "there is no site castle; there are house"),
    (["--demand-charge", "-1"], "must not be negative"),
    (["--export-price", "nan"], "--export-price is nan, not a number"),
    (["--export-price", "1e308"], "--export-price is 1e+308, not a number of at most 1,000,000"),
    (["--export-price", "8.2"], "--export-price is 8.2, which is more than anybody pays for a kWh in EUR; did you"),
    (["--demand-charge", "1e308"], "--demand-charge is 1e+308, not a number of at most 1,000,000"),
    (["--days", "inf"], "--days is inf, not a number of at most 1,000,000"),
    (["--carbon-value", "1e308"], "--carbon-value is 1e+308, not money from 0 to 1,000,000 per kg"),
    (["--demand-interval", "15"], "--demand-interval 15 is no whole number of steps of 3600 s"),
    (["--step", "900", "--settle", "3600"], "--settle 3600 is longer than a step of 900 s"),
    (["--jobs", "0"], "must be above zero"),
    (["--days", "0"], "must be above zero"),
]


@pytest.mark.parametrize(("more", "said"), WRONG)
def test_a_wrong_word_is_exit_2_and_one_sentence(
    more: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(data.write(tmp_path, days=4), tmp_path / "figures.csv", *more) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("currency", "shown"),
    [("[/kr]", "house: [/kr] in 1 day "), ("[b]x", "house: [b]x in 1 day "), ("", "house: 1 day ")],
)
def test_a_currency_is_shown_as_it_is_written(
    currency: str, shown: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = data.write(tmp_path, days=4, currency=currency), tmp_path / "figures.csv"
    assert run(folder, out, "--days", "1", "--policies", "self_consumption") == 0
    assert shown in capsys.readouterr().out


@pytest.mark.parametrize(
    ("days", "said"),
    [(0.25, "0.25 days"), (1, "1 day"), (4.79167, "4.79 days"), (28, "28 days"), (1234.6, "1,235 days")],
)
def test_days_as_people_count_them(days: float, said: str) -> None:
    assert in_days(days) == said


def test_a_load_in_watts_is_played_with_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = data.write(tmp_path, days=4, row=lambda index: (900 + index % 24, 0, 0.2, 0.2))
    assert run(folder, tmp_path / "figures.csv", "--days", "1", "--policies", "no_battery,self_consumption") == 0
    said = capsys.readouterr().err
    assert "house: " in said
    assert "the middle of load_kw is 911.5, and the battery holds 10 kWh: are the powers in W?" in said
    assert said.count("\n") == 1
