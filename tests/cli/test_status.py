"""`enalysis-edge status`: where the forecasts come from, what was learnt, what is doubted."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from io import StringIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from agent.__main__ import main
from agent.adapters.host.lock import SiteLock
from agent.cli import status
from agent.cli.status_plan import rows_of
from agent.cli.status_saved import show_saved
from agent.domain.advisory import AdviceBook
from agent.domain.alarms import AlarmKind, StandingAlarm
from agent.domain.documents import ALARMS
from agent.domain.forecast_corrections import ForecastCorrections
from agent.domain.horizon import floor_to_step
from agent.domain.permit import Permit
from agent.domain.plan import PeakPrice
from agent.domain.records import Batch, Flags
from agent.domain.sentence import named
from agent.domain.site import SiteState
from agent.domain.suspect import DATA_FAULT, UNUSUAL, Suspect
from agent.domain.wire import to_json
from agent.settings.load import load
from agent.settings.permit import devices_of, permit_file, write_permit
from tests import site_files
from tests.adapters.store.store_rows import minute, new_store
from tests.advice.test_book import advisory
from tests.cycles.control_stage import plan

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
CORRECTIONS = ForecastCorrections(
    "load_w", datetime(2026, 3, 1, 8, tzinfo=UTC), 412, ("persistence",), ((0.1,),), ((0.2,),)
)


class Noon(datetime):
    """The clock of ``status`` stands: ages, days and months are those of the documents beside it."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:
        return NOW.astimezone(tz)


class Site:
    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.config = site_files.write_home(folder, inverter_port=1, meter_port=2)
        self.store = folder / "site.sqlite3"
        self._capsys = capsys

    async def write(self, batch: Batch) -> None:
        store = new_store(self.store)
        await store.open()
        await store.write(batch)
        await store.close()

    def said(self) -> tuple[int, list[str]]:
        code = main(["status", "--config", str(self.config)])
        return code, [" ".join(line.split()) for line in self._capsys.readouterr().out.splitlines()]


