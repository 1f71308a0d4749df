"""A demo in which nothing was planned is no success."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

import demo.command
from agent.savings.savings import Account
from demo.accounts import BESIDE_THE_REPORT, Comparison, money_table
from demo.command import days_in_words, judged
from demo.scene import Scene, synthetic_scene

# Loaded by every Python on this path; the planner process alone finds no numpy, without which it makes no plan.
NO_NUMPY = """
import sys
if "agent.workers.planner" in sys.orig_argv:
    sys.modules["numpy"] = None
"""


@pytest.fixture(autouse=True)
def _logs_are_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """``main`` is played in this process: how it would log must not outlast the test, nor reach other ones."""
    unchanged: Callable[[str], None] = lambda _: None  # noqa: E731
    monkeypatch.setattr("demo.command.logs.configure", unchanged)


@pytest.mark.parametrize(
    ("made", "failed", "planned", "said"),
    [
        (97, 0, True, None),
        (97, 5, True, None),
        (97, 6, True, "[yellow]6 of 103 plans failed; the last plan or our own rule took over[/]"),
        (0, 9, False, "[bold red]nothing was planned: no plan: \\[a] fault[/]"),
    ],
)
def test_what_is_said_of_plans_that_failed(made: int, failed: int, planned: bool, said: str | None) -> None:
    assert judged(made, failed, "no plan: [a] fault") == (planned, said)


def test_the_title_names_all_days_by_the_clock_of_the_site() -> None:
    first, last = datetime(2017, 1, 27, 8, tzinfo=UTC), datetime(2017, 1, 30, 7, 59, tzinfo=UTC)
    assert days_in_words(first, last, "Etc/GMT+8") == "27 Jan 2017 to 29 Jan 2017"
    assert days_in_words(first, first, "Etc/GMT+8") == "27 Jan 2017"


def test_a_picture_without_a_pictures_name_is_refused_before_the_days_are_played(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["demo", "--seed", "7", "--out", str(tmp_path / "new" / "day.txt")])
    with pytest.raises(SystemExit, match="2"):
        demo.command.main()
    assert "argument --out: day.txt is no name of a picture" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_name_with_brackets_is_told_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["demo", "--site", "[/home].csv"])
    assert demo.command.main() == 2
    assert capsys.readouterr().out.startswith("[/home].csv: cannot be read")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--start", "never"), "'never' is no day: write it as 2026-06-01"),
        (("--days", "0.5"), "'0.5' is no whole number"),
    ],
)
def test_a_day_or_number_that_is_none_is_refused(
    words: tuple[str, str], why: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["demo", *words])
    with pytest.raises(SystemExit, match="2"):
        demo.command.main()
    assert why in capsys.readouterr().err


def test_the_table_says_why_the_report_has_other_figures() -> None:
    idle, rule, controlled, perfect = (
        Account(name, cost, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, end_energy_value=stored)
        for name, cost, stored in (("idle", 10.0, 0.0), ("rule", 6.0, -0.5), ("own", 4.0, -1.0), ("best", 3.0, -0.5))
    )
    text = StringIO()
    Console(file=text, width=80).print(money_table(Comparison(idle, rule, controlled, perfect), "USD"))
    said = " ".join(text.getvalue().split())
    assert f"captured 77 % of what perfect foresight would have saved {BESIDE_THE_REPORT}" in said


@pytest.mark.parametrize("works", [True, False])
def test_the_whole_demo(
    works: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sitecustomize.py").write_text(NO_NUMPY)

    def half_an_hour(seed: int, days: int) -> Scene:
        scene = synthetic_scene(seed, days)
        return replace(scene, days=1 / 48)

    monkeypatch.setattr(demo.command, "synthetic_scene", half_an_hour)
    monkeypatch.setattr("sys.argv", ["demo", "--seed", "7", "--out", str(tmp_path / "day.png")])
    if not works:
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert demo.command.main() == (0 if works else 1)
    said = " ".join(capfd.readouterr().out.split())
    assert ("nothing was planned: no plan: " in said) is not works
    assert ("plans 3 made, 0 failed" in said) is works
    assert ("plans 0 made, 4 failed" in said) is not works
    assert "Running HiGHS" not in said
