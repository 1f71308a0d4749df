"""The site file is edited while the battery is steered: what needs no new device is gone by without a release."""

import json
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest

from agent.domain.setpoint import Rung
from agent.settings.load import load
from agent.settings.site_file import LAST_GOOD
from drivers.families.sunspec_hybrid import SunSpecHybrid
from simulator import der_7xx
from simulator.server import SimulatedSite
from tests import site_files
from tests.scenarios.stage import CHARGE_W, HonestPlanner, Stage, staged

Releases = list[str]
AT_THE_START = ["inverter"]
NOISE_W = 210.0  # the load moves by so much between two steps
CHEAP = "price_per_kwh = 0.08"


class Editor:
    """Edits the site file of a stage, and looks at the battery for whether it was let go of since."""

    def __init__(self, stage: Stage) -> None:
        self.path = stage.folder / "site.toml"
        self.good = self.path.read_text("utf-8")

    def replaces(self, old: str, new: str) -> Callable[[], Awaitable[None]]:
        return self.writes(site_files.changed(old, new, self.good))

    def writes(self, text: str) -> Callable[[], Awaitable[None]]:
        async def edit() -> None:
            self.path.write_text(text, "utf-8")

        return edit


@pytest.fixture
def releases(monkeypatch: pytest.MonkeyPatch) -> Releases:
    """The names of the inverters that were given back, in their order."""
    found: Releases = []
    give_back = SunSpecHybrid.release

    async def release(device: SunSpecHybrid) -> None:
        found.append(device.name)
        await give_back(device)

    monkeypatch.setattr(SunSpecHybrid, "release", release)
    return found


def is_steered(stage: Stage, first: float, last: float) -> bool:
    """In every step from minute ``first`` until before ``last``."""
    return all("setpoint" in moment.mode for moment in stage.between(first, last))


async def told(stage: Stage, kind: str) -> list[str]:
    return [text for found, _, text in await stage.events() if found == kind]


async def test_another_tariff_is_gone_by_and_the_battery_is_not_let_go_of(tmp_path: Path, releases: Releases) -> None:
    async with staged(tmp_path, reloads=True) as stage:
        editor = Editor(stage)
        await stage.play(40.0, {20.0: editor.replaces(CHEAP, "price_per_kwh = 0.75")})
        assert stage.at(19.5).setpoint.battery_w == pytest.approx(-CHARGE_W, abs=50.0)
        assert stage.at(40.0).setpoint.battery_w > 0.0  # type: ignore[operator]
        assert is_steered(stage, 5.0, 40.0)
        assert releases == AT_THE_START
        assert stage.at(21.0).rung is Rung.PLAN
        (said,) = await told(stage, "settings_changed")
        assert "tariff.import.window.1.price_per_kwh 0.08 to 0.75" in said
        (kept,) = stage.rows("SELECT body FROM kept WHERE name = 'settings'")
        assert json.loads(kept[0])["tariff"]["import"]["window"][0]["price_per_kwh"] == 0.75
        assert (tmp_path / LAST_GOOD).read_text("utf-8") == editor.path.read_text("utf-8")


async def test_a_narrowed_limit_holds_from_the_next_step_on(tmp_path: Path, releases: Releases) -> None:
    async with staged(tmp_path, reloads=True) as stage:
        edit = Editor(stage).replaces("import_limit_w = 17000", "import_limit_w = 7000")
        await stage.play(30.0, {20.0: edit})
        assert stage.at(19.5).state.grid_w.known == pytest.approx(9000.0, abs=200.0)
        assert stage.at(21.0).setpoint.battery_w == pytest.approx(-1000.0, abs=250.0)
        assert max(moment.site.grid_w for moment in stage.between(21.0, 30.0)) <= 7000.0 + NOISE_W
        assert is_steered(stage, 5.0, 30.0)
        assert releases == AT_THE_START


async def test_narrower_bounds_of_the_battery_hold_at_once(tmp_path: Path, releases: Releases) -> None:
    async with staged(tmp_path, reloads=True) as stage:
        edit = Editor(stage).replaces("charge_w = 3000\ndischarge_w", "charge_w = 1200\ndischarge_w")
        await stage.play(30.0, {20.0: edit})
        assert {round(m.setpoint.battery_w or 0.0) for m in stage.between(21.0, 30.0)} == {-1200}
        assert is_steered(stage, 5.0, 30.0)
        assert releases == AT_THE_START


