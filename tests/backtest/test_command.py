"""The command: a folder or a store in, figures and a picture out."""

import asyncio
import csv
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agent.__main__ import main
from agent.adapters.store.sqlite_store import SqliteStore
from agent.backtest.figures import COLUMNS
from agent.backtest.site_run import SiteDone
from agent.cli.play_sites import judged
from agent.domain.horizon import floor_to_step
from agent.domain.records import Batch, MinuteRow
from tests.backtest import folder as data
from tests.bench.site import write_site_file
from tests.interrupted_imports import environment

STRUCK = (130, -signal.SIGINT)  # a shell says 130 of both; the second while it loads
RULES = "no_battery,self_consumption,time_of_use"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


async def fill_store(path: Path, days: int, step_s: int = 3600) -> None:
    """The last ``days`` days of the house, in rows of ``step_s`` seconds up to now."""
    first = floor_to_step(datetime.now(UTC), 86_400) - timedelta(days=days)
    store = SqliteStore(path, ZoneInfo("Europe/Brussels"), lambda: datetime.now(UTC))
    await store.open()
    minutes = []
    for index in range(86_400 // step_s * days):
        load_kw, pv_kw = (float(str(cell)) for cell in data.hour(index * step_s // 3600)[:2])
        minutes.append(MinuteRow(
            first + timedelta(seconds=step_s * index), step_s, float(step_s), None, 1000 * pv_kw, None, 1000 * load_kw,
            None, 0.0, 0.0, 0.0, 0.0, None, None, False, None, True, (),
        ))  # fmt: skip
    await store.write(Batch(minutes=tuple(minutes)))
    await store.tidy(datetime.now(UTC))
    await store.close()


def run(folder: Path, out: Path, *more: str, picture: bool = False) -> int:
    words = ["backtest", "--data", str(folder), "--out", str(out), "--models", str(folder / "none")]
    return main([*words, *(() if picture else ("--no-pictures",)), *more])


def test_all_policies_side_by_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out" / "figures.csv"
    assert run(data.write(tmp_path, days=12), out, "--days", "1", picture=True) == 0
    found = rows(out)
    assert out.read_text().splitlines()[0] == (
        "site,export_price,demand_charge,step_s,settle_s,policy,hours,cost,saving,capture,co2_kg,peak_import_kw,"
        "import_kwh,export_kwh,cycles,peak_battery_kw,turns_per_day,lost_kwh,ms_per_decision,worst_28_days"
    )
    policies = [
        "no_battery",
        "self_consumption",
        "time_of_use",
        "plan_blind",
        "table_alone",
        "as_controlled",
        "perfect_48h",
        "perfect",
    ]
    assert [row["policy"] for row in found] == policies
    assert {row["hours"] for row in found} == {"24.0"}
    assert [float(found[i]["capture"]) for i in (0, -1)] == [0.0, 1.0]
    assert (out.parent / "figures-house.png").read_bytes().startswith(b"\x89PNG")
    said = capsys.readouterr()
    assert "as controlled" in said.out
    assert "worst" in said.out
    assert "use of the battery" in said.out
    assert "house: model consumption is not usable" in said.err


def test_what_is_there_is_not_played_again(tmp_path: Path) -> None:
    folder, out = data.write(tmp_path, names=("barn", "house", "mill")), tmp_path / "figures.csv"
    assert run(folder, out, "--sites", "house", "--policies", "no_battery") == 0
    before = out.read_text()
    assert run(folder, out, "--policies", RULES) == 0
    assert out.read_text().startswith(before)
    keys = [(row["site"], row["policy"]) for row in rows(out)]
    assert sorted(keys) == sorted((site, policy) for site in ("barn", "house", "mill") for policy in RULES.split(","))
    written = out.read_text()
    assert run(folder, out, "--policies", RULES) == 0
    assert out.read_text() == written


def test_prices_and_charges_stand_beside_each_other_in_one_file(tmp_path: Path) -> None:
    folder, out = data.write(tmp_path), tmp_path / "figures.csv"
    for more in ((), ("--export-price", "0.05"), ("--demand-charge", "15")):
        assert run(folder, out, "--policies", "self_consumption", *more) == 0
    found = rows(out)
    assert [(row["export_price"], row["demand_charge"]) for row in found] == [
        ("0.0", "0.0"), ("0.05", "0.0"), ("0.0", "15.0"),
    ]  # fmt: skip
    peak = float(found[2]["peak_import_kw"])
    assert float(found[2]["cost"]) - float(found[0]["cost"]) == pytest.approx(15 * peak, abs=0.01)


def test_settlements_stand_beside_each_other_in_one_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def quarter(index: int) -> data.Cells:
        load_kw, *others = data.hour(index // 4)
        return (float(str(load_kw)) * (0.0, 2.0, 0.5, 1.5)[index % 4], *others)

    folder, out = data.write(tmp_path, row=quarter, cadence_min=15), tmp_path / "figures.csv"
    for more in ((), ("--settle", "900"), ("--step", "900")):
        assert run(folder, out, "--policies", RULES, "--days", "4", "--export-price", "0", *more) == 0
    found = [row for row in rows(out) if row["policy"] == "no_battery"]
    assert [(row["step_s"], row["settle_s"]) for row in found] == [("3600", "3600"), ("3600", "900"), ("900", "900")]
    hourly, *quarterly = (float(row["cost"]) for row in found)
    assert quarterly[0] == quarterly[1] > hourly
    said = capsys.readouterr().out
    assert all(
        f"house: {minutes} " in said.split("saved by plan steps")[-1] for minutes in ("60, 60", "60, 15", "15, 15")
    )
    written = out.read_text()
    assert run(folder, out, "--policies", RULES, "--days", "4", "--export-price", "0", "--settle", "900") == 0
    assert out.read_text() == written


def test_rows_that_are_too_long_to_settle_by_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(data.write(tmp_path), tmp_path / "figures.csv", "--policies", RULES, "--settle", "900") == 1
    assert capsys.readouterr().err == "house was measured every 3600 s and cannot be settled every 900 s\n"


def test_several_processes_find_the_same(tmp_path: Path) -> None:
    folder = data.write(tmp_path, names=("barn", "house"))
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    assert run(folder, one, "--policies", RULES) == 0
    assert run(folder, two, "--policies", RULES, "--jobs", "2") == 0
    without_time = [[{k: v for k, v in row.items() if k != "ms_per_decision"} for row in rows(p)] for p in (one, two)]
    assert without_time[0] == sorted(without_time[1], key=lambda row: row["site"])


def test_a_bad_site_does_not_stop_the_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, out = data.write(tmp_path, names=("barn", "house")), tmp_path / "figures.csv"
    data.write_lines(folder, "barn", ["timestamp,load_kw", "today,1"])
    assert run(folder, out, "--policies", RULES) == 1
    assert {row["site"] for row in rows(out)} == {"house"}
    said = capsys.readouterr().err
    assert "barn.csv.gz:2: 'today' is not an ISO 8601 time stamp" in said
    assert "Traceback" not in said


def test_no_folder_and_a_file_of_another_kind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path / "nothing", tmp_path / "figures.csv") == 2
    assert "sites.json cannot be read: No such file or directory" in capsys.readouterr().err
    folder = data.write(tmp_path, days=4)
    other = tmp_path / "letters.csv"
    other.write_text("a,b\n1,2\n")
    assert run(folder, other) == 2
    assert other.read_text() == "a,b\n1,2\n"
    assert run(folder, folder) == 1
    assert "cannot be written" in capsys.readouterr().err


def test_an_interrupt_leaves_a_good_file_and_is_taken_up(tmp_path: Path) -> None:
    folder, out = data.write(tmp_path, days=40, names=("barn", "house")), tmp_path / "figures.csv"
    words = ["--data", str(folder), "--out", str(out), "--models", str(folder / "none"), "--no-pictures"]
    few = ["--policies", "no_battery,perfect"]
    assert main(["backtest", *words, "--sites", "barn", *few]) == 0
    command = [sys.executable, "-m", "agent", "backtest", *words]
    play = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    time.sleep(1.5)  # in the imports, in the reading or in the play: the file must be good wherever it is struck
    play.send_signal(signal.SIGINT)
    said = play.communicate(timeout=30)[1]
    assert play.returncode in STRUCK
    assert "Traceback" not in said
    lines = out.read_text().splitlines()
    assert all(line.count(",") == len(COLUMNS) - 1 for line in lines)
    assert main(["backtest", *words, *few]) == 0
    assert {row["site"] for row in rows(out)} == {"barn", "house"}


@pytest.mark.parametrize("library", ["highspy", "matplotlib"])
def test_an_interrupt_in_an_import_is_no_library_that_is_missing(library: str, tmp_path: Path) -> None:
    folder, out = data.write(tmp_path, days=4), tmp_path / "figures.csv"
    command = [sys.executable, "-m", "agent", "backtest", "--data", str(folder), "--out", str(out), "--policies", RULES]
    done = subprocess.run(command, env=environment(tmp_path, library), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")


def test_without_matplotlib_there_are_figures_and_one_sentence(tmp_path: Path) -> None:
    folder, out = data.write(tmp_path, days=4), tmp_path / "figures.csv"
    (tmp_path / "matplotlib").mkdir()
    (tmp_path / "matplotlib" / "__init__.py").write_text("raise ImportError('not here')")
    command = [sys.executable, "-m", "agent", "backtest", "--data", str(folder), "--out", str(out), "--policies", RULES]
    paths = os.pathsep.join([str(tmp_path), os.getcwd()])
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "install the extra enalysis-edge[demo]" in done.stderr
    assert done.stderr.count("\n") == 1
    assert len(rows(out)) == 3


def test_the_users_own_history_is_played_from_the_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config, out = write_site_file(tmp_path, 1, 2, 3), tmp_path / "own.csv"
    words = ["backtest", "--config", str(config), "--out", str(out), "--days", "1", "--no-pictures"]
    assert main(words) == 1
    assert "there is no store" in capsys.readouterr().err
    out.unlink()
    asyncio.run(fill_store(tmp_path / "site.sqlite3", 12))
    assert main([*words, "--policies", RULES, "--settle", "60"]) == 1
    assert "has 2 % of these days in steps of 60 s, too few to settle by them" in capsys.readouterr().err
    assert main([*words, "--policies", "no_battery,as_controlled,perfect"]) == 0
    found = {row["policy"]: row for row in rows(out)}
    assert found["no_battery"]["hours"] == "24.0"
    assert found["no_battery"]["export_price"] == "0.07"
    assert float(found["no_battery"]["cost"]) > float(found["as_controlled"]["cost"]) >= float(found["perfect"]["cost"])
    assert main(words) == 2
    assert "give the site's own history a file of its own" in capsys.readouterr().err


def test_the_users_own_minutes_settle_a_plan_by_the_hour(tmp_path: Path) -> None:
    config, out = write_site_file(tmp_path, 1, 2, 3), tmp_path / "own.csv"
    asyncio.run(fill_store(tmp_path / "site.sqlite3", 4, 60))
    words = ["backtest", "--config", str(config), "--out", str(out), "--days", "1", "--no-pictures", "--settle", "60"]
    assert main([*words, "--policies", "as_controlled,perfect"]) == 0
    found = {row["policy"]: row for row in rows(out)}
    assert {(row["step_s"], row["settle_s"], row["hours"]) for row in found.values()} == {("3600", "60", "24.0")}
    assert 0.0 < float(found["as_controlled"]["saving"]) <= float(found["perfect"]["saving"])


@pytest.mark.parametrize(
    ("played", "planned", "said"),
    [
        ([], True, None),
        ([SiteDone("a", (), schedules=100, unsolved=5)], True, None),
        ([SiteDone("a", (), schedules=100, unsolved=6)], True, "[yellow]the solver did not answer 6 of 100 times"),
        (
            [SiteDone("a", (), schedules=9, unsolved=9)],
            False,
            "[bold red]nothing was planned: the solver answered none",
        ),
        ([SiteDone("a", (), trouble="gone")], False, "[bold red]nothing was planned: not one site could be played"),
        ([SiteDone("a", (), trouble="gone"), SiteDone("b", ())], True, None),
    ],
)
def test_what_is_said_where_little_was_planned(played: list[SiteDone], planned: bool, said: str | None) -> None:
    found, sentence = judged(played)
    assert found is planned
    assert sentence is None if said is None else str(sentence).startswith(said)


DEAF_SOLVER = """
import sys
from agent.planning import optimise
from agent.planning.highs import SolverFailure

def fails(*_, **__):
    raise SolverFailure("HiGHS ended with status 'Not Set'")

optimise.solve_schedule = fails
from agent.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


def test_a_backtest_in_which_nothing_was_planned_ends_in_red(tmp_path: Path) -> None:
    folder, out = data.write(tmp_path, days=12), tmp_path / "figures.csv"
    words = ["backtest", "--data", str(folder), "--out", str(out), "--models", str(folder / "none"), "--no-pictures"]
    command = [sys.executable, "-c", DEAF_SOLVER, *words, "--days", "1", "--policies", "plan_blind"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "nothing was planned: not one site could be played" in done.stdout
    assert done.stderr == "HiGHS ended with status 'Not Set'\n"


def test_a_backtest_without_a_solver_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "highspy.py").write_text("raise ImportError('libhighs.so: no such file')")
    command = [sys.executable, "-m", "agent", "backtest", "--data", str(tmp_path), "--out", str(tmp_path / "a.csv")]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "nothing can be planned: a library cannot be loaded: libhighs.so: no such file\n"
