"""The outlet: every snapshot has its version, and a reader gets the newest one however late it comes."""

import asyncio
from dataclasses import FrozenInstanceError, replace

import pytest

from agent.site_view import Outlet


def test_what_one_writer_shows_leaves_the_fields_of_the_others() -> None:
    outlet = Outlet()
    outlet.show(replace(outlet.view, link_trouble="no route"))
    outlet.show(replace(outlet.view, plan_failure="no price"))
    assert (outlet.view.version, outlet.view.link_trouble, outlet.view.plan_failure) == (2, "no route", "no price")


def test_a_snapshot_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Outlet().view.connected = True  # type: ignore[misc]


async def test_a_reader_waits_for_what_it_has_not_seen_and_gets_the_newest() -> None:
    outlet = Outlet()
    readers = [asyncio.create_task(outlet.changed(outlet.view.version)) for _ in range(3)]
    await asyncio.sleep(0)
    assert not any(reader.done() for reader in readers)
    outlet.show(replace(outlet.view, link_trouble="first"))
    outlet.show(replace(outlet.view, link_trouble="second"))
    assert [view.link_trouble for view in await asyncio.gather(*readers)] == ["second"] * 3
    assert (await outlet.changed(0)).version == 2, "what is newer already is given at once"


async def test_a_reader_that_has_gone_holds_up_nobody() -> None:
    outlet = Outlet()
    gone, there = (asyncio.create_task(outlet.changed(0)) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()
    outlet.show(outlet.view)
    assert (await there).version == 1
