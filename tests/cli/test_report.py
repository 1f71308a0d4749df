"""`enalysis-edge report`: what is in the store becomes a table, a CSV, a picture and the word of a trial."""

import csv
import io
import sys
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from agent.__main__ import main
from agent.cli.report import NoReport, report
from agent.cli.report_table import BY_QUARTERS, BY_THE_BILL
from agent.domain.documents import PAIRED_TRIAL
from agent.domain.records import Batch, DecisionRow, Flags, MinuteRow
from agent.domain.setpoint import Rung
from agent.domain.suspect import DATA_FAULT, Suspect
from agent.domain.wire import to_json
from agent.savings.paired_trial import schedule
from agent.settings.load import load
from tests import site_files
from tests.adapters.store.store_rows import new_store

START = datetime(2026, 1, 12, tzinfo=UTC)  # the site keeps GMT then
NOW = START + timedelta(days=20, minutes=5)
NOTHING_ASKED = {
    "by": "day",
    "since": None,
    "until": None,
    "csv": None,
    "picture": None,
    "wide": False,
    "ab": False,
    "commissioning": False,
}
QUARTER = timedelta(minutes=15)


def quarters(days: int, start: datetime = START, active: Sequence[int] | None = None) -> list[MinuteRow]:
    """A load of 2 kW and no sun; the battery of 40 kWh buys 6 kWh at night and gives 5.415 kWh in the evening.

    Bought at .08 and spared at .60 that is 5.415 x .60 - 6 x .08 = 2.769 a day. ``active`` are the days it does so.
    """
    rows, soc_pct = [], 50.0
    for i in range(96 * days):
        hour = i % 96 // 4
        works = active is None or i // 96 in active
        battery_w = {1: -3000.0, 2: -3000.0, 18: 2000.0, 19: 2000.0, 20: 1415.0}.get(hour, 0.0) if works else 0.0
        change = -battery_w * (0.95 if battery_w < 0 else 1 / 0.95) * 0.25 / 400.0
        rows.append(row(start + QUARTER * i, battery_w, soc_pct + change / 2.0))
        soc_pct += change
    return rows


def row(at: datetime, battery_w: float, soc_pct: float) -> MinuteRow:
    grid_w = 2000.0 - battery_w
    return MinuteRow(
        at, 900, 900.0, grid_w, 0.0, battery_w, 2000.0, soc_pct, grid_w / 4.0, 0.0, 0.0, 0.0, None, None, False,
        Rung.PLAN, True, (),
    )  # fmt: skip


class Site:
    def __init__(self, folder: Path) -> None:
        self.config = site_files.write_home(folder, inverter_port=1, meter_port=2)
        self.store = folder / "site.sqlite3"

    async def write(self, batch: Batch, now: datetime = NOW) -> None:
        store = new_store(self.store)
        await store.open()
        await store.write(batch)
        await store.tidy(now)
        await store.close()

    def said(self, **asked: object) -> list[list[str]]:
        text = io.StringIO()
        report(load(self.config), Namespace(**NOTHING_ASKED | asked), NOW, Console(file=text, width=200))
        return [line.split() for line in text.getvalue().splitlines() if line.strip()]

    def row(self, name: str, **asked: object) -> list[str]:
        return next(line[1:] for line in self.said(**asked) if line[0] == name)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


async def test_two_days_by_hand(site: Site) -> None:
    """No battery: 2 kW x (6 h x .08 + 18 h x .60) = 22.56 a day.

    Hindsight buys 18 kWh in the six cheap hours, which is all that 3 kW can, and spends 16.245 of them by day.
    """
    await site.write(Batch(minutes=tuple(quarters(2))))
    for day in ("2026-01-12", "2026-01-13"):
        hours, no_battery, paid, saved, _, achievable, forecast, plan, execution, capture = site.row(day)
        assert (hours, no_battery, paid, saved) == ("24", "22.56", "19.79", "2.77")
        # 16.245 x .60 - 18 x .08 = 8.307
        assert (achievable, execution, capture) == ("8.31", "0.00", "33.3%")
        parts = round(float(saved) + float(forecast) + float(plan) + float(execution), 2)
        assert parts == float(achievable)
    assert site.row("total")[:4] == ["48", "45.12", "39.58", "5.54"]
    assert BY_THE_BILL.split() in site.said()
    assert BY_QUARTERS.split() in site.said()


async def test_csv_by_hour_adds_up_to_the_year(site: Site, tmp_path: Path) -> None:
    await site.write(Batch(minutes=tuple(quarters(2))))
    found = {}
    for by in ("hour", "day", "month", "year"):
        site.said(by=by, csv=tmp_path / "out.csv")
        with (tmp_path / "out.csv").open() as file:
            found[by] = list(csv.DictReader(file))
    assert [len(rows) for rows in found.values()] == [48, 2, 1, 1]
    assert [rows[0]["period"] for rows in found.values()] == ["2026-01-12T00:00+0000", "2026-01-12", "2026-01", "2026"]
    for name in ("no_battery", "rule", "paid", "hindsight", "saved", "achievable", "forecast", "plan", "execution"):
        sums = {sum(round(float(row[name]) * 1e6) for row in rows) for rows in found.values()}
        assert len(sums) == 1
    assert found["year"][0]["saved"] == "5.538000"


async def test_only_the_days_that_are_asked_for(site: Site) -> None:
    await site.write(Batch(minutes=tuple(quarters(4))))
    lines = site.said(since="2026-01-13", until="2026-01-14")
    assert [line[0] for line in lines if line[0].startswith("2026")] == ["2026-01-13", "2026-01-14"]
    assert site.said(since="0001-01-01", until="9999-12-31") == site.said()


