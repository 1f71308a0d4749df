"""What an observed site is owed is given back beside control: a device that does not answer delays no reading."""

import asyncio
from itertools import pairwise
from pathlib import Path

from agent.domain.setpoint import Outcome, Unreachable
from tests.scenarios.stage import Stage, staged
from tests.scenarios.test_reload import Editor


async def observed(stage: Stage, editor: Editor) -> None:
    """The battery took no release when the site file was edited."""
    stage.fault("refused_write", "inverter", 0.95, 60.0)
    text = editor.good.replace("[control]\n", '[control]\nmode = "observe"\n')
    await stage.play(1.5, {1.0: editor.writes(text)})
    assert stage.app.outlet.view.observing is not None
    assert stage.app.devices.left_behind


async def test_a_battery_that_hangs_delays_neither_readings_nor_control(tmp_path: Path) -> None:
    async with staged(tmp_path, reloads=True) as stage:
        editor, app, clock = Editor(stage), stage.app, stage.clock
        await observed(stage, editor)
        jobs = {job.name: job for job in app.jobs()}
        is_asked, answers = asyncio.Event(), asyncio.Event()
        give_back = app.control.release

        async def hang(why: str) -> Outcome:
            is_asked.set()
            await answers.wait()
            return Unreachable(why)

        app.control.release = hang  # type: ignore[method-assign]
        clock.advance(clock.monotonic() + 120.0)
        trying = asyncio.create_task(jobs["owed release"].run())
        await is_asked.wait()
        await editor.writes(editor.good)()
        assert app.reload is not None
        await app.reload.step(at_once=True)
        for _ in range(3):
            clock.advance(clock.monotonic() + app.settings.control.step_s)
            await jobs["control"].run()
            state = app.outlet.view.state
            assert state is not None
            assert state.at == clock.now()
            assert state.soc_pct.known is not None
        assert app.outlet.view.observing is not None, "an edit waits until what is being given back was answered"
        answers.set()
        await trying
        app.control.release = give_back  # type: ignore[method-assign]
        await jobs["control"].run()
        assert app.outlet.view.observing is None


async def test_what_is_tried_in_vain_is_tried_ever_more_seldom(tmp_path: Path) -> None:
    async with staged(tmp_path, reloads=True) as stage:
        await observed(stage, Editor(stage))
        tries: list[float] = []
        give_back = stage.app.control.release

        async def release(why: str) -> Outcome:
            tries.append(stage.clock.monotonic())
            return await give_back(why)

        stage.app.control.release = release  # type: ignore[method-assign]
        await stage.play(11.5)
        rests_s = [later - earlier for earlier, later in pairwise(tries)]
        assert rests_s == sorted(rests_s)
        assert rests_s[-3:] == [60.0] * 3
