"""The platform wants another configuration: planned with, on trial, in force or undone; the battery stays steered."""

from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest

from agent.cycles.advice import Recommendations
from agent.cycles.remote_config import MOST_AN_HOUR
from agent.domain.desired import ConfigState, RemoteConfig
from agent.domain.model_delivery import Deliveries
from agent.domain.plan import Plan
from agent.domain.request import PlanRequest
from agent.domain.wire import to_json
from agent.ports import PlannerFailure
from tests.desired import cloud_with_keys, desired
from tests.scenarios.stage import CHARGE_W, HonestPlanner, Stage, staged
from tests.site_files import changed

TOPIC = "down/desired"
DEAR_NIGHT = {"tariff": {"import": {"kind": "flat", "price_per_kwh": 0.5}}}


class FailsAt(HonestPlanner):
    """Makes no plan with this price, but those of the trial."""

    def __init__(self, price: float, first: int) -> None:
        super().__init__()
        self._price, self._first, self._seen = price, first, 0

    async def plan(self, request: PlanRequest) -> Plan:
        if request.import_price[0] == self._price:
            self._seen += 1
            if self._seen > self._first:
                raise PlannerFailure("the planner did not answer")
        return await super().plan(request)


async def send(stage: Stage, payload: bytes) -> None:
    assert stage.app.platform is not None
    await stage.app.platform.listening.take(TOPIC, payload, retained=True)


def answer(stage: Stage) -> RemoteConfig:
    found = stage.app.outlet.view.remote_config
    assert found is not None
    return found


def is_steered(stage: Stage, first: float, last: float) -> bool:
    return all("setpoint" in moment.mode for moment in stage.between(first, last))


async def test_it_is_tried_in_money_and_in_force_after_the_window_and_over_a_restart(tmp_path: Path) -> None:
    words = {"cloud": cloud_with_keys(tmp_path)}
    async with staged(tmp_path, reloads=True, **words) as stage:
        before = (tmp_path / "site.toml").read_text("utf-8")
        payload = desired(1, DEAR_NIGHT)
        await stage.play(11.5, {10.0: lambda: send(stage, payload)})
        assert stage.at(9.5).setpoint.battery_w == pytest.approx(-CHARGE_W, abs=50.0)
        assert stage.at(11.5).setpoint.battery_w > 0.0  # type: ignore[operator]
        found = answer(stage)
        assert (found.version, found.state, found.error) == (1, ConfigState.IN_FORCE, None)
        assert found.cost_before is not None
        assert found.cost_after is not None
        assert found.cost_after > found.cost_before + 1.0
        assert is_steered(stage, 5.0, 11.5)
        assert (tmp_path / "site.toml").read_text("utf-8") == before
        await send(stage, payload)  # as the broker sends what it has kept, with every connection
        await send(stage, desired(1, {}))
        await stage.play(13.0)
        assert answer(stage) == found
        refused = [text for kind, _, text in await stage.events() if kind == "message_refused"]
        assert refused == ["down/desired: version 1 is not newer than 1, which was answered"]
        await stage.app.stop("the agent was told to stop")

        stage.build(reloads=True, **words)
        await stage.start()
        await stage.play(14.0)
        assert answer(stage) == found
        assert stage.app.settings.tariff.bought.kind == "flat"
        await send(stage, desired(2, {}))
        await stage.play(15.5)
        assert answer(stage).state is ConfigState.IN_FORCE
        assert stage.app.settings.tariff.bought.kind == "time_of_use"


async def test_a_plan_that_cannot_be_made_any_more_undoes_it_within_a_minute(tmp_path: Path) -> None:
    planner = FailsAt(0.5, first=1)
    async with staged(tmp_path, reloads=True, planner=planner, cloud=cloud_with_keys(tmp_path)) as stage:
        await stage.play(11.0, {10.0: lambda: send(stage, desired(1, DEAR_NIGHT))})
        found = answer(stage)
        assert (found.state, found.overlay) == (ConfigState.UNDONE, ())
        await stage.play(11.4)  # the next control step
        assert found.error is not None
        assert "the planner did not answer" in found.error
        assert stage.app.settings.tariff.bought.kind == "time_of_use"
        assert is_steered(stage, 5.0, 11.4)