@pytest.fixture
def site(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setattr(status, "datetime", Noon)
    return Site(tmp_path, capsys)


async def test_a_day_that_is_over_is_told_up_to_when_it_was_seen(site: Site) -> None:
    """`report` has all of its hours, and so another figure."""
    hour = replace(minute(0), span_s=3600, covered_s=3600.0, load_w=1000.0, pv_w=0.0, battery_w=1000.0,
                   import_price=0.30, export_price=0.05)  # fmt: skip
    await site.write(Batch(minutes=(hour,)))
    seen_at, text = hour.at + timedelta(minutes=50), StringIO()
    for now in (seen_at, seen_at + timedelta(days=2)):
        show_saved(Console(file=text, width=200), site.store, "no plan", load(site.config), seen_at, now)
    today, over = text.getvalue().splitlines()
    assert "so far today against" in today
    assert "on Mon 01 Jun until 13:50 against" in over, "by the clock of the site"


async def test_who_forecasts_and_what_this_site_has_taught(site: Site) -> None:
    made = replace(plan(0.2, NOW), notes=("left out [something]",))
    await site.write(Batch(kept=(("plan", to_json(made)), ("experience", to_json((CORRECTIONS,))))))
    code, lines = site.said()
    assert code == 0
    assert "forecast house by made up, compared with what came from 412 starts up to 01 Mar 2026 08:00" in lines
    assert "sun by made up, nothing learnt here yet" in lines
    assert "left out [something]" in lines


def of_an_earlier_release(document: str) -> str:
    for name, then in (("value", "worth"), ("by_net_load", "seen"), ("corrections", "experiences")):
        assert f'"{name}":' in document
        document = document.replace(f'"{name}":', f'"{then}":')
    return document


async def test_the_plan_of_an_earlier_release_is_read(site: Site) -> None:
    document = to_json(plan(0.2, NOW))
    await site.write(Batch(kept=(("plan", document),)))
    _, lines = site.said()
    await site.write(Batch(kept=(("plan", of_an_earlier_release(document)),)))
    code, of_then = site.said()
    assert code == 0
    assert of_then == lines
    assert "forecast house by made up, nothing learnt here yet" in lines


async def test_a_single_row_that_is_left_out_is_one_row(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    await site.write(Batch(kept=(("plan", to_json(plan(0.2, NOW))),)))
    rows = len(rows_of(plan(0.2, NOW), NOW))
    assert main(["status", "--config", str(site.config), "--rows", str(rows - 1)]) == 0
    assert f"and 1 more row, with --rows {rows}\n" in capsys.readouterr().out


async def test_rows_wait_for_a_platform_where_there_is_one(site: Site) -> None:
    await site.write(Batch(minutes=(minute(0),)))
    _, lines = site.said()
    assert "link none configured" in lines
    assert not any(line.startswith("outbox") for line in lines)
    with site.config.open("a", encoding="utf-8") as file:
        file.write('\n[cloud]\nhost = "mqtt.example.org"\n')
    _, lines = site.said()
    assert "outbox 1 row waits for the platform (minute 1, decision 0, event 0)" in lines


async def test_a_plan_of_unknown_shape_is_one_sentence(site: Site) -> None:
    await site.write(Batch(kept=(("plan", '{"of_the_future":1}'),)))
    code, lines = site.said()
    assert code == 0
    assert any("the stored plan cannot be read: Plan: without issued_at, expires_at" in line for line in lines)


async def test_the_newest_doubts_of_a_week(site: Site) -> None:
    def suspect(days: float, kind: str = DATA_FAULT) -> Suspect:
        end = NOW - timedelta(days=days)
        return Suspect("load_w", end - timedelta(hours=1), end, kind, f"odd [{days}]")

    found = (*map(suspect, (0.5, 2, 3, 4, 30)), suspect(1, UNUSUAL))
    await site.write(Batch(flags=Flags(NOW - timedelta(days=50), found)))
    _, lines = site.said()
    told = [line for line in lines if "odd [" in line]
    assert [line.split(":")[-1] for line in told] == [" odd [2]", " odd [1]", " odd [0.5]"]
    assert told[1].startswith("unusual house ")
    assert told[2].startswith("not believed house ")
    assert "and 2 earlier ones within 7 days" in lines


async def test_a_damaged_experience_is_as_good_as_none(site: Site) -> None:
    await site.write(Batch(kept=(("plan", to_json(plan(0.2, NOW))), ("experience", "[{"))))
    code, lines = site.said()
    assert code == 0
    assert "forecast house by made up, nothing learnt here yet" in lines


async def test_a_store_that_cannot_be_read_is_one_sentence(site: Site) -> None:
    site.store.write_bytes(b"this is no database, and long enough to be looked at" * 40)
    code, lines = site.said()
    assert code == 1
    assert any("cannot be read: " in line for line in lines)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("", "the month's peak so far is not known"),
        ('"peak_w":41200.0,"peak_at":"{now}"', "this month's peak so far 41.2 kW at {local}"),
        ('"peak_w":0.0,"peak_at":null', "no peak this month yet"),
    ],
)
async def test_the_peak_of_the_month_and_what_the_plan_holds(
    site: Site, tmp_path: Path, document: str, said: str
) -> None:
    charge = "[demand_charge]\nper_kw = 15.0\ninterval_minutes = 15\n"
    site.config = site_files.write_home(tmp_path, inverter_port=1, meter_port=2, cloud=charge)
    local = NOW.astimezone(ZoneInfo("Europe/London"))
    made = plan(0.2, NOW)
    horizon = replace(made.horizon, start=floor_to_step(NOW, 900))
    peak = PeakPrice(900, (43_000.0,) * 16, (15.0,) * 16, (0,) * 16)
    made = replace(made, horizon=horizon, values=replace(made.values, peak=peak))
    kept = [("plan", to_json(made))]
    if document:
        rest = document.replace("{now}", NOW.isoformat())
        head = f'"year":{local.year},"month":{local.month},"interval_s":900,"seen_to":"{NOW.isoformat()}"'
        kept.append(("demand", f"{{{head},{rest}}}"))
    await site.write(Batch(kept=tuple(kept)))
    code, lines = site.said()
    assert code == 0
    assert f"demand charge 15 GBP per kW, {said.replace('{local}', f'{local:%d %b %H:%M}')}" in lines
    assert "the plan holds intervals of 15 minutes to 43.0 kW" in lines


