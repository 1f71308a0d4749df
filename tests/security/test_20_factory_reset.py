"""Item 20: a factory reset leaves nothing of keys, data, history, accounts and permit; the owner's data can be had.

Real processes on a simulated inverter; the folder is compared before and after, by names and bytes.
"""

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.adapters.store.row_reader import decisions
from agent.cli.belongings import credentials_of
from agent.cli.ending import ALREADY_RUNNING, FAILED, GOOD, WRONG
from agent.made_up import fill
from agent.ports import StoreFailure
from agent.settings.permit import permit_file
from tests import site_files
from tests.app.processes import Inverter, daemon, enalysis_edge, quick_site, simulator, until
from tests.cli.person import at_a_terminal
from tests.security.items import security

CANARY = "canary-of-a-secret"
KEYS = ("site.pem", "site.key", "password", "platform.keys", "site.identity.pem", "site.identity.pem.new")
CLOUD = """
[cloud]
host = "127.0.0.1"
port = 1
cert_file = "site.pem"
key_file = "site.key"
password_file = "password"
username = "home"
keys_file = "platform.keys"
"""
Contents = dict[str, bytes]


def contents(folder: Path) -> Contents:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def has_decisions(store: Path) -> bool:
    with suppress(StoreFailure):  # it is just being made
        return bool(decisions(store, datetime(2026, 1, 1, tzinfo=UTC), datetime.now(UTC)))
    return False


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Path, Inverter]]:
    """A commissioned site with keys, an account of the console, a candidate model; its inverter runs."""
    inverter_port, meter_port = site_files.free_ports(2)
    with simulator(inverter_port, meter_port):
        folder = tmp_path / "site"
        folder.mkdir()
        path = quick_site(folder, inverter_port, meter_port, "", charge_w=5000, discharge_w=5000)
        beside = {"console/keys.json": CANARY, "console/audit.log": "{}", "models/candidate/card.json": CANARY}
        beside |= {"models/.incoming/part": CANARY, "site.last-good.toml": CANARY}
        for name, text in beside.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        inverter = Inverter(inverter_port)
        yield path, inverter
        inverter.close()


def with_keys(path: Path) -> None:
    """The section [cloud] with its files, for commands alone: nothing is connected to."""
    for name in KEYS:
        (path.parent / name).write_text(CANARY)
    path.write_text(path.read_text("utf-8") + CLOUD)


def ran(path: Path, inverter: Inverter) -> None:
    """The daemon steers, writes to its store, and is killed in the middle of it."""
    with daemon(path) as running:
        until(inverter.is_steered, "the first setpoint")
        until((path.parent / "site.sqlite3").exists, "the store")
        refused = enalysis_edge("reset", "--config", path, "--yes")
        assert (refused.returncode, "another instance" in refused.stderr) == (ALREADY_RUNNING, True), refused.stderr
        assert permit_file(path).exists()
        running.kill()
    assert inverter.is_steered()


@security(20, shows="a reset gives the battery back and leaves nothing but the site file")
def test_a_reset_gives_the_battery_back_and_leaves_nothing_but_the_site_file(site: tuple[Path, Inverter]) -> None:
    path, inverter = site
    ran(path, inverter)
    with_keys(path)
    (path.parent / "notes.txt").write_text("of a person")
    before = contents(path.parent)
    assert {permit_file(path).name, *KEYS, "site.sqlite3", "site.sqlite3.ballast", "console/keys.json"} <= set(before)
    done = enalysis_edge("reset", "--config", path, "--yes")
    assert done.returncode == GOOD, done.stderr
    assert not inverter.is_steered()
    after = contents(path.parent)
    gone = set(before) - set(after)
    assert {name: after[name] for name in set(after) - {"site.sqlite3.lock", "log"}} == {
        name: before[name] for name in ("site.toml", "notes.txt")
    }
    assert CANARY.encode() not in b"".join(after.values())
    # It says what it has removed, and what it has not.
    top = {name.partition("/")[0] for name in gone}
    assert [name for name in sorted(top) if str(path.parent / name) not in done.stdout] == []
    assert f"left alone: {path.parent / 'log'}, {path.parent / 'notes.txt'}" in done.stdout
    again = enalysis_edge("reset", "--config", path, "--yes", "--site-file")
    assert again.returncode == GOOD, again.stderr
    assert not path.exists()