@pytest.fixture
def defect(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """While it is not empty, settings are gone by in part only."""
    found: list[str] = []
    go_by = Recommendations.go_by

    def broken(self: Recommendations, *words: Any) -> None:
        if found:
            raise RuntimeError(found[0])
        go_by(self, *words)

    monkeypatch.setattr(Recommendations, "go_by", broken)
    return found


async def test_one_that_is_gone_by_in_part_is_undone_and_never_told_in_force(tmp_path: Path, defect: list[str]) -> None:
    async with staged(tmp_path, reloads=True, cloud=cloud_with_keys(tmp_path)) as stage:
        defect.append("no such seat")
        await stage.play(12.0, {10.0: lambda: send(stage, desired(1, DEAR_NIGHT))})
        found = answer(stage)
        assert (found.state, found.overlay) == (ConfigState.UNDONE, ())
        assert found.error is not None
        assert found.error.startswith("it is gone by in part only, a defect: RuntimeError: no such seat")
        defect.clear()
        await stage.play(14.0)
        assert stage.app.settings.tariff.bought.kind == "time_of_use"
        assert not [text for _, _, text in await stage.events() if "is in force" in text]
        assert is_steered(stage, 5.0, 14.0)


async def test_what_was_in_force_is_not_told_so_while_an_edit_is_gone_by_in_part(
    tmp_path: Path, defect: list[str]
) -> None:
    async with staged(tmp_path, reloads=True, cloud=cloud_with_keys(tmp_path)) as stage:
        await stage.play(11.5, {10.0: lambda: send(stage, desired(1, DEAR_NIGHT))})
        in_force = answer(stage)
        assert in_force.state is ConfigState.IN_FORCE
        defect.append("no such seat")
        path = tmp_path / "site.toml"
        path.write_text(changed("reserve_pct = 10", "reserve_pct = 12", path.read_text("utf-8")), "utf-8")
        await stage.play(12.5)
        found = answer(stage)
        assert found.state is ConfigState.TRYING
        assert found.holds == in_force.overlay
        assert found.error is not None
        assert "in part only" in found.error
        (kept,) = stage.rows("SELECT body FROM kept WHERE name = 'remote_config'")
        assert '"in_force"' in kept[0], "a start goes by all of it"
        defect.clear()
        await stage.play(14.0)
        assert answer(stage) == in_force


async def test_one_that_no_plan_can_be_made_with_never_holds(tmp_path: Path) -> None:
    planner = FailsAt(0.5, first=0)
    async with staged(tmp_path, reloads=True, planner=planner, cloud=cloud_with_keys(tmp_path)) as stage:
        await stage.play(11.0, {10.0: lambda: send(stage, desired(1, DEAR_NIGHT))})
        assert answer(stage).state is ConfigState.REJECTED
        assert {round(moment.setpoint.battery_w or 0.0) for moment in stage.between(9.0, 11.0)} == {-CHARGE_W}


async def test_one_that_leaves_no_price_is_rejected(tmp_path: Path) -> None:
    async with staged(tmp_path, reloads=True, cloud=cloud_with_keys(tmp_path)) as stage:
        await stage.play(4.0, {3.0: lambda: send(stage, desired(1, {"tariff.import": {"kind": "list"}}))})
        assert answer(stage).state is ConfigState.REJECTED
        assert answer(stage).error == "no plan: no price is known"


async def test_while_nothing_can_be_planned_with_it_waits_and_says_why(tmp_path: Path) -> None:
    async with staged(tmp_path, reloads=True, cloud=cloud_with_keys(tmp_path)) as stage:
        stage.fault("no_answer", "inverter", 1.0, 3.0)
        await stage.play(3.8, {3.5: lambda: send(stage, desired(1, DEAR_NIGHT))})
        assert answer(stage).state is ConfigState.WAITING
        assert answer(stage).error == "it is not tried yet: the state of charge or the prices are not known"
        await stage.play(8.0)
        assert answer(stage).state is ConfigState.IN_FORCE


async def test_a_narrower_limit_holds_and_gives_way_to_a_site_file_that_is_narrower_still(tmp_path: Path) -> None:
    async with staged(tmp_path, reloads=True, cloud=cloud_with_keys(tmp_path)) as stage:
        path = tmp_path / "site.toml"
        narrower = path.read_text("utf-8").replace("import_limit_w = 17000", "import_limit_w = 6500")

        async def edit() -> None:
            path.write_text(narrower, "utf-8")

        limit = desired(1, {"connection.import_limit_w": 7000})
        await stage.play(15.0, {10.0: lambda: send(stage, limit), 13.0: edit})
        assert max(moment.site.grid_w for moment in stage.between(11.0, 13.0)) <= 7210.0
        assert max(moment.site.grid_w for moment in stage.between(14.0, 15.0)) <= 6710.0
        assert answer(stage).state is ConfigState.UNDONE
        assert answer(stage).error == "connection.import_limit_w would be wider than the site file's"
        assert is_steered(stage, 5.0, 15.0)


def spoilt(chance: Random, version: int) -> bytes:
    """A message that must not be obeyed: what it asks, how it is written, or who has signed it."""
    good = {"tariff.import.default_per_kwh": 0.59, "connection.import_limit_w": 9000}
    bad: list[tuple[str, object]] = [
        (key, chance.choice([1e6, 1e18, -1.0, "none", None, True, "9000", [1], {"w": 1}]))
        for key in ("connection.import_limit_w", "battery.charge_w", "battery.soc_max_pct", "battery.reserve_pct")
    ]
    bad += [("battery.soc_min_pct", chance.uniform(0.0, 9.9)), ("planning.horizon_h", chance.choice([0, 1e3, 12.5]))]
    bad += [
        (key, chance.choice(["/etc/passwd", "x", 1, None, {}, []]))
        for key in (
            "tariff.import.file", "tariff.kind", "device", "device.0.host", "cloud.host", "cloud.keys_file", "site.id",
            "store.path", "planning.models", "planning.memory_mb", "control.mode", "battery.device", "console.port",
            "battery.further", "reserve", "a.b", "..", "", "__class__.x", "tariff.import.windows", "log.level",
        )
    ]  # fmt: skip
    whole: list[object] = [[], None, 7, {"tariff": [1]}, {"tariff": {"import": {"kind": "free"}}}, {"x": {}}]
    how = chance.randrange(8)
    if how < 4:
        return desired(version, dict([*good.items(), chance.choice(bad)]))
    if how == 4:
        return desired(version, chance.choice(whole))
    if how == 5:
        return desired(chance.choice([0, -version, 1.5, True, "3", None]), good)
    if how == 6:
        return desired(version, good, site="home-2")
    payload = bytearray(desired(version, good))
    payload[chance.randrange(len(payload))] ^= 1 << chance.randrange(7)
    return bytes(payload)


async def test_two_hundred_spoilt_messages_change_nothing(tmp_path: Path) -> None:
    chance = Random(14)
    async with staged(tmp_path, reloads=True, cloud=cloud_with_keys(tmp_path)) as stage:
        await stage.play(3.0)
        remote, settings = stage.app.remote_config, stage.app.settings
        assert remote is not None
        states: Counter[str] = Counter()
        for version in range(1, 201):
            refusal = remote.take(spoilt(chance, version))
            await remote.step()
            states["refused" if refusal is not None else answer(stage).state.value] += 1
        assert set(states) == {"refused", "rejected"}, states
        assert min(states.values()) > 50
        await stage.play(4.0)
        assert stage.app.settings is settings
        assert is_steered(stage, 3.0, 4.0)


async def test_a_key_that_was_revoked_before_the_start_signs_no_configuration(tmp_path: Path) -> None:
    async with staged(tmp_path, reloads=True, cloud=cloud_with_keys(tmp_path)) as stage:
        await stage.play(0.1)
        platform, remote = stage.app.platform, stage.app.remote_config
        assert platform is not None
        assert platform.models is not None
        assert remote is not None
        platform.models.recall(to_json(Deliveries(revoked=("a",))))
        assert remote.take(desired(1, DEAR_NIGHT)) == "its key was revoked"


async def test_a_loop_of_changes_comes_no_faster_than_each_can_be_judged(tmp_path: Path) -> None:
    async with staged(tmp_path, reloads=True, cloud=cloud_with_keys(tmp_path)) as stage:
        await stage.play(3.0)
        remote = stage.app.remote_config
        assert remote is not None
        held = set()
        for version in range(1, 1201):
            assert remote.take(desired(version, {"carbon.kg_per_kwh": version / 1000})) is None
            await stage.play(3.0 + version / 60.0)
            held.add(stage.app.settings.carbon.kg_per_kwh)
        assert len(held - {0.0}) == MOST_AN_HOUR, "of an hour"
        assert answer(stage).state is ConfigState.WAITING
        assert is_steered(stage, 3.0, 23.0)


async def test_one_that_ends_with_the_agent_in_its_trial_is_undone(tmp_path: Path) -> None:
    words = {"cloud": cloud_with_keys(tmp_path)}
    async with staged(tmp_path, reloads=True, **words) as stage:
        await stage.play(10.5, {10.0: lambda: send(stage, desired(1, DEAR_NIGHT))})
        assert answer(stage).state is ConfigState.TRYING
        await stage.app.devices.close()  # killed: nothing that waits is written
        await stage.app.store.close()
        stage.build(reloads=True, **words)
        await stage.start()
        await send(stage, desired(1, DEAR_NIGHT))
        await stage.play(12.0)
        assert answer(stage).state is ConfigState.UNDONE
        assert stage.app.settings.tariff.bought.kind == "time_of_use"
