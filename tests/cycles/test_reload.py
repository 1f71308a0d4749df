"""An edit that is good and cannot be gone by whole, for a defect: it is told, tried again, and control goes on."""

import asyncio
from pathlib import Path

import pytest

from agent.cycles.reload import RESTS_S, CannotGoBy, GoBy, Reload
from agent.settings.load import load
from agent.settings.schema import Settings
from agent.settings.site_file import SiteFile
from agent.site_view import Outlet
from tests import site_files
from tests.cycles.hand_clock import HandClock
from tests.cycles.hearing import Hearing
from tests.waiting import until

CEILING = "soc_max_pct = 95"


class Parts:
    """What goes by settings; while ``defect`` is not empty, that ends in the middle with it.

    With ``defect_before`` nothing is made ready. While ``devices_answer`` is not set, settings are being gone by.
    """

    def __init__(self) -> None:
        self.defect = self.defect_before = ""
        self.devices_answer = asyncio.Event()
        self.devices_answer.set()
        self.prepared = 0
        self.tries: list[float] = []  # by their ceilings, percent

    async def prepare(self, settings: Settings) -> GoBy:
        self.prepared += 1
        if self.defect_before:
            raise RuntimeError(self.defect_before)

        async def go_by() -> None:
            self.tries.append(settings.battery.soc_max_pct)
            await self.devices_answer.wait()
            if self.defect:
                raise RuntimeError(self.defect)

        return go_by


class Site:
    def __init__(self, folder: Path) -> None:
        store = {"store": {"path": str(folder / "site.sqlite3")}}
        self.text = site_files.site_text(site_files.with_keys(site_files.RIVERSIDE, store))
        self.path = site_files.written(folder, self.text)
        self.clock, self.parts = HandClock(), Parts()
        self.hearing, file = Hearing(self.clock), SiteFile(self.path)
        self.reload = Reload(self.clock, self.hearing.pending, Outlet(), file, self.parts, load(self.path))

    async def edited_to(self, ceiling_pct: int) -> None:
        await self.read(ceiling_pct)
        await self.reload.between_steps()

    async def read(self, ceiling_pct: int) -> None:
        site_files.written(self.path.parent, site_files.changed(CEILING, f"soc_max_pct = {ceiling_pct}", self.text))
        await self.reload.step(at_once=True)

    async def slowly_edited_to(self, ceiling_pct: int) -> "asyncio.Task[None]":
        """A device that is given back for it does not answer yet."""
        self.parts.devices_answer.clear()
        going = asyncio.create_task(self.edited_to(ceiling_pct))
        await until(lambda: self.parts.tries != [])
        return going

    async def rested(self) -> None:
        self.clock.seconds += RESTS_S[0]
        await self.reload.between_steps()

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(kind, severity) for kind, severity, _ in self.hearing.told]


async def test_what_could_not_be_gone_by_is_told_and_tried_again(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.parts.defect = "no such seat"
    await site.edited_to(90)
    assert site.told == [("site_file_bad", "alarm")]
    assert "no such seat" in site.hearing.told[0][2]
    assert site.reload.settings.battery.soc_max_pct == 95.0
    await site.reload.between_steps()
    assert site.parts.tries == [90.0], "it rests"
    site.parts.defect = ""
    await site.rested()
    assert site.parts.tries == [90.0, 90.0]
    assert site.told[1:] == [("site_file_bad", "info"), ("settings_changed", "info")]
    assert site.reload.settings.battery.soc_max_pct == 90.0


async def test_a_newer_edit_takes_the_place_of_what_failed_at_once(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.parts.defect = "no such seat"
    await site.edited_to(90)
    site.parts.defect = ""
    await site.edited_to(80)
    await site.rested()
    assert site.parts.tries == [90.0, 80.0]
    assert site.reload.settings.battery.soc_max_pct == 80.0


async def test_the_file_as_it_was_is_gone_by_again_where_it_was_left_in_part(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.parts.defect = "no such seat"
    await site.edited_to(90)
    site.parts.defect = ""
    await site.edited_to(95)
    assert site.parts.tries == [90.0, 95.0]
    assert site.told[-1] == ("site_file_bad", "info")


async def test_what_is_taken_back_while_it_is_gone_by_is_gone_by_again_as_it_was(tmp_path: Path) -> None:
    site = Site(tmp_path)
    going = await site.slowly_edited_to(90)
    await site.read(95)
    site.parts.devices_answer.set()
    await going
    assert not site.reload.idle.is_set()
    await site.reload.between_steps()
    assert site.parts.tries == [90.0, 95.0]
    assert (site.reload.settings.battery.soc_max_pct, site.reload.is_gone_by) == (95.0, True)
    assert site.told == [("settings_changed", "info")] * 2


async def test_what_the_platform_lays_while_an_edit_is_gone_by_lies_on_the_edit(tmp_path: Path) -> None:
    site = Site(tmp_path)
    going = await site.slowly_edited_to(90)
    assert not site.reload.is_gone_by
    await site.reload.lay((("control.hold_s", "90"),))
    site.parts.devices_answer.set()
    await going
    await site.reload.between_steps()
    assert site.parts.tries == [90.0, 90.0]
    assert site.reload.settings.battery.soc_max_pct == 90.0
    assert site.told == [("settings_changed", "info")]


async def test_who_waits_for_an_edit_does_not_wait_for_a_defect(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.parts.defect = "no such seat"
    await site.edited_to(90)
    assert site.reload.idle.is_set()


async def test_what_a_defect_keeps_from_being_made_ready_is_told_and_tried_ever_more_seldom(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.parts.defect_before = "no such key"
    await site.edited_to(90)
    assert site.told == [("site_file_bad", "alarm")]
    await site.reload.step()
    assert site.parts.prepared == 1, "it rests"
    site.parts.defect_before = ""
    site.clock.seconds += RESTS_S[0]
    await site.reload.step()
    await site.rested()
    assert site.reload.settings.battery.soc_max_pct == 90.0
    assert site.told[1:] == [("site_file_bad", "info"), ("settings_changed", "info")]


async def test_what_the_platform_asks_for_is_refused_where_a_defect_keeps_it_from_being_made_ready(
    tmp_path: Path,
) -> None:
    site = Site(tmp_path)
    site.parts.defect_before = "no such key"
    with pytest.raises(CannotGoBy, match="no such key"):
        await site.reload.lay(())
