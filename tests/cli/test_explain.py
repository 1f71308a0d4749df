"""`enalysis-edge explain`: the plan and the decisions of a real store, and one sentence for whatever is missing."""

import asyncio
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from agent.__main__ import main
from agent.adapters.store.sqlite_store import SqliteStore
from agent.cli.explain import explain
from agent.domain.horizon import Horizon
from agent.domain.plan import Plan
from agent.domain.records import Batch, DecisionRow
from agent.domain.setpoint import Rung
from agent.domain.wire import to_json
from agent.forecasting.site_forecast import SiteForecast
from agent.plan_request import plan_request
from agent.planning.make_plan import make_plan
from agent.settings.load import load
from agent.settings.schema import Settings
from agent.site_conditions.site_conditions import SiteConditions
from tests import site_files
from tests.adapters.store.store_rows import minute
from tests.planning.days import errors, forecast, request

NOW = datetime(2026, 6, 1, 12, 5, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")
CARBON = json.dumps(
    {
        "schema": "carbon/1.0",
        "issued_at": "2026-06-01T11:00:00Z",
        "valid_from": "2026-06-01T12:00:00Z",
        "step_s": 3600,
        "kg_per_kwh": [0.5] * 48,
    }
)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return site_files.write_home(tmp_path, inverter_port=1, meter_port=2)


def planned(settings: Settings, start: datetime) -> Plan:
    """Twelve hours planned with this site's battery and prices."""
    conditions = SiteConditions(
        settings.import_tariff(),
        settings.export_tariff(),
        settings.carbon.kg_per_kwh,
        settings.connection_spec(),
        settings.objective_spec(),
        settings.place(),
    )
    horizon = Horizon(start, 900, 48)
    curves = conditions.curves(horizon)
    assert curves is not None
    asked = request(
        1, 48, 900, now=start, horizon=horizon, soc_pct=60.0, battery=settings.battery_spec(), notes=curves.notes,
        import_price=curves.import_price, export_price=curves.export_price,
        carbon_kg_per_kwh=curves.carbon_kg_per_kwh, objective=settings.objective_spec(),
        connection=settings.connection_spec(),
    )  # fmt: skip
    rows = np.full(48, 900.0), np.linspace(2000.0, 0.0, 48)
    load, sun = forecast("load_w", horizon, rows[0]), forecast("pv_w", horizon, rows[1])
    return make_plan(asked, SiteForecast(load, sun, errors(48), errors(48)), 20.0)


def written(settings: Settings, batch: Batch) -> None:
    async def write() -> None:
        store = SqliteStore(Path(settings.store.path), LONDON, lambda: NOW)
        await store.open()
        await store.write(batch)
        await store.close()

    asyncio.run(write())


def decided(at: datetime) -> DecisionRow:
    return DecisionRow(at, -3000.0, 60.0, Rung.PLAN, "charging 3.00 kW from the grid at 0.090/kWh", "applied", "")


@pytest.fixture
def full(config: Path) -> Settings:
    """A site with a plan from 12:00 UTC, a decision at 12:01 and minutes from 12:00 to 12:04."""
    settings = load(config)
    plan = planned(settings, NOW.replace(minute=0))
    rows = tuple(minute(i) for i in range(5))
    written(
        settings,
        Batch(minutes=rows, decisions=(decided(NOW - timedelta(minutes=4)),), kept=(("plan", to_json(plan, 5)),)),
    )
    return settings


def test_now_it_explains_the_setpoint_and_the_plan(full: Settings) -> None:
    said = explain(full, None, NOW)
    assert said[0] == (
        "setpoint of 2026-06-01 13:01:00, plan: charging 3.00 kW from the grid at 0.090/kWh; "
        "the inverter's charging rating binds"
    )
    assert [line[:18] for line in said[1:4]] == ["plan for Mon 13:00", "plan for Mon 13:15", "plan for Mon 13:30"]
    assert all("stored energy is worth" in line for line in said[1:])
    assert len(said) == 8  # no doubt about the amounts, no expiry


@pytest.mark.parametrize("at", ["13:02", "2026-06-01T13:02", "2026-06-01T12:02:30+00:00"])
def test_a_past_minute_is_explained_by_its_decision(full: Settings, at: str) -> None:
    said = explain(full, at, NOW)
    assert said[0].endswith("the inverter's charging rating binds")
    assert said[1].startswith("plan for Mon 13:00: ")
    assert len(said) == 2


def test_a_time_ahead_is_explained_by_the_plan_alone(full: Settings) -> None:
    said = explain(full, "18:20", NOW)
    assert len(said) == 1
    assert said[0].startswith("plan for Mon 18:15: ")


def test_the_plan_of_an_earlier_release_is_explained_too(full: Settings) -> None:
    said, document = explain(full, None, NOW), to_json(planned(full, NOW.replace(minute=0)), 5)
    for name, then in (("value", "worth"), ("by_net_load", "seen"), ("corrections", "experiences")):
        assert f'"{name}":' in document
        document = document.replace(f'"{name}":', f'"{then}":')
    written(full, Batch(kept=(("plan", document),)))
    assert explain(full, None, NOW) == said


def test_an_old_plan_says_so(full: Settings) -> None:
    said = explain(full, None, NOW + timedelta(hours=8))
    assert said[-1] == "this plan has expired at 2026-06-01 19:00"


def test_of_a_store_that_has_ended_it_says_what_is_known_and_until_when(full: Settings) -> None:
    said = explain(full, None, NOW + timedelta(days=100))
    assert said[0] == "the store ends at 2026-06-01 13:05, 100 days ago; what follows is of then"
    assert said[1] == explain(full, None, NOW)[0]
    assert said[2].startswith("plan for Mon 13:00: ")
    after = explain(full, "2026-06-03T12:00", NOW + timedelta(days=100))
    assert after[0].endswith(" (measured until 2026-06-01 13:05)")


def test_a_hole_in_the_measurements_is_told_as_one(full: Settings) -> None:
    written(full, Batch(minutes=(minute(60),)))
    said = explain(full, "13:30", NOW + timedelta(hours=2))
    assert said[0].endswith(" (nothing was measured at 13:30)")


def test_amounts_are_not_quoted_when_the_site_file_has_changed(full: Settings) -> None:
    battery = full.battery.model_copy(update={"usable_wh": 60_000.0})
    said = explain(full.model_copy(update={"battery": battery}), "18:20", NOW)
    assert said[-1].startswith("what a limit is worth is not quoted: ")
    assert not any("would save" in line for line in said)


def test_carbon_that_the_platform_sent_is_counted(full: Settings) -> None:
    written(full, Batch(kept=(("input/carbon", CARBON),)))
    assert "and 0.021 for its carbon" in explain(full, "23:30", NOW)[0]


RESERVED = """
[[reserve]]
pct = 60
from = "18:00"
to = "19:00"
"""


def test_a_plan_with_a_reserve_by_the_clock_and_a_failsafe_is_explained_without_doubt(tmp_path: Path) -> None:
    """The grid limit that is kept is newer than the plan: that is no silence at the time of the plan."""
    cloud = site_files.CLOUD.format(port=1) + RESERVED
    failsafe = "failsafe_after_s = 120\nfailsafe_import_w = 100"
    words = {"inverter_port": 1, "meter_port": 2, "import_tariff": site_files.FLAT_TARIFF}
    settings = load(site_files.write_home(tmp_path, cloud=cloud, failsafe=failsafe, **words))
    start = NOW.replace(minute=0)
    conditions = SiteConditions(settings.import_tariff(), settings.export_tariff(), 0.0, settings.connection_spec(),
                    settings.objective_spec(), settings.place(), settings.reserve_spec())  # fmt: skip
    asked = plan_request(settings, conditions, start, 40.0)
    assert asked is not None
    load_w, pv_w = np.full(48, 900.0), np.zeros(48)
    forecasts = forecast("load_w", asked.horizon, load_w), forecast("pv_w", asked.horizon, pv_w)
    plan = make_plan(asked, SiteForecast(*forecasts, errors(48), errors(48)), 20.0)
    heard = {
        "schema": "gridlimit/1.0",
        "issued_at": "2026-06-01T12:04:30Z",
        "valid_from": "2026-06-01T12:04:30Z",
        "valid_to": "2026-06-01T12:04:31Z",
    }
    kept = (("plan", to_json(plan, 5)), ("input/gridlimit", json.dumps(heard)))
    written(settings, Batch(decisions=(decided(start),), kept=kept))
    (said,) = explain(settings, "18:45", NOW)
    assert "the battery is at the reserve for outages" in said  # and no line that doubts the amounts
    assert plan.steps[20].soc_pct >= 60.0 - 1e-6  # 17:00 UTC is 18:00 in London


def said_by_main(config: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, str, str]:
    code = main(["explain", "--config", str(config), *more])
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    return code, out.strip(), err.strip()


def test_without_a_store_it_is_one_sentence(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = load(config).store.path
    expected = f"no store at {path}: the agent has not run with this site file yet"
    assert said_by_main(config, capsys) == (1, "", expected)


@pytest.mark.parametrize(
    ("batch", "more", "sentence"),
    [
        (Batch(kept=(("link", "{}"),)), ("--at", "2126-06-01T18:00"), "there is no plan yet"),
        (Batch(kept=(("link", "{}"),)), ("--at", "soon"), "'soon' is no time: write 18:00, or 2026-06-01T18:00"),
        (Batch(kept=(("link", "{}"),)), ("--at", "9999-12-31T23:59-08:00"), "'9999-12-31T23:59-08:00' is no time: .*"),
        (Batch(kept=(("link", "{}"),)), ("--at", "25:00"), "'25:00' is no time: write 18:00, or 2026-06-01T18:00"),
        (Batch(kept=(("link", "{}"),)), ("--at", "2020-01-01"), "nothing had been decided by 2020-01-01 00:00"),
        (Batch(kept=(("plan", "{}"),)), (), "the stored plan cannot be read: Plan: .*"),
    ],
)
def test_what_cannot_be_explained_is_one_sentence(
    config: Path, capsys: pytest.CaptureFixture[str], batch: Batch, more: tuple[str, ...], sentence: str
) -> None:
    written(load(config), batch)
    code, out, err = said_by_main(config, capsys, *more)
    assert (code, out) == (1, "")
    assert re.fullmatch(sentence, err)


def test_a_time_past_the_plan_is_one_sentence(full: Settings, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = said_by_main(config, capsys, "--at", "2126-06-01T18:00")
    assert code == 1
    assert err == (
        "only the newest plan is kept, which reaches from 2026-06-01 13:00 to 2026-06-02 01:00 "
        "and does not hold 2126-06-01 18:00"
    )


def test_a_setpoint_without_a_plan_is_explained_alone(config: Path) -> None:
    settings = load(config)
    row = replace(decided(NOW), rung=Rung.RULES, battery_w=500.0, reason="self-consumption: there is no plan yet")
    written(settings, Batch(decisions=(row,)))
    assert explain(settings, None, NOW)[1] == "there is no plan yet"
