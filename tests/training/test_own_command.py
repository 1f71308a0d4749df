"""``python -m training fit --site``: from a store and from a folder, and every way it can be refused."""

import asyncio
import json
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.adapters.models.candidates import enrol
from agent.adapters.models.registry_file import read_registry
from agent.adapters.store.schema_sql import ROLLUP_COLUMNS, insert_sql
from tests.adapters.store.store_rows import new_store
from tests.training.site_folder import DESCRIBED, table_of, workshop, write_folder
from training.__main__ import main
from training.own_site import command

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Done:
    code: int
    said: list[str]
    complained: list[str]

    def refused(self, code: int = 1) -> str:
        """The one sentence of a refusal."""
        assert self.code == code
        assert self.said == []
        assert len(self.complained) == 1, self.complained
        return self.complained[0]


Fit = Callable[..., Done]


@pytest.fixture
def fit(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Fit:
    """The command as its process would run it."""

    def run(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["python -m training", "fit", "--site", *arguments])
        code = main()
        caught = capfd.readouterr()
        return Done(code, caught.out.splitlines(), caught.err.splitlines())

    return run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tables = {"shop": table_of(workshop(45)), "young": table_of(workshop(20))}
    return write_folder(tmp_path_factory.mktemp("data"), dict.fromkeys(tables, DESCRIBED), tables)


def site_file(folder: Path, hours: int) -> Path:
    """A site file with a store that has measured ``hours`` up to last midnight; without a store for none."""
    text = (ROOT / "config" / "try.toml").read_text().replace("../demo-out/try.sqlite3", f"{folder}/site.sqlite3")
    file = folder / "site.toml"
    file.write_text(text)
    if hours:
        asyncio.run(_new_store(folder / "site.sqlite3"))
        _measure(folder / "site.sqlite3", hours)
    return file


async def _new_store(path: Path) -> None:
    store = new_store(path)
    await store.open()
    await store.close()


def _measure(path: Path, hours: int) -> None:
    now = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)  # as the workshop begins: at midnight
    shop = workshop(hours // 24 + 1)
    insert = insert_sql("rollup", ("span", *ROLLUP_COLUMNS))
    with closing(sqlite3.connect(path)) as connection, connection:
        for ago in range(hours, 0, -1):
            totals = dict.fromkeys(ROLLUP_COLUMNS, 0.0) | {
                "at": int((now - timedelta(hours=ago)).timestamp()),
                "covered_s": 3600.0,
                "load_w": shop["load_kw"][hours - ago] * 1000.0,
                "pv_w": shop["pv_kw"][hours - ago] * 700.0,
            }
            connection.execute(insert, ("hour", *(totals[name] for name in ROLLUP_COLUMNS)))


def test_from_the_store_come_candidates_that_the_agent_puts_on_trial(fit: Fit, tmp_path: Path) -> None:
    config = site_file(tmp_path, 40 * 24)
    before = (tmp_path / "site.sqlite3").read_bytes()
    done = fit("--config", str(config))
    assert (done.code, done.complained) == (0, [])
    models = tmp_path / "models"
    assert [line.split(":")[0] for line in done.said] == [
        str(models / "consumption-own"),
        str(models / "solar-own"),
    ]
    assert json.loads((models / "consumption-own" / "card.json").read_text())["trained_on"][0].startswith(
        "try: 40 days"
    )
    assert len(enrol(models, datetime.now(UTC))) == 2
    registry, _ = read_registry(models)
    assert {trial.name for post in registry.posts for trial in post.trials} == {"consumption-own", "solar-own"}
    assert (tmp_path / "site.sqlite3").read_bytes() == before


def test_a_young_model_is_left_and_an_old_one_is_renewed(fit: Fit, folder: Path, tmp_path: Path) -> None:
    order = ("--data", str(folder), "--sites", "shop", "--out", str(tmp_path), "--renew-after", "14")
    assert fit(*order).code == 0
    card = tmp_path / "consumption-own" / "card.json"
    made = card.read_bytes()
    again = fit(*order)
    assert again.code == 0
    assert [line.endswith("left as it is") for line in again.said] == [True, True]
    for day in ("2023-05-20", "2031-01-01"):  # old, or made while the clock was wrong
        card.write_text(json.dumps(json.loads(made) | {"trained_at": day}))
        renewed = fit(*order)
        assert [line.endswith("left as it is") for line in renewed.said] == [False, True]
        assert card.read_bytes() == made


def test_too_little_history_is_said_for_each_quantity_and_is_no_fault(fit: Fit, folder: Path, tmp_path: Path) -> None:
    done = fit("--data", str(folder), "--sites", "young", "--out", str(tmp_path / "models"))
    assert (done.code, done.complained) == (3, [])
    assert done.said == [
        f"young has 20 days of {quantity} measured before 2023-05-21, a model of its own needs 28"
        for quantity in ("load_w", "pv_w")
    ]


def test_a_store_without_history_is_said_in_a_sentence(fit: Fit, tmp_path: Path) -> None:
    config = site_file(tmp_path, 1)
    done = fit("--config", str(config))
    assert (done.code, done.complained) == (3, [])
    assert "try has 0 days of load_w measured" in done.said[0]
    assert list((tmp_path / "models").iterdir()) == []


def test_without_a_store_there_is_nothing_to_learn_from(fit: Fit, tmp_path: Path) -> None:
    assert "there is no store at" in fit("--config", str(site_file(tmp_path, 0))).refused()


def test_no_site_file(fit: Fit) -> None:
    assert "there is no such file" in fit("--config", "/nowhere/site.toml").refused()


def test_a_site_that_is_not_there_and_a_base_that_is_not_there(fit: Fit, folder: Path, tmp_path: Path) -> None:
    data = ("--data", str(folder), "--out", str(tmp_path))
    assert "has no site nobody; it has shop, young" in fit(*data, "--sites", "nobody").refused()
    said = fit(*data, "--sites", "shop", "--base", str(tmp_path)).refused()
    assert said.startswith("model consumption is not usable: card.json cannot be read")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "--site needs either --config FILE or --data DIR with --sites NAME"),
        (("--data", "DATA"), "--site with --data needs --sites NAME and --out DIR"),
        (("--data", "DATA", "--sites", "shop"), "--site with --data needs --sites NAME and --out DIR"),
        (("--data", "DATA", "--config", "site.toml"), "--site needs either"),
        (("--config", "site.toml", "--renew-after", "nan"), "--renew-after is nan, not a number of days"),
    ],
)
def test_a_wrong_command(fit: Fit, arguments: tuple[str, ...], sentence: str, folder: Path) -> None:
    given = [str(folder) if word == "DATA" else word for word in arguments]
    assert sentence in fit(*given).refused(code=2)


def test_a_folder_that_cannot_be_written(fit: Fit, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file where the folder should be")
    said = fit("--data", str(folder), "--sites", "shop", "--out", str(tmp_path / "models")).refused()
    assert said.startswith(str(tmp_path / "models"))


def test_without_the_extra_it_says_what_is_missing(
    fit: Fit, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "find_spec", lambda name: None if name == "lightgbm" else name)
    said = fit("--data", str(folder), "--sites", "shop", "--out", str(tmp_path)).refused()
    assert said == "lightgbm is not installed: training needs the extra `train` of enalysis-edge"
