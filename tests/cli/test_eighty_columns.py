"""What is printed at a terminal of 80 columns: every line fits, and no word, date or amount of it is cut."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from agent.__main__ import main
from agent.backtest.figures import Row
from agent.backtest.policies import NAMES
from agent.backtest.site_run import Rules
from agent.cli.folded import folded
from agent.cli.play_summary import summarise
from agent.cli.terminal import terminal
from agent.domain.horizon import floor_to_step
from agent.domain.records import Batch
from agent.domain.wire import to_json
from tests import site_files
from tests.adapters.store.store_rows import new_store
from tests.cli.person import at_a_terminal
from tests.cli.test_report import quarters
from tests.cycles.control_stage import plan

NOW = datetime.now(UTC)
MIDNIGHT = NOW.replace(hour=0, minute=0, second=0, microsecond=0)


@pytest.fixture
async def config(tmp_path: Path) -> Path:
    """A site with two days in its store, a plan that holds, and the installed models."""
    path = site_files.write_home(tmp_path, inverter_port=1, meter_port=2, load_model="consumption")
    store = new_store(tmp_path / "site.sqlite3")
    await store.open()
    made = plan(0.2, floor_to_step(NOW, 900))
    rows = tuple(quarters(2, MIDNIGHT - timedelta(days=2)))
    await store.write(Batch(minutes=rows, kept=(("plan", to_json(made)),)))
    await store.tidy(NOW)
    await store.close()
    return path


async def printed(*arguments: str, code: int = 0) -> list[str]:
    async with at_a_terminal(*arguments) as person:
        assert await person.ends() == code
        person.look()
        return person.seen.splitlines()


@pytest.mark.parametrize("command", [("status",), ("report",), ("report", "--by", "hour"), ("models", "list")])
async def test_every_line_fits_and_nothing_is_cut(config: Path, command: tuple[str, ...]) -> None:
    lines = await printed(*command, "--config", str(config))
    assert [line for line in lines if len(line) > 80 or "…" in line] == []
    assert len(lines) > 5


def too_wide(lines: list[str]) -> list[str]:
    """A path that alone is wider than the terminal is left whole, and stands alone."""
    return [line for line in lines if len(line) > 80 and len(line.split()) > 1]


async def test_sentences_are_folded_between_words(config: Path) -> None:
    archive = config.with_name("all.zip")
    for command, code in (
        (("export", "--to", str(archive), "--config"), 0),
        (("export", "--to", str(archive), "--config"), 1),  # it is there already
        (("explain", "--at", "04:00", "--config"), 1),
        (("check",), 0),
    ):
        lines = await printed(*command, str(config), code=code)
        assert lines
        assert too_wide(lines) == []
    config.write_text(config.read_text("utf-8").replace("soc_min_pct = 10", "soc_min_pct = 99"), "utf-8")
    lines = await printed("check", str(config), code=2)
    assert len(lines) > 2
    assert too_wide(lines) == []


async def test_a_reset_that_is_not_confirmed_is_folded_too(config: Path) -> None:
    async with at_a_terminal("reset", "--config", str(config)) as person:
        await person.answers("to go on:", "no")
        assert await person.ends() == 1
        person.look()
    assert "nothing was removed: it was not confirmed" in person.seen
    assert too_wide(person.seen.splitlines()) == []


def test_at_sixty_columns_the_words_are_the_same() -> None:
    text = "site.toml:12: [battery] soc_min_pct is 99, which is not above, and so on, to the end of it\n  two  spaces"
    for width in (60, 40):
        lines = folded(text, width).splitlines()
        assert max(map(len, lines)) <= width
        assert " ".join(lines).split() == text.split()
    assert folded(text, 200) == text


async def test_a_report_has_whole_days_and_amounts_and_with_wide_all_columns(config: Path) -> None:
    (day, money), said = (f"{MIDNIGHT - timedelta(days=1):%Y-%m-%d}", "2.77"), "saved"
    narrow = await printed("report", "--config", str(config))
    [row] = [line.split() for line in narrow if line.strip().startswith(day)]
    assert money in row
    assert any(said in line and "execution" not in line for line in narrow)
    wide = await printed("report", "--wide", "--config", str(config))
    assert any("rule saves" in line and "execution" in line for line in wide)
    [row] = [line.split() for line in wide if line.strip().startswith(day)]
    assert len(row) == 11


def test_a_backtest_says_money_beside_capture_and_cuts_neither(capsys: pytest.CaptureFixture[str]) -> None:
    usual = Row(
        "commercial_warehouse_nl",
        0.08,
        0.0,
        3600,
        3600,
        "",
        5256.0,
        1.0,
        0.0,
        0.5,
        1.0,
        1.0,
        1.0,
        1.0,
        1.0,
        1.0,
        1.0,
        1.0,
        1.0,
    )
    rows = [replace(usual, policy=name, saving=i * 4123.123 - 0.001) for i, name in enumerate(NAMES)]
    rules = Rules(NAMES, 3600, None, 0.0, None, Path())
    summarise(rows, rules, {"commercial_warehouse_nl": "EUR"}, Console(width=80))
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= 80
    for word in ("4123.12", "24738.74", "EUR", "219", "0.500", "mean", "worst"):
        assert word in said
    assert "…" not in said


@pytest.mark.parametrize("columns", ["0", "1"])
def test_a_width_at_which_nothing_can_be_read_is_not_believed(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a serial console has it: a table of no columns is printed as nothing at all."""
    monkeypatch.setenv("COLUMNS", columns)
    assert terminal().width == 80


def test_where_no_model_is_named_the_section_that_would_name_one_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        main(["models", "list", "--config", str(site_files.write_home(tmp_path, inverter_port=1, meter_port=2))]) == 0
    )
    assert "no model is named under [planning]" in " ".join(capsys.readouterr().out.split())