@pytest.mark.parametrize(
    ("month", "said"), [(0, "at this hour import is not charged"), (1, "this month is not charged")]
)
async def test_an_hour_that_does_not_count_is_no_month_that_is_not_charged(
    site: Site, tmp_path: Path, month: int, said: str
) -> None:
    asked = (NOW.astimezone(ZoneInfo("Europe/London")).month - 1 + month) % 12 + 1
    charge = f"[demand_charge]\nper_kw = 15.0\ninterval_minutes = 15\nmonths = [{asked}]\n"
    site.config = site_files.write_home(tmp_path, inverter_port=1, meter_port=2, cloud=charge)
    made = plan(0.2, NOW)
    horizon = replace(made.horizon, start=floor_to_step(NOW, 900))
    peak = PeakPrice(900, (43_000.0,) * 16, (0.0,) * 16, (0,) * 16)
    made = replace(made, horizon=horizon, values=replace(made.values, peak=peak))
    await site.write(Batch(kept=(("plan", to_json(made)),)))
    _, lines = site.said()
    assert said in lines


@pytest.mark.parametrize(
    ("locked", "has_permit", "said", "first"),
    [
        (None, False, "it goes on steering; with the next start it would only observe: it has not been commi", "OK"),
        ("it has not been commissioned", True, "by now it may steer; the next start takes that up", "attention"),
        (None, True, "commissioned on", "OK"),
        ("it has not been commissioned", False, "only observing: it has not been commissioned", "attention"),
    ],
)
async def test_whether_it_steers_is_as_the_agent_has_it_that_runs(
    site: Site, locked: str | None, has_permit: bool, said: str, first: str
) -> None:
    """A permit that was written or removed meanwhile counts from the next start on."""
    if has_permit:
        settings = load(site.config)
        permit = Permit(NOW, "A. Fitter", "all well", devices_of(settings), passed=True)
        write_permit(site.config, permit)
    else:
        permit_file(site.config).unlink(missing_ok=True)
    picture = (("state", to_json(SiteState(NOW))), ("observing", json.dumps(named("locked", locked))))
    await site.write(Batch(kept=picture))
    with SiteLock(site.store):
        code, lines = site.said()
    assert code == 0
    assert lines[0].startswith(first)
    assert ("only observing" in lines[0]) == (locked is not None)
    assert any(line.startswith(said) for line in lines)
    assert any(line.startswith("only observing: ") for line in lines) == (locked is not None)
    _, lines = site.said()  # nobody runs: as the next start will have it
    assert ("only observing" in lines[0]) == (not has_permit)


async def test_how_many_recommendations_are_open_and_which_saves_most(site: Site) -> None:
    later = NOW + timedelta(hours=3)
    kept = tuple(
        advisory(f"hold_battery/{i}", saving=float(i), headline=f"Hold [{i}]", start=NOW, end=later, expires=later)
        for i in (1, 3, 2)
    )
    await site.write(Batch(kept=(("advice", to_json(AdviceBook(kept))),)))
    assert "advice 3 open; first: Hold [3], saves 3.00 GBP" in site.said()[1]
    await site.write(Batch(kept=(("advice", "{}"),)))
    assert "advice nothing is open" in site.said()[1]
    await site.write(Batch(kept=(("advice", "[]"),)))
    assert any(line.startswith("advice what is stored cannot be read") for line in site.said()[1])


async def test_how_often_registers_that_wear_were_written(site: Site) -> None:
    await site.write(
        Batch(kept=(("persistent_writes", '{"inverter": {"day": "2026-03-17", "used": 83, "budget": 100}}'),))
    )
    _, lines = site.said()
    assert "inverter: 83 of 100 writes of its persistent registers on 2026-03-17" in lines


async def test_what_stands_comes_first_and_says_what_to_check(site: Site) -> None:
    since = NOW - timedelta(hours=30)
    standing = StandingAlarm("device_lost", "meter", since, "no answer [1]", "no", AlarmKind.DEVICE_LOST.check)
    await site.write(Batch(kept=((ALARMS.name, to_json((standing,))),)))
    code, lines = site.said()
    assert code == 0
    local = f"{since.astimezone(ZoneInfo('Europe/London')):%a %d %b %H:%M}"
    assert lines[2:5] == [
        "! no answer [1]",
        f"device meter, since {local}, for 30.0 h (device_lost/meter)",
        f"check: {AlarmKind.DEVICE_LOST.check}",
    ]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ('["no plan: no price is known"]', "! no plan: no price is known"),
        ("{", "alarms: what is stored cannot be read: "),
        ("[]", "site nothing was measured yet"),
    ],
)
async def test_alarms_as_earlier_versions_kept_them_or_damaged_or_none(site: Site, document: str, said: str) -> None:
    await site.write(Batch(kept=((ALARMS.name, document),)))
    code, lines = site.said()
    assert code == 0
    assert any(line.startswith(said) for line in lines)
