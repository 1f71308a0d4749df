"""The live file: whole at every instant, of the newest snapshot, and of no other site."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.adapters.host import live_file
from agent.adapters.host.live_file import NAME, LiveFile, read_live, runtime_folder
from agent.domain.documents import SETPOINT, STATE
from agent.domain.setpoint import Applied, Rung, Setpoint
from agent.domain.site import Measured, SiteState
from agent.site_view import Outlet

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


async def followed(folder: Path, outlet: Outlet, until: str) -> None:
    """Show what is in ``outlet`` until the file says ``until``."""
    task = asyncio.create_task(LiveFile(folder, "home-1", outlet).follow())
    async with asyncio.timeout(60.0):
        while not (folder / NAME).exists() or until not in (folder / NAME).read_text():
            await asyncio.sleep(0.01)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_it_shows_the_newest_snapshot_as_the_documents_of_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_file, "EVERY_S", 0.0)
    outlet = Outlet()
    outlet.show(replace(outlet.view, state=SiteState(NOON, soc_pct=Measured(50.0))))
    await followed(tmp_path, outlet, "soc_pct")
    setpoint = Setpoint(NOON, 1500.0, 60.0, Rung.PLAN, "a reason")
    outlet.show(replace(outlet.view, setpoint=setpoint, outcome=Applied(1500.0)))
    await followed(tmp_path, outlet, "a reason")
    shown = read_live("home-1", tmp_path)
    assert shown is not None
    assert STATE.read(shown.documents["state"]).soc_pct.value == 50.0
    assert SETPOINT.read(shown.documents["setpoint"])["outcome"] == "applied"
    assert abs((datetime.now(UTC) - shown.at).total_seconds()) < 60.0
    assert read_live("home-2", tmp_path) is None, "another site's"


async def test_on_another_clock_the_file_carries_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_file, "EVERY_S", 0.0)
    outlet = Outlet()
    outlet.show(replace(outlet.view, connected=True))
    task = asyncio.create_task(LiveFile(tmp_path, "home-1", outlet, lambda: NOON).follow())
    async with asyncio.timeout(60.0):
        while (shown := read_live("home-1", tmp_path)) is None:
            await asyncio.sleep(0.01)
    task.cancel()
    assert shown.at == NOON


@pytest.mark.parametrize("text", ["", "{", "[]", '{"site": "home-1"}', '{"site": "home-1", "documents": {"a": 1}}'])
def test_a_file_that_is_not_whole_shows_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / NAME).write_text(text)
    assert read_live("home-1", tmp_path) is None


async def test_a_folder_that_cannot_be_written_is_told_once_and_nothing_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(live_file, "EVERY_S", 0.0)
    outlet = Outlet()
    task = asyncio.create_task(LiveFile(tmp_path / "no" / "folder", "home-1", outlet).follow())
    said = ""
    async with asyncio.timeout(60.0):
        while "not_shown" not in said:
            outlet.show(outlet.view)
            await asyncio.sleep(0.01)
            said += capsys.readouterr().out
    for _ in range(5):
        outlet.show(outlet.view)
        await asyncio.sleep(0.01)
    assert not task.done()
    task.cancel()
    assert (said + capsys.readouterr().out).count("not_shown") == 1


def test_the_folder_is_the_one_that_systemd_made() -> None:
    assert runtime_folder({}) is None
    assert runtime_folder({"RUNTIME_DIRECTORY": "/run/a:/run/b"}) == Path("/run/a")


async def test_what_is_removed_shows_nothing(tmp_path: Path) -> None:
    outlet = Outlet()
    outlet.show(outlet.view)
    await followed(tmp_path, outlet, "version")
    LiveFile(tmp_path, "home-1", outlet).remove()
    assert read_live("home-1", tmp_path) is None
