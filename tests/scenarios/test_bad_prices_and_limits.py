"""Prices and limits that nobody would wish for, on a whole site: what is bad is told, and control stays sensible."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.domain.setpoint import Rung
from simulator.columns import MeasuredColumn
from simulator.traces import Trace
from tests import site_files
from tests.scenarios.stage import CHARGE_W, MIDNIGHT, Stage, message, staged

CLOUD = site_files.CLOUD.format(port=1)  # nobody listens there: the tests speak with the voice of the platform
COARSE: dict[str, Any] = {"step_s": 60, "hold_s": 360, "stale_s": 180, "interval_s": 1800}  # for plays of hours
LIST, FLAT = site_files.LIST_TARIFF, site_files.FLAT_TARIFF
SUN_W, SMALL_LOAD_W = 4000.0, 500.0
FAILSAFE = "failsafe_after_s = 120\nfailsafe_import_w = 7000\nfailsafe_export_w = 0"
KEPT_EARLY = """
[[reserve]]
pct = 60
from = "02:00"
to = "03:00"
"""


def bright_day() -> Trace:
    """A sun that never sets over a small load, so that a full battery leaves 3.5 kW to the grid."""
    first = int(MIDNIGHT.timestamp())
    loads = [SMALL_LOAD_W + 20.0 * (minute % 3) for minute in range(24 * 60)]
    suns = [SUN_W + 30.0 * (minute % 2) for minute in range(24 * 60)]
    return Trace({"load_w": MeasuredColumn(first, 60, loads), "pv_w": MeasuredColumn(first, 60, suns)})


async def say(stage: Stage, name: str, **body: object) -> None:
    """A message of the platform through the door that every message comes through."""
    assert stage.app.platform is not None
    await stage.app.platform.listening.take(f"down/input/{name}", message(name, **body))


async def test_an_export_limit_of_zero_in_mid_interval_acts_at_the_next_step_and_ends_with_its_time(
    tmp_path: Path,
) -> None:
    async with staged(tmp_path, trace=bright_day(), soc_pct=95.0, usable_wh=10_000, cloud=CLOUD) as stage:

        async def limit() -> None:
            now = stage.clock.now()
            await say(stage, "gridlimit", valid_from=now, valid_to=now + timedelta(minutes=4), export_limit_w=0)

        await stage.play(13.0, {5.1: limit})
        assert stage.app.planning.made == 1, "the limit did not wait for another plan"
        before, inside, after = stage.between(2.0, 5.1), stage.between(5.1, 9.1), stage.between(9.5, 13.0)
        assert all(moment.site.grid_w < -3000.0 for moment in (*before, *after))
        for moment in inside:
            assert moment.setpoint.pv_limit_w == pytest.approx(SMALL_LOAD_W, abs=150.0), moment.setpoint.reason
        for moment in inside[1:]:
            assert moment.site.grid_w > -100.0, "what the load does between two steps nobody can hold to"
            assert moment.site.pv_w < 800.0


async def test_a_grid_limit_that_falls_silent_leads_to_the_failsafe_and_back(tmp_path: Path) -> None:
    async with staged(tmp_path, cloud=CLOUD, failsafe=FAILSAFE) as stage:

        async def heard() -> None:
            now = stage.clock.now()
            await say(stage, "gridlimit", issued_at=now, valid_from=now, valid_to=now + timedelta(hours=1))

        await stage.play(12.0, {2.0: heard, 3.5: heard, 9.0: heard})
        for first, last, battery_w in ((1.3, 2.0, -1000.0), (2.1, 5.5, -CHARGE_W), (5.9, 9.0, -1000.0)):
            for moment in stage.between(first, last):
                assert moment.rung is Rung.PLAN
                assert moment.setpoint.battery_w == pytest.approx(battery_w, abs=110.0), moment.minute
        assert stage.at(11.0).setpoint.battery_w == -CHARGE_W
        lost = [(severity, text) for kind, severity, text in await stage.events() if kind == "grid_limit_lost"]
        sentence = "the platform's grid limit has not been heard of for too long; the failsafe limits hold"
        assert lost[:2] == [("alarm", sentence), ("info", f"over: {sentence}")]
        assert [severity for severity, _ in lost[2:4]] == ["alarm", "info"]


async def test_negative_prices_charge_the_battery_and_curtail_the_sun(tmp_path: Path) -> None:
    late = MIDNIGHT + timedelta(hours=11)
    async with staged(
        tmp_path, trace=bright_day(), soc_pct=20.0, cloud=CLOUD, beginning=late, import_tariff=LIST, **COARSE
    ) as stage:
        prices = [-0.5] * 8 + [0.3] * 88
        await say(stage, "tariff", valid_from=late, step_s=900, import_price=prices, export_price=[0.0] * 96)
        await stage.play(180.0)
        paid, dear = stage.between(20.0, 119.0), stage.between(122.0, 180.0)
        assert {moment.rung for moment in (*paid, *dear)} == {Rung.PLAN}
        for moment in paid:
            assert moment.setpoint.battery_w == pytest.approx(-CHARGE_W, abs=50.0)
            assert moment.setpoint.pv_limit_w == 0.0
            # The inverter gives nothing; what its battery takes it takes from the sun first, which no cap forbids.
            assert moment.site.grid_w == pytest.approx(moment.site.load_w, abs=50.0)
        assert all(moment.site.grid_w < 200.0 and moment.site.pv_w > 3900.0 for moment in dear)


async def test_a_price_of_ten_times_the_usual_is_a_price(tmp_path: Path) -> None:
    """The battery is charged before it, though the site's load is not known yet, and covers the load in it."""
    async with staged(tmp_path, cloud=CLOUD, soc_pct=30.0, usable_wh=20_000, **COARSE) as stage:
        prices = [0.28] * 8 + [2.8] * 4 + [0.28] * 36
        await say(stage, "tariff", valid_from=MIDNIGHT, step_s=900, import_price=prices)
        await stage.play(185.0)
        assert {moment.rung for moment in stage.between(4.0, 180.0)} == {Rung.PLAN}
        assert (stage.at(119.0).state.soc_pct.value or 0.0) > 38.0
        dear = stage.between(122.0, 180.0)
        assert sum(abs(moment.site.grid_w) < 400.0 for moment in dear) > 0.9 * len(dear)
        assert stage.app.planning.failed == 0