async def test_a_lowered_ceiling_sells_nothing_of_what_lies_above_it(tmp_path: Path, releases: Releases) -> None:
    async with staged(tmp_path, reloads=True, soc_pct=60.0) as stage:
        await stage.play(30.0, {20.0: Editor(stage).replaces("soc_max_pct = 95", "soc_max_pct = 40")})
        assert stage.at(19.5).setpoint.battery_w < 0.0  # type: ignore[operator]
        after = stage.between(21.0, 30.0)
        assert min(moment.setpoint.battery_w or 0.0 for moment in after) >= 0.0
        assert min(moment.site.grid_w for moment in after) >= -NOISE_W
        assert stage.at(30.0).rung is Rung.PLAN
        assert is_steered(stage, 5.0, 30.0)
        assert releases == AT_THE_START


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (lambda good: "", "site.toml:1: "),
        (lambda good: good[: good.index("[[device]]")], "[[device]]"),
        (lambda good: good.replace("soc_min_pct = 10", "soc_min_pct = 99"), "site.toml:"),
        (lambda good: good.replace("usable_wh = ", "usable_kwh = "), "usable_kwh is not a key"),
        (lambda good: good + "\n]", "this is not TOML"),
    ],
    ids=["empty", "cut", "value", "key", "syntax"],
)
async def test_a_bad_edit_changes_nothing_and_stands_as_an_alarm_until_it_is_good_again(
    text: Callable[[str], str], place: str, tmp_path: Path, releases: Releases
) -> None:
    async with staged(tmp_path, reloads=True) as stage:
        editor = Editor(stage)
        before = stage.app.settings
        await stage.play(12.0, {6.0: editor.writes(text(editor.good)), 9.0: editor.writes(editor.good)})
        raised, cleared = [(severity, said) for kind, severity, said in await stage.events() if kind == "site_file_bad"]
        assert raised[0] == "alarm"
        assert str(editor.path) in raised[1]
        assert cleared[0] == "info"
        assert stage.app.settings == before
        assert await told(stage, "settings_changed") == []
        assert is_steered(stage, 5.0, 12.0)
        assert releases == AT_THE_START
        assert place in raised[1]


async def test_what_is_read_at_a_start_alone_is_named_and_stays(tmp_path: Path, releases: Releases) -> None:
    async with staged(tmp_path, reloads=True) as stage:
        editor = Editor(stage)
        text = editor.good.replace("step_s = 20", "step_s = 10").replace(CHEAP, "price_per_kwh = 0.09")
        await stage.play(12.0, {6.0: editor.writes(text)})
        (said,) = await told(stage, "settings_changed")
        assert "0.08 to 0.09" in said
        assert "the next start takes up control.step_s 20.0 to 10.0" in said
        assert stage.app.settings.control.step_s == 20.0
        assert stage.app.settings != load(editor.path)
        assert is_steered(stage, 5.0, 12.0)
        assert releases == AT_THE_START


@pytest.mark.parametrize(("device", "released"), [("meter", []), ("inverter", ["inverter"])])
async def test_only_the_device_whose_section_has_changed_is_connected_again(
    device: str, released: Releases, tmp_path: Path, releases: Releases
) -> None:
    async with staged(tmp_path, reloads=True) as stage:
        editor = Editor(stage)
        devices = stage.app.devices
        before = {name: devices.device(name) for name in ("meter", "inverter")}
        head, _, tail = editor.good.partition(f'name = "{device}"')
        await stage.play(
            20.0,
            {10.0: editor.writes(f'{head}name = "{device}"{tail.replace("timeout_s = 0.1", "timeout_s = 0.15", 1)}')},
        )
        again = {name for name, found in before.items() if devices.device(name) is not found}
        assert again == {device}
        assert stage.at(20.0).rung is Rung.PLAN
        assert stage.at(20.0).setpoint.battery_w == pytest.approx(-CHARGE_W, abs=50.0)
        assert [alarm.kind for alarm in stage.app.outlet.view.alarms] == []
        assert is_steered(stage, 5.0, 20.0)
        assert releases == [*AT_THE_START, *released]


async def test_how_often_a_device_is_asked_changes_while_it_stays_connected(tmp_path: Path, releases: Releases) -> None:
    async with staged(tmp_path, reloads=True) as stage:
        inverter, before = stage.app.devices.device("inverter"), dict(stage.app.devices.poll_s)
        text = site_files.changed('name = "inverter"\n', 'name = "inverter"\npoll_s = 5\n', Editor(stage).good)
        await stage.play(15.0, {10.0: Editor(stage).writes(text)})
        assert stage.app.devices.poll_s == {**before, "inverter": 5.0}
        assert stage.app.devices.device("inverter") is inverter
        assert is_steered(stage, 5.0, 15.0)
        assert releases == AT_THE_START


