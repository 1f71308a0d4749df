"""``python -m training evaluate``: what it writes, that it goes on where it was stopped, and what it refuses."""

import argparse
import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console

from tests.training.site_folder import DESCRIBED, rows_of, table_of, workshop, write_folder
from training.evaluation import models as evaluate_models
from training.evaluation import run as evaluate_run
from training.evaluation.command import add_arguments, evaluate
from training.evaluation.results import COLUMNS, LEADS
from training.evaluation.run import Work, score_model

DAYS = 24
QUICK = "same_hour_yesterday,same_hour_last_week,hour_of_week_mean,persistence"
PERIOD = {"test_start": "2023-05-18", "test_end": "2023-05-24"}
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A site with a weather model, and one that has only a load."""
    sites = {"office": DESCRIBED | PERIOD, "shop": DESCRIBED | PERIOD}
    office, shop = workshop(DAYS), workshop(DAYS, seed=2)
    tables = {"office": table_of(office), "shop": table_of({"load_kw": shop["load_kw"]})}
    return write_folder(tmp_path / "data", sites, tables)


def run(folder: Path, out: Path, *more: str) -> int:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    arguments = parser.parse_args(["--data", str(folder), "--out", str(out), *more])
    with Path(os.devnull).open("w") as nowhere:
        return evaluate(arguments, Console(file=nowhere, width=120))


def keys(out: Path) -> list[tuple[str, str, str, str]]:
    return [(row["site"], row["target"], row["model"], row["lead"]) for row in rows_of(out)]


def test_one_row_a_site_target_model_and_lead(folder: Path, tmp_path: Path) -> None:
    out, table = tmp_path / "out.csv", tmp_path / "table.md"
    assert run(folder, out, "--models", QUICK, "--table", str(table)) == 0
    rows = rows_of(out)
    assert tuple(rows[0]) == COLUMNS
    models = QUICK.split(",")
    there = [("office", "load"), ("office", "pv"), ("shop", "load")]  # the shop has no sun to score
    assert keys(out) == [(*site, model, lead) for site in there for model in models for lead in LEADS]
    assert {row["origins"] for row in rows} == {"5"}
    for row in rows:
        assert 0.0 < float(row["pinball"]) < float(row["wape"])
        assert 0.0 <= float(row["cover"]) <= 1.0
        assert float(row["rmse"]) < 10.0  # kW
    day = {lead: row for row in rows[:3] for lead in [row["lead"]]}
    assert int(day["0-24"]["n"]) + int(day["24-48"]["n"]) == int(day["0-48"]["n"]) == 5 * 48
    assert "| office |" in table.read_text()


def test_our_own_forecasts_are_walked_and_differ_by_what_they_are_given(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    models = "enalysis_no_weather,enalysis,enalysis_perfect,enalysis_raw,enalysis_day2"
    assert run(folder, out, "--sites", "shop", "--models", models) == 0
    found = {row["model"]: row for row in rows_of(out) if row["lead"] == "0-48"}
    assert set(found) == set(models.split(",")) - {"enalysis_perfect"}  # nothing was measured of the weather
    same = {row.pop("model") for row in (found["enalysis"], found["enalysis_no_weather"])}
    assert len(same) == 2
    assert found["enalysis"] == found["enalysis_no_weather"]  # the shop has no weather at all
    assert found["enalysis_raw"]["pinball"] != found["enalysis"]["pinball"]
    assert float(found["enalysis"]["pinball"]) < float(found["enalysis_day2"]["pinball"])


def test_it_goes_on_where_it_was_stopped_and_drops_what_was_half_written(folder: Path, tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole.csv", tmp_path / "broken.csv"
    assert run(folder, whole, "--models", QUICK) == 0
    assert run(folder, broken, "--models", QUICK) == 0
    text = broken.read_text()
    broken.write_text(text[: text.index("shop,load,same_hour_last_week,24-48") + 25])
    assert run(folder, broken, "--models", QUICK) == 0
    assert broken.read_text() == whole.read_text()
    before = broken.stat().st_mtime_ns
    made = keys(broken)
    assert run(folder, broken, "--models", "persistence") == 0
    assert keys(broken) == made
    assert broken.stat().st_mtime_ns >= before


def test_rows_that_are_there_are_not_made_again(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out.csv"
    assert run(folder, out, "--models", "persistence", "--sites", "office") == 0
    made: list[str] = []

    def counted(one: Work) -> list[evaluate_run.Row]:
        made.append(one.site)
        return score_model(one)

    monkeypatch.setattr(evaluate_run, "score_model", counted)
    assert run(folder, out, "--models", "persistence", "--targets", "load") == 0
    assert made == ["shop"]


def test_several_processes_find_the_same(folder: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    models = ("--models", "persistence,same_hour_yesterday")
    assert run(folder, one, *models) == 0
    assert run(folder, two, *models, "--jobs", "2") == 0
    assert sorted(one.read_text().splitlines()) == sorted(two.read_text().splitlines())


def test_a_model_that_is_unusable_is_said_by_a_worker_too(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exported = tmp_path / "exported"
    shutil.copytree(ROOT / "exported_models", exported)
    (exported / "consumption" / "model.onnx").write_bytes(b"not a model")
    options = ["--exported", str(exported), "--models", "enalysis_raw", "--targets", "load", "--jobs", "2"]
    assert run(folder, tmp_path / "out.csv", *options) == 1
    error = capsys.readouterr().err
    assert error.startswith("model consumption is not usable: ")
    assert error.count("\n") == 1


def command(folder: Path, out: Path, *more: str) -> list[str]:
    models = "same_hour_yesterday,enalysis_no_weather,enalysis"
    options = ["--data", str(folder), "--out", str(out), "--models", models]
    return [sys.executable, "-m", "training", "evaluate", *options, *more]


def wait_for_rows(out: Path, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None and (not out.exists() or out.read_text().count("\n") < 4):
        time.sleep(0.02)


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ctrl_c_leaves_a_good_file_and_no_process(folder: Path, tmp_path: Path, jobs: str) -> None:
    out = tmp_path / "out.csv"
    started = command(folder, out, "--jobs", jobs)
    with subprocess.Popen(started, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        wait_for_rows(out, process)
        process.send_signal(signal.SIGINT)
        said = process.communicate()[1].decode()  # ends when the last process that holds the pipe has gone
    assert (process.returncode, said) == (130, "interrupted\n")
    assert out.read_text().endswith("\n")
    assert 3 <= len(keys(out)) < 3 * 3 * 3


def test_killed_in_the_middle_it_goes_on(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    with subprocess.Popen(command(folder, out), cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        wait_for_rows(out, process)
        process.kill()
    stopped = out.read_text().splitlines()
    whole = len(stopped[1:]) // 3 * 3
    assert 3 <= whole < 3 * 3 * 3
    finished = subprocess.run(command(folder, out), cwd=ROOT, capture_output=True, check=False)
    assert finished.returncode == 0, finished.stderr.decode()
    assert out.read_text().splitlines()[: 1 + whole] == stopped[: 1 + whole]
    assert len(set(keys(out))) == len(keys(out)) == 3 * 3 * 3


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--sites", "mill"], "there is no site mill; there are office, shop"),
        (["--models", "oracle"], "there is no model oracle; there are same_hour_yesterday"),
        (["--targets", "wind"], "there is no target wind; there are load, pv"),
        (["--jobs", "0"], "--jobs 0: at least one process is needed"),
        (["--exported", "nowhere"], "card.json cannot be read"),
    ],
)
def test_what_cannot_be_run_is_said_in_one_sentence(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    assert run(folder, tmp_path / "out.csv", *options) == 1
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_a_library_that_is_missing_is_named_with_its_extra(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = dataclasses.replace(evaluate_models.MODELS["prophet"], libraries=("surely_not_installed",))
    monkeypatch.setitem(evaluate_models.MODELS, "prophet", absent)
    assert run(folder, tmp_path / "out.csv", "--models", "prophet") == 1
    assert capsys.readouterr().err == (
        "prophet needs surely_not_installed, not installed here: pip install 'enalysis-edge[peers]'\n"
    )


def test_rows_made_with_another_model_or_other_measurements_are_not_mixed(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.csv"
    assert run(folder, out, "--models", "enalysis_raw", "--sites", "shop") == 0
    made = out.with_name("out.csv.made.json")
    known = json.loads(made.read_text())
    made.write_text(json.dumps(known | {"model enalysis_raw": "consumption 0.1.0"}))
    assert run(folder, out, "--models", "enalysis_raw") == 1
    assert "model enalysis_raw was consumption 0.1.0, is consumption" in capsys.readouterr().err
    made.write_text(json.dumps(known | {"site shop": "other"}))
    assert run(folder, out, "--models", "same_hour_yesterday", "--sites", "office") == 0
    assert run(folder, out, "--models", "same_hour_yesterday", "--sites", "shop") == 1
    assert "site shop was other, is" in capsys.readouterr().err
    assert run(folder, out, "--models", "persistence", "--sites", "shop", "--targets", "load", "--fresh") == 0
    assert len(rows_of(out)) == 3


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a,b\n1,2\n", "out.csv:1: these are not the columns of an evaluation"),
        (",".join(COLUMNS) + "\noffice,load,x\n", "out.csv:2: 3 fields, not 15"),
        (",".join(COLUMNS) + "\noffice,load,x,0-24,3,many,1,1,1,1,1,1,1,1,1\n", "out.csv:2: invalid literal"),
        (",".join(COLUMNS) + "\noffice,load,x,0-24,3,9,1,1,,1,1,1,1,1,1\n", "out.csv:2: a figure is missing"),
    ],
)
def test_a_file_that_is_something_else_is_left_alone(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, said: str
) -> None:
    out = tmp_path / "out.csv"
    out.write_text(content)
    assert run(folder, out, "--models", "persistence") == 1
    assert said in capsys.readouterr().err
    assert out.read_text() == content


def test_a_folder_for_the_results_that_is_not_there_is_said(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, tmp_path / "none" / "out.csv", "--models", "persistence") == 1
    assert "No such file or directory" in capsys.readouterr().err
