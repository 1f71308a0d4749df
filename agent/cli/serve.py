"""The daemon on the system clock, from its start to the signal that stops it."""

import asyncio
import gc
import os
import signal
import time
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

import structlog

from agent.adapters.devices.device_lock import DeviceLocks
from agent.adapters.host.clock import SystemClock
from agent.adapters.host.live_file import LiveFile, runtime_folder
from agent.adapters.host.systemd import Notifier
from agent.adapters.host.time_source import HostTime
from agent.app import build, look_for_edits
from agent.cli.ending import FAILED, GOOD
from agent.daemon import App
from agent.domain.sentences.control import agent_told_to_stop
from agent.settings.schema import Settings
from agent.settings.site_file import SiteFile

log = structlog.get_logger("run")

STOP_WITHIN_S = 13.0  # systemd waits 15 s (TimeoutStopSec); a device that is written slowly needs some of them
RELOAD_WITHIN_S = 30.0


async def serve(settings: Settings, site_file: SiteFile, locks: DeviceLocks) -> int:
    """Run until SIGTERM or SIGINT; a battery that was steered is released before this returns.

    SIGHUP reads the site file again; at a terminal, which is closed with it, it stops the agent.
    """
    notifier = Notifier()
    stop, reload = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stop.set)
    loop.add_signal_handler(signal.SIGHUP, (stop if os.isatty(0) else reload).set)
    clock, permission = SystemClock(), site_file.permission(settings)
    app = build(settings, clock, time_source=HostTime(), permission=permission)
    look_for_edits(app, site_file, locks)
    await app.start()
    from agent.adapters.host.timetable import (
        Timetable,  # APScheduler can wait until the battery is in its neutral state
    )

    gc.freeze()
    gc.enable()
    timetable = Timetable(app.jobs(), clock)
    timetable.start()
    await _first_of(app.self_test.run(), stop)  # beside control: the battery waits for nothing
    notifier.ready(permission.locked or "released, waiting for the first plan")
    reloads = asyncio.create_task(_reload(app, notifier, reload))
    beside = asyncio.create_task(_watch(app, notifier)), _live(app), reloads
    log.info("started", site=settings.site.id)
    await stop.wait()
    notifier.stopping()
    for task in beside:
        task.cancel()
    await asyncio.gather(*beside, return_exceptions=True)
    try:
        async with asyncio.timeout(STOP_WITHIN_S):
            await timetable.stop()
            await app.stop(agent_told_to_stop())
    except TimeoutError:
        log.error("stopped_late", within_s=STOP_WITHIN_S, next="enalysis-edge release gives the battery back")
        return FAILED
    log.info("stopped", site=settings.site.id)
    return GOOD


async def _first_of(work: Coroutine[Any, Any, None], stop: asyncio.Event) -> None:
    """Wait for the work, or until it is time to stop; then the work is given up."""
    tasks = [asyncio.create_task(work), asyncio.create_task(stop.wait())]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    error, _ = await asyncio.gather(*tasks, return_exceptions=True)
    if isinstance(error, Exception):  # a defect of the self-test may not end the daemon
        log.error("self_test_failed", exc_info=error)


def _live(app: App) -> asyncio.Task[None]:
    """Show what is known now in the service's runtime folder, where there is one."""
    folder = runtime_folder()

    async def follow() -> None:
        if folder is None:
            return
        file = LiveFile(folder, app.settings.site.id, app.outlet)
        try:
            await file.follow()
        finally:
            file.remove()

    return asyncio.create_task(follow())


async def _reload(app: App, notifier: Notifier, asked: asyncio.Event) -> None:
    """Read the site file again whenever it is ``asked`` for, and say when what it says is gone by."""
    assert app.reload is not None
    while True:
        await asked.wait()
        asked.clear()
        notifier.reloading(time.monotonic())
        try:
            await app.reload.step(at_once=True)
            with suppress(TimeoutError):
                async with asyncio.timeout(RELOAD_WITHIN_S):
                    await app.reload.idle.wait()
        except Exception:  # as of any job: a defect of the reload may not end it
            log.exception("reload_failed")
        notifier.ready(app.sentence())


async def _watch(app: App, notifier: Notifier) -> None:
    """Tells systemd that control lives, only as long as it does: a cycle that hangs is not covered up."""
    patience_s = 3.0 * app.settings.control.step_s
    steps, progressed = -1, app.clock.monotonic()
    while True:
        await asyncio.sleep(notifier.interval_s or 10.0)
        if app.control.counts.steps != steps:
            steps, progressed = app.control.counts.steps, app.clock.monotonic()
        if app.clock.monotonic() - progressed <= patience_s:
            notifier.alive(app.sentence())