async def test_a_site_that_is_only_to_be_observed_is_let_go_of_once_and_taken_again(
    tmp_path: Path, releases: Releases
) -> None:
    async with staged(tmp_path, reloads=True) as stage:
        editor = Editor(stage)
        observed = editor.good.replace("[control]\n", '[control]\nmode = "observe"\n')
        await stage.play(16.0, {10.0: editor.writes(observed), 14.0: editor.writes(editor.good)})
        assert is_steered(stage, 5.0, 10.0)
        assert {moment.mode for moment in stage.between(11.0, 14.0)} == {"self-consumption"}
        assert {moment.rung for moment in stage.between(11.0, 14.0)} == {Rung.OBSERVE}
        assert releases == [*AT_THE_START, "inverter"]
        assert is_steered(stage, 14.5, 16.0)


async def test_a_battery_that_took_no_release_when_the_site_was_locked_is_given_back_later(tmp_path: Path) -> None:
    async with staged(tmp_path, reloads=True) as stage:
        editor = Editor(stage)
        observed = editor.good.replace("[control]\n", '[control]\nmode = "observe"\n')
        stage.fault("refused_write", "inverter", 9.95, 2.0)
        await stage.play(11.5, {10.0: editor.writes(observed)})
        assert stage.at(11.5).rung is Rung.OBSERVE
        assert stage.app.devices.left_behind
        await stage.play(13.5)
        assert not stage.app.devices.left_behind
        assert stage.at(13.5).mode == "self-consumption"


async def goes_to_another_port(stage: Stage, editor: Editor, has_permit: bool) -> None:
    """What answers there has the same battery. The site file follows."""
    (other,) = site_files.free_ports(1)
    await stage.site.stop()
    stage.site = SimulatedSite(
        stage.plant, "sunspec7xx", faults=stage.faults, inverter_port=other, meter_port=stage.meter_port
    )
    await stage.site.start()
    await editor.replaces(f"port = {stage.inverter_port}", f"port = {other}")()
    if has_permit:
        site_files.permitted(editor.path)


@pytest.mark.parametrize("has_permit", [True, False])
async def test_an_inverter_that_has_moved_is_not_left_with_our_setpoint(has_permit: bool, tmp_path: Path) -> None:
    """It goes on under another port, with what was written there: it is steered on, or given back without a permit."""
    async with staged(tmp_path, reloads=True) as stage:
        editor = Editor(stage)
        await stage.play(13.0, {10.0: partial(goes_to_another_port, stage, editor, has_permit)})
        assert stage.at(13.0).rung is (Rung.PLAN if has_permit else Rung.OBSERVE)
        assert is_steered(stage, 12.0, 13.0) is has_permit
        assert stage.app.devices.owed_elsewhere == ()
        await stage.app.stop("the test ends")
        assert stage.plant.mode() == "self-consumption"


@pytest.mark.parametrize("has_permit", [True, False])
async def test_an_inverter_in_the_place_of_one_that_took_no_release_is_another_one(
    has_permit: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is of the same make. What the old one is owed is told by its address, and is not written to the new one."""
    async with staged(tmp_path, reloads=True) as stage:
        editor = Editor(stage)

        async def exchange() -> None:
            monkeypatch.setitem(der_7xx._TEXTS, "1.SN", "SIM-7XX-0002")
            await goes_to_another_port(stage, editor, has_permit)

        await stage.play(13.0, {10.0: exchange})
        assert is_steered(stage, 12.0, 13.0) is has_permit
        (told,) = [alarm.text for alarm in stage.app.outlet.view.alarms if alarm.kind == "not_given_back"]
        assert f":{stage.inverter_port} unit 1" in told


async def test_a_demand_charge_that_comes_and_goes_is_counted_by(tmp_path: Path, releases: Releases) -> None:
    async with staged(tmp_path, reloads=True) as stage:
        editor = Editor(stage)
        charge = "\n[demand_charge]\nper_kw = 12.0\ninterval_minutes = 15\n"
        await stage.play(9.0, {6.0: editor.writes(editor.good + charge)})
        meter = stage.app.meter
        assert meter is not None
        assert meter.interval_wh(stage.clock.now()) > 0.0, "it is fed by the control steps"
        planner = stage.planner
        assert isinstance(planner, HonestPlanner)
        assert planner.asked[-1].demand is not None
        await stage.play(12.0, {9.5: editor.writes(editor.good)})
        assert stage.app.meter is None
        assert planner.asked[-1].demand is None
        assert is_steered(stage, 5.0, 12.0)
        assert releases == AT_THE_START