@pytest.mark.parametrize(
    ("prices", "sentence"),
    [
        ("[0.3, 1e6]", "down/input/tariff: import_price.1: Input should be less than or equal to 10"),
        ("[0.3, NaN]", "down/input/tariff: import_price.1: Input should be a finite number"),
        ("[0.3, -1e309]", "down/input/tariff: import_price.1: Input should be a finite number"),
        ('[0.3, "dear"]', "down/input/tariff: import_price.1: Input should be a valid number"),
        ('"dear"', "down/input/tariff: import_price: Input should be a valid array"),
    ],
)
async def test_a_price_message_that_makes_no_sense_is_refused_at_the_door(
    tmp_path: Path, prices: str, sentence: str
) -> None:
    async with staged(tmp_path, cloud=CLOUD) as stage:
        assert stage.app.platform is not None
        listening = stage.app.platform.listening

        async def nonsense() -> None:
            sound = message("tariff", valid_from=MIDNIGHT, step_s=900, import_price=[0.0])
            await listening.take("down/input/tariff", sound.replace(b"[0.0]", prices.encode()))

        await stage.play(4.0, {2.1: nonsense})
        refused = [text for kind, _, text in await stage.events() if kind == "message_refused"]
        assert len(refused) == 1
        assert refused[0].startswith(sentence)
        assert "\n" not in refused[0]
        assert stage.app.conditions.import_prices is None
        assert {moment.rung for moment in stage.between(1.3, 4.0)} == {Rung.PLAN}
        assert {moment.setpoint.battery_w for moment in stage.between(1.3, 4.0)} == {-CHARGE_W}


async def test_of_two_tariffs_at_once_the_platforms_counts_where_it_reaches_and_the_newest_of_two(
    tmp_path: Path,
) -> None:
    """The site file says cheap until six. The platform says dear, and then, over part of it, cheap again."""

    def at(hour: float) -> datetime:
        return MIDNIGHT + timedelta(hours=hour)

    async with staged(tmp_path, cloud=CLOUD, **COARSE) as stage:
        await say(stage, "tariff", valid_from=at(0), step_s=900, import_price=[0.90] * 4 + [0.20] * 92)

        async def newer() -> None:
            await say(stage, "tariff", valid_from=at(1), step_s=900, import_price=[0.02] * 2)

        await stage.play(110.0, {31.0: newer})
        found = [stage.app.conditions.at(at(hour)).import_price for hour in (0.9, 1.1, 1.6, 7.0)]
        assert found == [0.90, 0.02, 0.20, 0.20], "outside the newest message the one before it holds"
        assert stage.app.planning.failed == 0
        assert all(moment.site.battery_w > 0.0 for moment in stage.between(5.0, 30.0)), "dear by the first message"
        assert all(moment.setpoint.battery_w == -CHARGE_W for moment in stage.between(62.0, 89.0))
        assert stage.app.outlet.view.plan is not None
        assert not [note for note in stage.app.outlet.view.plan.notes if "not known" in note]


async def test_a_reserve_of_an_hour_is_there_when_it_begins_and_free_when_it_ends(tmp_path: Path) -> None:
    async with staged(tmp_path, soc_pct=50.0, cloud=KEPT_EARLY, import_tariff=FLAT, **COARSE) as stage:
        await stage.play(200.0)
        assert {moment.rung for moment in stage.between(4.0, 200.0)} == {Rung.PLAN}
        soc = {minute: stage.at(minute).state.soc_pct.value or 0.0 for minute in (120.0, 180.0, 200.0)}
        assert soc[120.0] >= 59.5
        assert min(moment.site.soc_pct for moment in stage.between(120.0, 180.0)) >= 59.5
        assert soc[200.0] < soc[180.0] - 2.0, "after its hour the battery covers the load again"
