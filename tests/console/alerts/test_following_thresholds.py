"""Thresholds over the life of a console: a real live file, a real store, a real receiver."""

import os
from dataclasses import replace
from datetime import timedelta

from agent.console.own_settings import OwnSettings, Preferences, Thresholds
from agent.console.source import Source
from agent.domain.records import MinuteRow
from agent.domain.site import Measured
from tests.console.alerts.receivers import Hook
from tests.console.alerts.told import console, set_up, texts, write
from tests.console.served import STATE, Times, show


async def test_thresholds_of_the_live_file_with_their_end(source: Source, times: Times, receiver: Hook) -> None:
    set_up(source, receiver)
    await write(source)
    own = OwnSettings(source.own)
    own.set_preferences(Preferences(thresholds=Thresholds(soc_below_pct=20.0)))
    async with console(source, times) as first:
        for soc_pct in (15.0, 15.0, 15.0, 15.0):
            _show(source, times, soc_pct)
            await first.look()
            times.passes(30)
    assert texts(receiver) == ["The battery is at 15 %, below 20 %."]
    assert receiver.got[0].document["severity"] == "warning"
    async with console(source, times) as second:
        for soc_pct in (15.0, 15.0, 15.0, 40.0, 40.0, 40.0):
            _show(source, times, soc_pct)
            await second.look()
            times.passes(30)
    assert texts(receiver)[1:] == ["The battery is at 40 % again."]
    assert receiver.got[1].document["is_over"] is True


def _show(source: Source, times: Times, soc_pct: float) -> None:
    show(source, replace(STATE, at=times.now, soc_pct=Measured(soc_pct)))
    assert source.runtime is not None
    os.utime(source.runtime / "live.json", (times.now.timestamp(),) * 2)


async def test_an_agent_that_has_stopped_is_told_by_its_last_minute(
    source: Source, times: Times, receiver: Hook
) -> None:
    set_up(source, receiver)
    minute = MinuteRow.known_from_elsewhere(times.now - timedelta(seconds=60), 60, 500.0, 0.0)
    await write(source, minutes=(minute,))
    async with console(source, times) as one:
        for _ in range(14):
            await one.look()
            times.passes(30)
    assert [got.document["kind"] for got in receiver.got] == ["data_older"]
    assert receiver.got[0].document["severity"] == "alarm"


async def test_a_price_and_an_import_of_the_last_minute(source: Source, times: Times, receiver: Hook) -> None:
    set_up(source, receiver)
    limits = Thresholds(import_above_w=5000.0, price_above_per_kwh=0.3)
    OwnSettings(source.own).set_preferences(Preferences(thresholds=limits))
    minute = MinuteRow.known_from_elsewhere(times.now - timedelta(seconds=60), 60, 500.0, 0.0)
    await write(source, minutes=(replace(minute, grid_w=6000.0, import_price=0.35),))
    async with console(source, times) as one:
        for _ in range(3):
            await one.look()
            times.passes(30)
    assert {got.document["kind"] for got in receiver.got} == {"import_above", "price_above"}
