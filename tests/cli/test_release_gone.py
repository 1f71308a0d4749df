"""`enalysis-edge release` names what the site file does not have any more, and forgets it on a word."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from agent.__main__ import main
from agent.adapters.devices.kept_steering import read_steering
from agent.adapters.host.lock import SiteLock
from agent.cli import battery_release
from agent.cli.battery_release import release
from agent.domain.documents import STEERING
from agent.domain.records import Batch
from agent.settings.load import load
from tests.adapters.store.store_rows import new_store
from tests.scenarios.stage import staged
from tests.site_files import free_ports, write_home

GONE, OTHER = "10.9.8.7:502 unit 1", "10.9.8.7:502 unit 2 coil 3"
FOUND = {"limit": 60.0}
NAMED = "steered and not given back, and no device of the site any more"


async def remember(store: Path, left: Mapping[str, bool]) -> None:
    """The store of an agent that has steered these addresses; True: and has not given them back."""
    document = {address: {"steering": owed, "found": FOUND} for address, owed in left.items()}
    opened = new_store(store)
    await opened.open()
    await opened.write(Batch(kept=((STEERING.name, json.dumps(document)),)))
    await opened.close()


def remembered(config: Path) -> dict[str, bool]:
    document, trouble = read_steering(config.with_name("site.sqlite3"))
    assert trouble is None
    return {address: kept["steering"] for address, kept in json.loads(document or "{}").items()}


@pytest.fixture
async def config(tmp_path: Path) -> Path:
    """A site whose inverter is owed its settings, and so is what stood at two addresses that it has no more."""
    ports = free_ports(2)
    path = write_home(tmp_path, inverter_port=ports[0], meter_port=ports[1])
    here = f"127.0.0.1:{ports[0]} unit 1"
    await remember(tmp_path / "site.sqlite3", {here: True, GONE: True, OTHER: True, "10.1.1.1:502 unit 1": False})
    return path


@pytest.mark.parametrize("locked", [None, "it has not been commissioned"])
async def test_what_is_gone_is_named_after_the_usual_work(tmp_path: Path, locked: str | None) -> None:
    async with staged(tmp_path) as stage:
        await stage.app.stop("the agent was told to stop")
        settings, here = load(tmp_path / "site.toml"), f"127.0.0.1:{stage.inverter_port} unit 1"
        await remember(stage.store, {here: True, GONE: True})
        code, sentence = await release(settings, locked)
        assert code == 1
        assert sentence.startswith("inverter is released to its own self-consumption; ")
        assert f"; {GONE}: {NAMED}: put it back" in sentence
        assert sentence.endswith(f"`enalysis-edge release --gone '{GONE}'`")
        await remember(stage.store, {here: True})
        code, sentence = await release(settings, locked)
        assert (code, sentence) == (0, "inverter is released to its own self-consumption")


@pytest.mark.parametrize("locked", [None, "it has not been commissioned"])
async def test_one_that_answers_at_another_address_is_given_back_there(tmp_path: Path, locked: str | None) -> None:
    async with staged(tmp_path) as stage:
        await stage.play(2.0)
        await stage.app.stop("the agent was told to stop")
        document, _ = read_steering(stage.store)
        (kept,) = json.loads(document or "{}").values()
        opened = new_store(stage.store)
        await opened.open()
        left = {GONE: kept | {"steering": True}}
        await opened.write(Batch(kept=((STEERING.name, json.dumps(left)),)))
        await opened.close()
        code, sentence = await release(load(tmp_path / "site.toml"), locked)
        assert (code, sentence) == (0, "inverter is released to its own self-consumption")
        assert list(remembered(tmp_path / "site.toml").values()) == [False]


async def test_a_locked_site_with_nothing_else_to_do_names_all_of_them(tmp_path: Path) -> None:
    path = write_home(tmp_path, inverter_port=1, meter_port=2)
    await remember(tmp_path / "site.sqlite3", {GONE: True, OTHER: True})
    code, sentence = await release(load(path), "it has not been commissioned")
    assert code == 1
    assert sentence.startswith(f"{GONE} and {OTHER}: {NAMED}")
    assert sentence.endswith("`enalysis-edge release --gone ADDRESS`; it has not been commissioned")


async def test_a_battery_that_does_not_answer_hides_nothing(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(battery_release, "TRY_FOR_S", 0.0)
    code, sentence = await release(load(config))
    assert code == 1
    assert sentence.startswith("inverter could not be released: ")
    assert f"{GONE} and {OTHER}: {NAMED}" in sentence


def gone(config: Path, address: str) -> int:
    return main(["release", "--config", str(config), "--gone", address])


def test_exactly_that_address_is_forgotten(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = remembered(config)
    assert gone(config, GONE) == 0
    assert capsys.readouterr().out == f"{GONE} is forgotten: nothing is to be given back there\n"
    assert remembered(config) == {**before, GONE: False}
    assert gone(config, GONE) == 1
    told = capsys.readouterr().err
    assert told == (
        f"nothing is to be given back at {GONE}; no device of the site any more, and not given back: '{OTHER}'\n"
    )


@pytest.mark.parametrize("address", ["10.9.8.7:502", "10.1.1.1:502 unit 1", ""])
def test_an_address_that_is_not_remembered_so_is_refused(
    config: Path, address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = remembered(config)
    assert gone(config, address) == 1
    assert f"given back at {address}; " in capsys.readouterr().err
    assert remembered(config) == before


def test_a_device_that_is_in_the_site_file_is_refused(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = remembered(config)
    assert gone(config, next(iter(before))) == 1
    assert "is in the site file: `enalysis-edge release` without --gone gives it back" in capsys.readouterr().err
    assert remembered(config) == before


def test_while_the_agent_runs_nothing_is_forgotten(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = remembered(config)
    with SiteLock(config.with_name("site.sqlite3")):
        assert gone(config, GONE) == 75
    assert f"{GONE} is not forgotten: another instance (process " in capsys.readouterr().err
    assert remembered(config) == before


def test_a_broken_site_file_says_nothing_about_what_is_gone(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = remembered(config)
    config.write_text(config.read_text("utf-8").replace("[battery]", "[batery]"), "utf-8")
    assert gone(config, GONE) == 2
    assert "batery" in capsys.readouterr().err
    assert remembered(config) == before


def test_without_a_store_there_is_nothing_to_forget(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_home(tmp_path, inverter_port=1, meter_port=2)
    assert gone(path, GONE) == 1
    assert "the site file has every device that was steered" in capsys.readouterr().err


def test_a_store_that_cannot_be_read_forgets_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_home(tmp_path, inverter_port=1, meter_port=2)
    (tmp_path / "site.sqlite3").write_text("no database, and longer than the header of one would be" * 4)
    assert gone(path, GONE) == 1
    assert f"{GONE} is not forgotten: the store " in capsys.readouterr().err
