"""A battery that was steered and is not in the site file any more: it may stand in an order, and that is an alarm."""

from pathlib import Path

from agent.domain.alarms import StandingAlarm
from tests import site_files
from tests.scenarios.stage import Stage, staged
from tests.scenarios.test_restart import abandon


def standing(stage: Stage) -> list[StandingAlarm]:
    return [alarm for alarm in stage.app.pending.standing.all if alarm.kind == "not_given_back"]


async def told(stage: Stage) -> list[tuple[str, str]]:
    return [(severity, text) for kind, severity, text in await stage.events() if kind == "not_given_back"]


async def test_it_stands_from_the_start_until_the_device_is_back(tmp_path: Path) -> None:
    (other,) = site_files.free_ports(1)
    async with staged(tmp_path, timeout_s=0.05) as stage:
        await stage.play(5.2)
        assert standing(stage) == [], "it is steered"
        await abandon(stage.app)

        stage.build(timeout_s=0.05, inverter_port=other)  # edited while the agent was away
        await stage.start()
        await stage.play(5.5)
        (alarm,) = standing(stage)
        assert f"any more: 127.0.0.1:{stage.inverter_port} unit 1; put it back" in alarm.text
        await stage.play(9.0)
        assert [one.text for one in standing(stage)] == [alarm.text]
        assert await told(stage) == [("alarm", alarm.text)]
        await stage.app.stop("the agent was told to stop")

        stage.build(timeout_s=0.05)
        await stage.start()
        assert stage.plant.mode() == "self-consumption", "given back by the start"
        await stage.play(12.0)
        assert standing(stage) == []
        assert [severity for severity, _ in await told(stage)] == ["alarm", "info"]


async def test_an_edit_that_leaves_the_old_one_behind_is_told_at_once(tmp_path: Path) -> None:
    async with staged(tmp_path, timeout_s=0.05, reloads=True) as stage:
        path = stage.folder / "site.toml"
        (other,) = site_files.free_ports(1)
        text = path.read_text("utf-8").replace(f"port = {stage.inverter_port}", f"port = {other}")
        exchanged = text.replace('family = "sunspec_hybrid"', 'family = "huawei_luna"')
        assert exchanged != text

        async def edit() -> None:
            path.write_text(exchanged, "utf-8")
            site_files.permitted(path)

        stage.fault("refused_write", "inverter", 9.95, 2.0)
        await stage.play(12.0, {10.0: edit})
        (alarm,) = standing(stage)
        assert f"127.0.0.1:{stage.inverter_port} unit 1" in alarm.text