async def test_what_a_look_into_the_store_leaves_beside_it_goes_too(tmp_path: Path) -> None:
    path = site_files.write_home(tmp_path, inverter_port=1, meter_port=2)
    permit_file(path).unlink()
    await fill(tmp_path / "site.sqlite3", 5000.0)
    done = enalysis_edge("reset", "--config", path, "--yes")
    assert done.returncode == GOOD, done.stderr
    assert set(contents(tmp_path)) == {path.name, "site.sqlite3.lock"}


def test_nothing_is_removed_while_the_battery_cannot_be_given_back(tmp_path: Path) -> None:
    path = quick_site(tmp_path, *site_files.free_ports(2))
    before = contents(tmp_path)
    refused = enalysis_edge("reset", "--config", path, "--yes")
    assert refused.returncode == FAILED
    assert "nothing was removed: the battery must be given back first" in refused.stderr
    assert {name: text for name, text in contents(tmp_path).items() if not name.endswith(".lock")} == before
    gone_for_good = enalysis_edge("reset", "--config", path, "--yes", "--without-battery")
    assert gone_for_good.returncode == GOOD, gone_for_good.stderr
    assert set(contents(tmp_path)) - {"site.sqlite3.lock"} == {"site.toml"}


def test_nobody_who_could_be_asked_is_a_no(tmp_path: Path) -> None:
    path = quick_site(tmp_path, *site_files.free_ports(2))
    refused = enalysis_edge("reset", "--config", path)
    assert (refused.returncode, refused.stdout) == (WRONG, "")
    assert "wants a terminal, or --yes" in refused.stderr
    assert permit_file(path).exists()


@security(20, shows="another word than the site's id is a no")
async def test_another_word_than_the_sites_id_is_a_no(tmp_path: Path) -> None:
    path = quick_site(tmp_path, *site_files.free_ports(2))
    async with at_a_terminal("reset", "--config", str(path)) as person:
        await person.answers("Type the site's id, home-1,", "yes")
        assert await person.ends() == FAILED
    assert permit_file(path).exists()


def test_the_files_behind_credentials_are_found_in_the_administrators_units(tmp_path: Path) -> None:
    (tmp_path / "a.service.d").mkdir()
    (tmp_path / "a.service").write_text(
        "[Service]\n#LoadCredential=no:/etc/no\nLoadCredential=site.key:/etc/e/site.key\n"
    )
    (tmp_path / "a.service.d" / "more.conf").write_text("[Service]\nLoadCredentialEncrypted=mail:/etc/e/mail\n")
    assert list(credentials_of("a.service", tmp_path)) == [Path("/etc/e/site.key"), Path("/etc/e/mail")]


@security(20, shows="the owner gets all data while the daemon runs, and no secret")
def test_the_owner_gets_all_data_while_the_daemon_runs_and_no_secret(site: tuple[Path, Inverter]) -> None:
    path, _inverter = site
    archive = path.parent / "mine.zip"
    with daemon(path):
        until(lambda: has_decisions(path.parent / "site.sqlite3"), "a decision in the store")
        done = enalysis_edge("export", "--config", path, "--to", archive)
    assert done.returncode == GOOD, done.stderr
    assert archive.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(archive) as packed:
        found = {name: packed.read(name).decode() for name in packed.namelist()}
    tables = {name: list(csv.reader(io.StringIO(text))) for name, text in found.items() if name.endswith(".csv")}
    assert tables["readings.csv"][0][:4] == ["at", "span_s", "covered_s", "grid_w"]
    assert "the agent starts" in str(tables["decisions.csv"])
    assert tables["decisions.csv"][1][0].endswith("Z")
    assert json.loads(found["settings.json"])["site"]["id"] == site_files.HOME_ID
    assert {"README.txt", "site.toml", "documents/settings.json", "console/audit.log"} <= set(found)
    assert [name for name in tables if name.replace("_1.csv", "_*.csv") not in found["README.txt"]] == []
    assert CANARY not in "".join(found.values())
    again = enalysis_edge("export", "--config", path, "--to", archive)
    assert (again.returncode, "is there already" in again.stderr) == (FAILED, True)
