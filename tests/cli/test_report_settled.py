"""The report over settled hours: the same to the cent as worked out at once, also after the minutes are gone."""

import io
import random
import sqlite3
from argparse import Namespace
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from agent.adapters.store.sqlite_store import SqliteStore
from agent.cli.report import NoReport, report
from agent.domain.documents import LEDGER, PAIRED_TRIAL
from agent.domain.ledger import LedgerCheckpoint
from agent.domain.paired_trial import Arm
from agent.domain.records import Batch, MinuteRow
from agent.domain.wire import to_json
from agent.planning.rules import self_consumption_w
from agent.savings.paired_trial import schedule
from agent.settings.load import load
from agent.workers.settlement import settle
from tests import site_files
from tests.adapters.store.store_rows import new_store
from tests.workers.quarters import BATTERY, QUARTER, START, quarters, request, row, without

DAY = timedelta(days=1)


class SettledSite:
    """Its tariff of today is another one than what was paid: only what was written down is right."""

    def __init__(self, folder: Path) -> None:
        flat = 'kind = "flat"\nprice_per_kwh = 1.5'
        self.config = site_files.write_home(folder, inverter_port=1, meter_port=2, import_tariff=flat)
        self.path = folder / "site.sqlite3"

    async def write(self, batch: Batch, now: datetime) -> None:
        store: SqliteStore = new_store(self.path)
        await store.open()
        await store.write(batch)
        await store.tidy(now)
        await store.close()

    async def settle(self, now: datetime, carry: LedgerCheckpoint | None = None) -> LedgerCheckpoint | None:
        found = settle(replace(request(self.path, now, carry), timezone="Europe/London"), lambda: True)
        assert found.carry is not None
        await self.write(Batch(ledger=found.entries, kept=((LEDGER.name, to_json(found.carry)),)), now)
        return found.carry

    def said(self, now: datetime, **asked: object) -> list[str]:
        text = io.StringIO()
        nothing = {
            "by": "day",
            "since": None,
            "until": None,
            "csv": None,
            "picture": None,
            "wide": False,
            "ab": False,
            "commissioning": False,
        }
        report(load(self.config), Namespace(**nothing | asked), now, Console(file=text, width=200))
        return [" ".join(line.split()) for line in text.getvalue().splitlines() if line.strip()]

    def forget(self, what: str) -> None:
        with closing(sqlite3.connect(self.path)) as connection:
            connection.execute(f"DELETE FROM {what}")  # noqa: S608
            connection.commit()


@pytest.fixture
def site(tmp_path: Path) -> SettledSite:
    return SettledSite(tmp_path)


async def test_settled_in_two_nights_it_says_what_it_says_at_once(site: SettledSite) -> None:
    rows, now = without(quarters(8), *range(150, 170)), START + 8 * DAY + timedelta(hours=1)
    await site.write(Batch(minutes=tuple(rows)), now)
    at_once = {by: site.said(now, by=by) for by in ("hour", "day", "month", "year")}
    assert "6 of 192 hours were not wholly measured and do not count" in at_once["day"]
    between = site.said(now, since="2026-01-13", until="2026-01-18")
    carry = await site.settle(START + 5 * DAY)
    assert carry is not None
    assert carry.until == START + 3 * DAY
    assert {by: site.said(now, by=by) for by in at_once} == at_once
    await site.settle(now, carry)
    assert {by: site.said(now, by=by) for by in at_once} == at_once
    assert site.said(now, since="2026-01-13", until="2026-01-18") == between


async def test_settled_days_outlive_what_they_were_made_from(site: SettledSite) -> None:
    now = START + 8 * DAY
    await site.write(Batch(minutes=tuple(quarters(8))), now)
    await site.settle(now)
    before = site.said(now, until="2026-01-16", by="month")
    site.forget("rollup")
    site.forget("minute")
    assert site.said(now + 900 * DAY, until="2026-01-16", by="month")[:3] == before[:3]
    assert any(line.startswith("2026 144 ") for line in site.said(now + 900 * DAY, by="year"))


async def test_hours_before_the_ledger_began_are_worked_out_with_the_tariff_of_the_site_file(site: SettledSite) -> None:
    rows, now = quarters(8), START + 8 * DAY
    rows[:96] = [replace(one, import_price=None, export_price=None) for one in rows[:96]]
    await site.write(Batch(minutes=tuple(rows)), now)
    await site.settle(now, LedgerCheckpoint(START + DAY, None, BATTERY.usable_wh))
    days = [line.split() for line in site.said(now) if line.startswith("2026")]
    assert [(day[0], day[1]) for day in days] == [(f"2026-01-{12 + i}", "24") for i in range(8)]
    assert days[0][2] == "72.00", "2 kW x 24 h x 1.50"
    assert days[1][2] == "22.67", "2.01 kW x (6 h x .08 + 18 h x .60)"


async def test_an_end_that_cannot_be_read_is_one_sentence(site: SettledSite) -> None:
    await site.write(Batch(minutes=tuple(quarters(1)), kept=((LEDGER.name, "{"),)), START + DAY)
    with pytest.raises(NoReport, match="the stored end of the ledger cannot be read: LedgerCheckpoint: not JSON"):
        site.said(START + DAY)


def played(seed: int, days: int, idle_days: frozenset[int]) -> list[MinuteRow]:
    """Days with a sun and a load by chance, on which the battery follows the rule; on ``idle_days`` it rests."""
    chance, rows, soc_pct = random.Random(seed), [], 50.0
    for i in range(96 * days):
        if i % 96 == 0:
            level, sun = chance.uniform(0.7, 1.3), chance.uniform(0.2, 1.0)
        hour = i % 96 / 4
        pv_w = sun * max(0.0, 4000.0 * (1.0 - ((hour - 12.0) / 5.0) ** 2))
        load_w = level * (1500.0 if 17 <= hour < 22 else 500.0)
        rests = i // 96 in idle_days
        power_w = 0.0 if rests else self_consumption_w(load_w - pv_w, soc_pct, BATTERY, 0.25)
        change = -power_w * (0.95 if power_w < 0 else 1 / 0.95) * 0.25 / 400.0
        one = row(START + QUARTER * i, power_w, soc_pct + change / 2.0, load_w)
        rows.append(replace(one, pv_w=pv_w, grid_w=load_w - pv_w - power_w))
        soc_pct += change
    return rows


@pytest.mark.parametrize(("seed", "is_worse"), [(1, False), (3, False), (4, True)])
async def test_an_a_a_comparison_shows_nothing_and_a_rule_that_rests_is_found_out(
    site: SettledSite, seed: int, is_worse: bool
) -> None:
    """Both arms do the same but where the rule's battery rests; two weeks, settled, then compared."""
    drawn, days = schedule(seed, START, 20), 21
    rests = frozenset(i for i, arm in enumerate(drawn.arms) if is_worse and arm is Arm.RULE)
    now = START + days * DAY
    rows = tuple(played(seed, days, rests))
    await site.write(Batch(minutes=rows, kept=((PAIRED_TRIAL.name, to_json(drawn)),)), now)
    await site.settle(now)
    [line] = site.said(now, ab=True)
    assert "from 20 blocks of 24 h since 2026-01-12" in line
    assert line.endswith("which cannot be told from chance yet") is not is_worse
    if is_worse:
        assert line.startswith("the optimiser saves +")