async def test_holes_do_not_count_and_are_told(site: Site) -> None:
    rows = quarters(1)
    rows[40] = replace(rows[40], load_w=None)
    rows[60] = replace(rows[60], battery_w=None)
    rows[80] = replace(rows[80], covered_s=100.0)
    fault = Suspect("load_w", START + QUARTER * 20, START + QUARTER * 21, DATA_FAULT, "stuck")
    await site.write(Batch(minutes=tuple(rows), flags=Flags(START, (fault,))))
    assert site.row("2026-01-12")[0] == "20"
    assert any(line[:4] == ["4", "of", "24", "hours"] for line in site.said())


async def test_what_was_asked_and_not_done_is_execution(site: Site) -> None:
    """Asked for was what hindsight does: 18 kWh in by night and 16.245 out by day, 8.31 saved. Nothing was done."""

    def asked(hour: int, battery_w: float | None) -> DecisionRow:
        return DecisionRow(START + timedelta(hours=hour), battery_w, 60.0, Rung.PLAN, "", "applied", "")

    decisions = (asked(-2, -3000.0), asked(6, 2000.0), asked(14, 245.0), asked(15, 0.0), asked(20, None))
    await site.write(Batch(minutes=tuple(quarters(1, active=())), decisions=decisions))
    *_, saved, _, achievable, forecast, plan, execution, _ = site.row("2026-01-12")
    assert (saved, achievable, execution) == ("0.00", "8.31", "8.31")
    assert round(float(forecast) + float(plan), 2) == 0.0
    assert not any(line[:3] == ["no", "decisions", "are"] for line in site.said())


async def test_the_trial_of_optimiser_against_rule(site: Site) -> None:
    """The optimiser's days save 2.769 and the rule's nothing, whatever was drawn."""
    drawn = schedule(3, START, 12)
    days = [block for block, arm in enumerate(drawn.arms) if arm.value == "optimiser"]
    with pytest.raises(NoReport, match="no store"):
        site.said(ab=True)
    await site.write(Batch(minutes=tuple(quarters(13, active=days))))
    with pytest.raises(NoReport, match="no comparison of optimiser and rule"):
        site.said(ab=True)
    await site.write(Batch(kept=((PAIRED_TRIAL.name, to_json(drawn)),)))
    [line] = [" ".join(line) for line in site.said(ab=True)]
    assert line == (
        "the optimiser saves +2.77 GBP a day against the rule, 95 % interval +2.77 to +2.77, "
        "from 12 blocks of 24 h since 2026-01-12"
    )


async def test_a_trial_that_has_just_begun_or_is_damaged(site: Site) -> None:
    trial = to_json(schedule(3, START, 12))
    await site.write(Batch(minutes=tuple(quarters(3)), kept=((PAIRED_TRIAL.name, trial),)))
    with pytest.raises(NoReport, match="1 pairs of blocks are complete, and 5 are needed"):
        site.said(ab=True)
    await site.write(Batch(kept=((PAIRED_TRIAL.name, "{"),)))
    with pytest.raises(NoReport, match="the stored comparison cannot be read"):
        site.said(ab=True)


async def test_the_picture(site: Site, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    await site.write(Batch(minutes=tuple(quarters(2))))
    site.said(picture=tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


async def test_without_matplotlib_there_is_one_sentence(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    await site.write(Batch(minutes=tuple(quarters(1))))
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(NoReport, match=r"matplotlib is missing, install the extra enalysis-edge\[demo\]"):
        site.said(picture=Path("never.png"))


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"since": "yesterday"}, "--from 'yesterday' is no date: write 2026-06-01"),
        ({"until": "2026-13-01"}, "--to '2026-13-01' is no date"),
        ({"since": "2026-01-13", "until": "2026-01-12"}, "--to 2026-01-12 is before --from 2026-01-13"),
        ({"since": "2026-03-01"}, "--from 2026-03-01 is in the future"),
        ({"until": "2026-01-01"}, "no hour from the beginning to 2026-01-01 has load"),
        ({"csv": Path("/nowhere/out.csv")}, "/nowhere/out.csv cannot be written: No such file or directory"),
        ({"picture": Path("/nowhere/out.png")}, "/nowhere/out.png cannot be written: No such file or directory"),
        ({"picture": Path("out.txt")}, "out.txt is no name of a picture: it ends in .png, .svg"),
        ({"picture": Path("out")}, "out is no name of a picture"),
    ],
)
async def test_what_cannot_be_done_is_one_sentence(site: Site, asked: dict[str, object], sentence: str) -> None:
    await site.write(Batch(minutes=tuple(quarters(1))))
    with pytest.raises(NoReport) as refused:
        site.said(**asked)
    assert str(refused.value).startswith(sentence)


async def test_a_store_that_ended_long_ago_says_what_shows_it(site: Site) -> None:
    begun = START - timedelta(days=900)
    await site.write(Batch(minutes=tuple(quarters(1, begun))), begun + timedelta(days=2))
    with pytest.raises(NoReport, match=r"has nothing of the last 800 days; --to 2023-07-28 shows what is before"):
        site.said()
    assert site.row("2023-07-27", until="2023-07-28")[0] == "23"  # by summer time the last one is of the 28th


async def test_the_command_line(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["report", "--config", str(site.config)]
    assert main(command) == 1
    assert capsys.readouterr().err.startswith("no store at ")
    await site.write(Batch())
    assert main(command) == 1
    assert capsys.readouterr().err.endswith("has no finished quarter of an hour yet\n")
    now = datetime.now(UTC)
    begin = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=3)
    await site.write(Batch(minutes=tuple(quarters(2, begin))), now)
    assert main([*command, "--by", "year"]) == 0
    assert "what the battery saved, GBP" in capsys.readouterr().out
    site.store.write_bytes(b"this is no database, and long enough to be looked at" * 40)
    assert main(command) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1
