"""Training by the workers of a Dask cluster: real processes, the same bytes, a worker that is killed, refusals."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.training.site_folder import DESCRIBED, rows_of, write_workshops
from training.__main__ import main
from training.fit import fit
from training.fit.command import data_sha256
from training.fit.fit import FitData, fit_and_export
from training.fit.trees import Growth
from training.parts.part import OneMachine, Part, WorkFailed, holding, in_order
from training.sites.measured_site import read_sites

distributed = pytest.importorskip("distributed", reason="Dask is not installed: `make test-training` brings it")

import dask  # noqa: E402 as it does

from training.parts.cluster import LOOPBACK, cluster  # noqa: E402 needs Dask

ROOT = Path(__file__).parents[2]
SMALL = Growth(trees=(3, 3, 4, 3, 3), leaves=5, learning_rate=0.2, fewest_rows=20)
DAYS = 24
SITES = ("ucam_b1", "ucam_b2", "ucsd_x")
QUICK = "same_hour_yesterday,enalysis_no_weather,enalysis"
PERIOD = {"test_start": "2023-05-18", "test_end": "2023-05-24"}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Two workers, each a process of its own."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=LOOPBACK, silence_logs=50
    ) as started:
        yield started.scheduler_address


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_workshops(tmp_path_factory.mktemp("data"), SITES, DESCRIBED | PERIOD, DAYS)


@pytest.fixture(autouse=True)
def few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit, "_GROWTH", {"load_w": SMALL, "pv_w": SMALL})


@pytest.fixture
def training(monkeypatch: pytest.MonkeyPatch) -> Any:
    def run(*words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["training", *words])
        return main()

    return run


def hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of the models below a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def number(of: int) -> int:
    return of


def total(*numbers: int) -> int:
    return sum(numbers)


def logged(file: str, name: str, pause_s: float) -> str:
    with Path(file).open("a") as log:
        log.write(f"{name} {os.getpid()}\n")
    time.sleep(pause_s)
    return name


def failing(_: int) -> int:
    raise ValueError("the roof is not there\nand much more")


def dying() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_fit_is_the_same_bytes_on_a_cluster_and_on_one_machine(
    training: Any, address: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, many = tmp_path / "one", tmp_path / "many"
    assert training("fit", "--data", str(folder), "--out", str(one)) == 0
    capsys.readouterr()
    assert training("fit", "--data", str(folder), "--out", str(many), "--cluster", address) == 0
    said = capsys.readouterr()
    assert f"{address}, 2 workers" in said.out
    assert said.err == ""
    assert set(hashes(one)) == {f"{name}/{file}" for name in ("consumption", "solar") for file in FILES}
    assert hashes(many) == hashes(one)


FILES = ("card.json", "model.onnx")


def test_a_worker_that_is_killed_in_the_middle_changes_nothing(address: str, folder: Path, tmp_path: Path) -> None:
    data = FitData(read_sites(folder, "measured"), read_sites(folder, "model"), data_sha256(folder, SITES))
    fit_and_export(data, "load_w", tmp_path / "one", 1, lambda _: None)
    killed: list[int] = []
    with cluster(address, ("numpy",)) as engine, distributed.Client(address, set_as_default=False) as client:

        def kill_one(done: str) -> None:
            if done.startswith("quantile 2 of") and not killed:
                killed.append(min(client.run(os.getpid).values()))
                os.kill(killed[0], signal.SIGKILL)

        fit_and_export(data, "load_w", tmp_path / "many", 1, kill_one, engine=engine)
        client.wait_for_workers(2, timeout=30)
        assert killed[0] not in client.run(os.getpid).values()
    assert hashes(tmp_path / "many") == hashes(tmp_path / "one")


def test_a_worker_that_is_killed_costs_only_its_part(address: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.touch()
    names = [f"part {index}" for index in range(8)]
    parts = [Part(name, logged, (str(log), name, 0.4)) for name in names]
    answers: dict[int, str] = {}
    before: set[str] = set()
    with cluster(address, ()) as engine:
        for index, answer in engine.results(parts):
            answers[index] = answer
            if len(answers) == 3:
                before = set(answers.values())
                time.sleep(0.1)  # longer than a message takes that an answer has come here
                os.kill(int(log.read_text().splitlines()[-1].split()[-1]), signal.SIGKILL)
    assert [answers[index] for index in range(8)] == names
    done = [line.rpartition(" ")[0] for line in log.read_text().splitlines()]
    again = {name for name in names if done.count(name) > 1}
    assert again  # what the killed worker was at
    assert not again & before
    assert set(done) == set(names)


def test_parts_are_given_the_answers_of_others_on_both_engines(address: str) -> None:
    shared = holding("one", 1)
    inner = Part("sum", total, (shared, Part("two", number, (2,))), shared=True)
    parts = [Part("a", total, (inner, 3)), Part("b", total, (inner, shared))]
    with cluster(address, ()) as engine:
        assert in_order(engine, parts) == in_order(OneMachine(), parts) == [6, 4]


def test_a_part_that_fails_says_place_and_reason_in_one_sentence(address: str) -> None:
    parts = [Part("the yield of mill", total, (Part("the roof of mill", failing, (1,)), 1))]
    with cluster(address, ()) as engine, pytest.raises(WorkFailed) as raised:
        in_order(engine, parts)
    said = str(raised.value)
    assert said.startswith("the roof of mill failed on tcp://127.0.0.1:")
    assert said.endswith(": ValueError: the roof is not there")


def test_a_part_that_kills_every_worker_is_given_up() -> None:
    with dask.config.set({"distributed.scheduler.allowed-failures": 0}):  # Dask tries four workers
        one = distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=LOOPBACK, silence_logs=50)
    died = pytest.raises(WorkFailed, match=r"^too much failed: each worker that did it died, tcp://127.* last")
    with one, cluster(one.scheduler_address, ()) as engine, died:
        in_order(engine, [Part("too much", dying, ())])


def test_a_scheduler_that_goes_is_said(tmp_path: Path) -> None:
    parts = [Part(f"part {index}", logged, (str(tmp_path / "log"), "x", 0.3)) for index in range(40)]
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=LOOPBACK, silence_logs=50) as one,
        cluster(one.scheduler_address, ()) as engine,
    ):
        made = engine.results(parts)
        next(made)
        one.close()
        with pytest.raises(WorkFailed, match=r"^--cluster tcp://127.0.0.1:\d+: the scheduler has gone"):
            list(made)


def test_ctrl_c_ends_it_without_a_traceback(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    words = ["evaluate", "--data", str(folder), "--out", str(out), "--models", QUICK, "--cluster"]
    started = [sys.executable, "-m", "training", *words]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "start_new_session": True}
    with subprocess.Popen(started, cwd=ROOT, **quiet) as process:
        until = time.monotonic() + 120
        while time.monotonic() < until and (not out.exists() or out.read_text().count("\n") < 2):
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal sends it: to the workers as well
        said = process.communicate()[1].decode()  # ends when the last process that holds the pipe has gone
    assert (process.returncode, said) == (130, "interrupted\n")


def test_an_evaluation_finds_the_same_on_a_cluster(training: Any, address: str, folder: Path, tmp_path: Path) -> None:
    one, many = tmp_path / "one.csv", tmp_path / "many.csv"
    models = ("--models", "persistence,same_hour_yesterday,enalysis_raw")
    assert training("evaluate", "--data", str(folder), "--out", str(one), *models) == 0
    assert training("evaluate", "--data", str(folder), "--out", str(many), *models, "--cluster", address) == 0
    assert len(rows_of(one)) == 3 * 2 * 3 * 3
    assert sorted(many.read_text().splitlines()) == sorted(one.read_text().splitlines())


def test_an_evaluation_says_what_a_worker_could_not_do(
    training: Any, address: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exported = tmp_path / "exported"
    shutil.copytree(ROOT / "exported_models", exported)
    (exported / "consumption" / "model.onnx").write_bytes(b"not a model")
    words = ("--exported", str(exported), "--models", "enalysis_raw", "--targets", "load", "--cluster", address)
    assert training("evaluate", "--data", str(folder), "--out", str(tmp_path / "out.csv"), *words) == 1
    said = capsys.readouterr().err
    assert said.startswith("ucam_b1 load enalysis_raw failed on tcp://127.0.0.1:")
    assert "model consumption is not usable" in said
    assert said.count("\n") == 1


def test_jobs_and_a_cluster_are_not_asked_for_at_once(
    training: Any, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--data", str(folder), "--out", str(tmp_path / "out.csv"), "--jobs", "2", "--cluster", "local")
    assert training("evaluate", *words) == 1
    assert capsys.readouterr().err == "--jobs 2 and --cluster: one of the two\n"


@pytest.mark.parametrize("command", ["fit", "evaluate"])
def test_an_address_where_nothing_answers_is_said(
    command: str,
    training: Any,
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("training.parts.cluster.CONNECT_S", 1)
    words = ("--data", str(folder), "--out", str(tmp_path / "out"), "--cluster", "tcp://127.0.0.1:9")
    assert training(command, *words) == 1
    said = capsys.readouterr().err
    assert said.startswith("--cluster tcp://127.0.0.1:9: no Dask scheduler can be reached there (")
    assert said.count("\n") == 1


def test_a_cluster_without_workers_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.parts.cluster.WORKERS_S", 0.5)
    none = distributed.LocalCluster(n_workers=0, threads_per_worker=1, dashboard_address=LOOPBACK, silence_logs=50)
    refused = pytest.raises(WorkFailed, match="it has no worker; `dask worker tcp://")
    with none, refused, cluster(none.scheduler_address, ()):
        pass


def test_a_worker_with_other_code_is_refused(tmp_path: Path) -> None:
    for package in ("agent", "drivers", "site_data", "training"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("web", "__pycache__"))
    with (tmp_path / "training" / "quantities.py").open("a") as file:
        file.write("# other\n")
    said = refused_worker(tmp_path)
    assert "would make other models: the code of Enalysis Edge is " in said


def test_a_worker_without_our_packages_is_refused(tmp_path: Path) -> None:
    (tmp_path / "training").mkdir()
    (tmp_path / "training" / "__init__.py").touch()  # found before ours, which the environment may have
    assert "cannot do our work (" in (said := refused_worker(tmp_path)), said
    assert said.endswith("it needs the same enalysis-edge[train,cluster] as this machine")


def refused_worker(place: Path) -> str:
    """What is said of a real worker process that finds its packages at ``place``."""
    with distributed.LocalCluster(
        n_workers=0, threads_per_worker=1, dashboard_address=LOOPBACK, silence_logs=50
    ) as empty:
        address = empty.scheduler_address
        worker = [sys.executable, "-P", "-m", "distributed.cli.dask_worker", address, "--no-dashboard", "--no-nanny"]
        environment = os.environ | {"PYTHONPATH": str(place)}
        with subprocess.Popen(worker, cwd=place, env=environment, stdout=-3, stderr=-3) as process:
            try:
                with pytest.raises(WorkFailed) as raised, cluster(address, ("numpy",)):
                    pass
            finally:
                process.kill()
    return str(raised.value)
