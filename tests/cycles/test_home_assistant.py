"""When Home Assistant is told what: changes, births, a broker that goes."""

from itertools import pairwise
from pathlib import Path

import pytest

from agent.adapters.host.inbox import FileInbox
from agent.cycles.alarms import GRACE_S
from agent.cycles.home_assistant import APART_S, BIRTH_WITHIN_S, DOWN_S
from agent.domain.energy_totals import EnergyTotals
from tests.cycles.home_stage import HomeStage, MakeStage
from tests.home_assistant.households import HOME

BIRTH = "homeassistant/status"


@pytest.fixture
def stage(tmp_path: Path) -> MakeStage:
    return lambda home=HOME, *chance: HomeStage(home, FileInbox(tmp_path / "requests"), *chance)


async def test_all_is_told_once_and_then_what_has_changed(stage: MakeStage) -> None:
    site = stage()
    site.measure(500.0)
    await site.pass_s(5.0)
    first = site.link.taken()
    assert list(first)[:2] == ["homeassistant/device/ee_home-1/config", "availability"]
    assert (first["grid_power"], first["import_price"], first["solar_power"]) == ("500", "0.28000", "None")
    assert not {"set_power", "order_result"} & set(first)
    await site.pass_s(60.0)
    assert site.link.taken() == {}
    site.measure(700.0)
    await site.pass_s(5.0)
    assert site.link.taken() == {"grid_power": "700"}


async def test_a_value_that_changes_all_the_time_is_told_every_ten_seconds(stage: MakeStage) -> None:
    site = stage()
    told = []
    for second in range(0, 60, 5):
        site.measure(500.0 + second)
        await site.pass_s(5.0)
        told.append(site.link.taken().get("grid_power"))
    assert [one is not None for one in told] == [True, False] * 6
    assert told[2] == "510"


async def test_energies_are_told_once_they_are_written(stage: MakeStage) -> None:
    site = stage()
    await site.pass_s(5.0)
    assert site.link.taken()["grid_import_energy"] == "None"
    site.cycle.written(EnergyTotals(import_wh=1500.0))
    await site.pass_s(10.0)
    assert site.link.taken()["grid_import_energy"] == "1.500"
    site.cycle.written(EnergyTotals(import_wh=1500.9))  # not a whole watt-hour more
    await site.pass_s(20.0)
    assert site.link.taken() == {}


@pytest.mark.parametrize(("chance", "after_s"), [(0.0, 5.0), (0.49, 5.0), (0.51, 10.0), (0.99, 10.0)])
async def test_after_a_birth_all_is_told_again_at_a_random_time_of_ten_seconds(
    stage: MakeStage, chance: float, after_s: float
) -> None:
    site = stage(HOME, chance)
    await site.pass_s(APART_S + 5.0)
    everything = set(site.link.taken())
    await site.hear(BIRTH, b"online")
    await site.pass_s(after_s - 5.0)
    assert site.link.taken() == {}
    await site.pass_s(5.0)
    assert set(site.link.taken()) == everything
    assert BIRTH_WITHIN_S == 10.0


@pytest.mark.parametrize("every_s", [5.0, 60.0])
async def test_home_assistant_that_restarts_all_the_time_is_told_once_a_minute(
    stage: MakeStage, every_s: float
) -> None:
    site, told_at = stage(HOME, 0.1, 0.9, 0.5), []
    await site.pass_s(5.0)
    for second in range(0, 3600, 5):
        if second % every_s == 0.0:
            await site.hear(BIRTH, b"offline")
            await site.hear(BIRTH, b"online")
        before = site.cycle.counts.told
        await site.pass_s(5.0)
        told_at += [second] * (site.cycle.counts.told - before)
    assert min(after - at for at, after in pairwise(told_at)) >= APART_S
    assert len(told_at) >= 45
    assert len(site.link.sent) <= 62 * 26, "a discovery and the states a minute, whatever it does"
    await site.pass_s(APART_S + BIRTH_WITHIN_S)
    last = site.cycle.counts.told
    await site.pass_s(600.0)
    assert (site.cycle.counts.told, last >= len(told_at)) == (last, True), "once it is quiet, nothing is told again"


@pytest.mark.parametrize(
    ("payload", "retained"), [(b"offline", False), (b"online", True), (b"", False), (b"\xff", False)]
)
async def test_what_is_no_birth_changes_nothing(stage: MakeStage, payload: bytes, retained: bool) -> None:
    site = stage()
    await site.pass_s(APART_S + 5.0)
    site.link.taken()
    await site.hear(BIRTH, payload, retained)
    await site.hear("homeassistant/other", b"online")
    await site.pass_s(30.0)
    assert site.link.taken() == {}


async def test_with_a_new_connection_all_is_told_again_at_once(stage: MakeStage) -> None:
    site = stage()
    await site.pass_s(5.0)
    everything = set(site.link.taken())
    site.link.connections += 1  # it came and went between two steps: the broker may have forgotten all
    await site.pass_s(5.0)
    assert set(site.link.taken()) == everything


async def test_what_failed_half_way_is_told_again_as_a_whole(stage: MakeStage) -> None:
    site = stage()
    site.link.broken = True
    await site.pass_s(5.0)
    assert site.link.taken() == {}
    site.link.broken = False
    await site.pass_s(5.0)
    assert "homeassistant/device/ee_home-1/config" in site.link.taken()


async def test_what_the_broker_refuses_is_told_and_not_tried_again_and_again(stage: MakeStage) -> None:
    site = stage()
    site.link.refused.add("enalysis_edge/home-1/reason")
    await site.pass_s(DOWN_S + 10.0)
    assert [(kind, severity) for kind, severity, _ in site.told] == [("home_assistant_away", "warning")]
    assert "the broker refused enalysis_edge/home-1/reason with code 0x87" in site.told[0][2]
    assert site.cycle.counts.told == 1


async def test_a_broker_that_is_away_for_long_is_an_alarm_and_its_return_the_end_of_it(stage: MakeStage) -> None:
    site = stage()
    await site.pass_s(5.0)
    site.link.connected, site.link.trouble = False, "127.0.0.1:1883: Connection refused: no broker listens there"
    await site.pass_s(DOWN_S - 5.0)
    assert site.told == []
    await site.pass_s(10.0)
    site.link.connected, site.link.connections, site.link.trouble = True, 2, None
    await site.pass_s(5.0)
    said = [(kind, text) for kind, _, text in site.told]
    reason = "Home Assistant is not reached: 127.0.0.1:1883: Connection refused: no broker listens there"
    assert said == [("home_assistant_away", reason), ("home_assistant_away", f"over: {reason}")]


async def test_a_broker_that_was_away_before_the_start_and_still_is_goes_on_being_an_alarm(stage: MakeStage) -> None:
    before, trouble = stage(), "127.0.0.1:1883: Connection refused: no broker listens there"
    before.link.connected, before.link.trouble = False, trouble
    await before.pass_s(DOWN_S + 5.0)
    site = stage()
    site.hearing.alarms.recall(before.hearing.pending.standing.document())
    site.link.connected, site.link.trouble = False, None  # nobody has tried yet
    for _ in range(round(2 * GRACE_S / 5.0)):
        await site.pass_s(5.0)
        site.hearing.alarms.step()
        site.link.trouble = trouble
    assert site.told == []
    assert site.hearing.pending.standing.all[0].since == before.hearing.pending.standing.all[0].since
    site.link.connected, site.link.connections, site.link.trouble = True, 1, None
    await site.pass_s(5.0)
    assert [text for _, _, text in site.told] == [f"over: Home Assistant is not reached: {trouble}"]
