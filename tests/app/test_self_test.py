"""What does not work is said at the start, by the daemon and by `check --self-test`; the battery waits for nothing."""

import asyncio
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from agent.domain.records import Batch
from agent.made_up import made_up_request
from agent.self_test import try_store
from agent.settings.load import load
from exported_models import __file__ as models_file
from tests import site_files
from tests.adapters.store.store_rows import new_store
from tests.app.processes import ROOT, Inverter, daemon, enalysis_edge, notified, quick_site, until

GOOD = [
    "  the store takes a write   ok",
    "  what is kept can be read  ok",
    "  a plan on made-up data    ok",
    "  the solver                ok",
    "  the models                ok",
    "self-test: all is well",
]

WHY = "libhighs.so: undefined symbol: dlopen"
WITHOUT_SOLVER = f"The schedule follows the value table, because HiGHS cannot be used: {WHY}."


def checked(config: Path, **environment: str) -> tuple[int, list[str]]:
    """Exit code, and the lines of the self-test alone."""
    done = enalysis_edge("check", "--self-test", config, **environment)
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("  the store"))
    return done.returncode, lines[first:]


async def keep(config: Path, **documents: str) -> None:
    store = new_store(config.with_name("site.sqlite3"))
    await store.open()
    await store.write(Batch(kept=tuple(documents.items())))
    await store.close()


def broken_library(folder: Path, name: str) -> str:
    """A PYTHONPATH on which the library cannot be loaded, and the agent can."""
    package = folder / "broken" / name
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(f"raise ImportError({WHY!r})")
    return os.pathsep.join([str(package.parent), str(ROOT)])


def own_models(folder: Path) -> dict[str, object]:
    """A folder of models that is ours to spoil, as words of a site file."""
    shutil.copytree(Path(models_file).parent, folder / "own_models")
    return {"load_model": "consumption", "models": f'models = "{folder / "own_models"}"'}


def test_a_good_site_passes_and_leaves_nothing_behind(tmp_path: Path) -> None:
    config = site_files.write_home(tmp_path, inverter_port=1, meter_port=2, load_model="consumption")
    before = set(tmp_path.iterdir())
    assert checked(config) == (0, GOOD)
    assert set(tmp_path.iterdir()) == before


async def test_what_is_wrong_is_one_sentence_each(tmp_path: Path) -> None:
    config = site_files.write_home(tmp_path, inverter_port=1, meter_port=2, **own_models(tmp_path))
    model = tmp_path / "own_models" / "consumption" / "model.onnx"
    model.write_bytes(model.read_bytes()[:-1])
    await keep(config, ledger="{", **{"input/tariff": "[]", "trial": "{}"})
    code, lines = await asyncio.to_thread(checked, config)
    assert code == 1
    assert [line.partition("FAILED: ")[0].strip() for line in lines] == [
        "the store takes a write   ok",
        "what is kept can be read",
        "a plan on made-up data    ok",
        "the solver                ok",
        "the models",
        "self-test: 2 of 5 failed",
    ]
    assert "the kept tariff cannot be read: " in lines[1]
    assert "the kept ledger cannot be read: LedgerCheckpoint: not JSON" in lines[1]
    assert "model consumption is not usable: " in lines[4]


def test_a_store_that_is_none_and_a_library_that_does_not_load(tmp_path: Path) -> None:
    config = site_files.write_home(tmp_path, inverter_port=1, meter_port=2)
    (tmp_path / "site.sqlite3").write_bytes(b"this is no database, and it is long enough to be read as one" * 20)
    code, lines = checked(config, PYTHONPATH=broken_library(tmp_path, "numpy"))
    assert code == 1
    assert "takes no write: file is not a database" in lines[0]
    assert "file is not a database" in lines[1]
    assert lines[2].endswith(f"no plan could be made on made-up data: ImportError: {WHY}")
    assert lines[3] == "self-test: 3 of 3 failed"


async def test_a_folder_that_takes_no_file_is_said_with_its_reason(tmp_path: Path) -> None:
    finding = await try_store(tmp_path / "nowhere" / "site.sqlite3")
    assert finding.trouble == (
        f"nothing can be written beside the store {tmp_path}/nowhere/site.sqlite3: No such file or directory"
    )


async def test_the_write_that_is_tried_is_taken_back(tmp_path: Path) -> None:
    config = site_files.write_home(tmp_path, inverter_port=1, meter_port=2)
    await keep(config, trial="{}")
    assert (await try_store(config.with_name("site.sqlite3"))).trouble is None
    with closing(sqlite3.connect(config.with_name("site.sqlite3"))) as connection:
        assert connection.execute("SELECT name FROM kept").fetchall() == [("trial",)]


def test_the_made_up_question_is_the_sites_own_battery_and_models(tmp_path: Path) -> None:
    settings = load(site_files.write_home(tmp_path, inverter_port=1, meter_port=2, load_model="consumption"))
    request = made_up_request(settings, tmp_path)
    assert (request.battery, request.load_model) == (settings.battery_spec(), "consumption")
    assert request.store != settings.store.path


def events(config: Path) -> list[tuple[str, str, str]]:
    with closing(sqlite3.connect(f"file:{config.with_name('site.sqlite3')}?mode=ro", uri=True)) as connection:
        return connection.execute("SELECT kind, severity, text FROM event ORDER BY seq").fetchall()


def test_a_daemon_whose_numbers_do_not_load_says_so_and_steers_by_the_rule(
    tmp_path: Path, ports: tuple[int, int]
) -> None:
    config = quick_site(tmp_path, *ports)
    with notified(tmp_path) as (heard, environment), closing(Inverter(ports[0])) as inverter:
        broken = {"PYTHONPATH": broken_library(tmp_path, "numpy")}
        with daemon(config, environment={**environment, **broken}) as running:
            until(inverter.is_steered, "a setpoint of the rule")
            assert heard.next().startswith(b"READY=1")
            until(lambda: "no_plan" in running.said(), "the first plan of its own")
            assert running.stop() == 0
    assert "Traceback" not in running.said()
    assert (
        "self_test_failed/plan",
        "alarm",
        f"self-test: no plan could be made on made-up data: ImportError: {WHY}",
    ) in events(config)
    assert ("no_plan", "alarm", f"no plan: ImportError: {WHY}") in events(config)


def test_a_daemon_whose_solver_does_not_load_says_so_and_has_plans(tmp_path: Path, ports: tuple[int, int]) -> None:
    config = quick_site(tmp_path, *ports)
    with notified(tmp_path) as (heard, environment), closing(Inverter(ports[0])) as inverter:
        broken = {"PYTHONPATH": broken_library(tmp_path, "highspy")}
        with daemon(config, environment={**environment, **broken}) as running:
            until(inverter.is_steered, "a setpoint")
            assert heard.next().startswith(b"READY=1")
            assert running.stop() == 0
    alarms = [(kind, text) for kind, severity, text in events(config) if severity == "alarm"]
    ((kind, text),) = alarms
    assert kind == "self_test_failed/solver"
    assert text.startswith(f"self-test: {WITHOUT_SOLVER}")


async def test_beside_a_daemon_nothing_is_disturbed(tmp_path: Path, ports: tuple[int, int]) -> None:
    config = quick_site(tmp_path, *ports)
    with daemon(config) as running, closing(Inverter(ports[0])) as inverter:
        until(inverter.is_steered, "a setpoint")
        assert checked(config) == (0, GOOD)
        assert running.stop() == 0
    assert [kind for kind, severity, _ in events(config) if severity != "info"] == []
