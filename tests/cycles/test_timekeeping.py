"""The cycle that keeps time: what it says at a start, and that a new run of the same boot goes on with its work."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.adapters.host.clock import VirtualClock
from agent.adapters.store.sqlite_store import SqliteStore
from agent.cycles.timekeeping import Timekeeping
from agent.domain.time_trust import TimeEvidence
from agent.recording.minute_means import MinuteMeans
from agent.recording.pending_writes import PendingWrites
from agent.site_view import Outlet
from tests.adapters.store.store_rows import BERLIN, minute
from tests.faults.time_sources import NOTHING, SYNCED, WAITING, ScriptedTime

TRUE = datetime(2026, 6, 1, 12, 10, tzinfo=UTC)
LOST_S = (TRUE - datetime(1970, 1, 1, 0, 10, tzinfo=UTC)).total_seconds()


class Gateway:
    """One run of the agent's timekeeping on a store."""

    def __init__(self, path: Path, clock: VirtualClock, source: ScriptedTime, given: bool = False) -> None:
        self.clock, self.source, self.pending, self.outlet = clock, source, PendingWrites(), Outlet()
        self.store = SqliteStore(path, BERLIN, clock.now)
        self.time = Timekeeping(clock, self.pending, self.outlet, MinuteMeans(), source, given)

    async def start(self) -> None:
        await self.store.open()
        await self.time.start(self.store)

    async def commit(self) -> None:
        await self.store.write(self.pending.take(self.clock.now()))

    async def measure(self, minutes: int) -> None:
        for _ in range(minutes):
            row = minute(0)
            at = self.clock.now().replace(second=0, microsecond=0)
            self.pending.minute(type(row)(**{name: getattr(row, name) for name in row.__slots__} | {
                "at": at, "time_trusted": self.outlet.view.clock_doubt is None,
            }))  # fmt: skip
            await self.clock.sleep(60.0)
            self.time.look()
        await self.commit()

    async def dated(self) -> list[str]:
        rows = [row.named() for row in await self.store.pending("minute", 0, 100)]
        return [str(row["at"])[11:16] + ("" if row["time_trusted"] is True else "?") for row in rows]


@pytest.mark.parametrize(("before", "after"), [(WAITING, SYNCED), (NOTHING, NOTHING)])
async def test_what_an_earlier_run_of_the_same_boot_measured_is_dated_when_the_time_was_found_in_between(
    tmp_path: Path, before: TimeEvidence, after: TimeEvidence
) -> None:
    clock = VirtualClock(TRUE - timedelta(hours=2))
    await clock.sleep(7200.0)  # the boot is some time ago
    clock.step_wall(-LOST_S)
    first = Gateway(tmp_path / "site.db", clock, ScriptedTime(before))
    await first.start()
    await first.measure(3)
    assert await first.dated() == ["00:10?", "00:11?", "00:12?"]
    await first.store.close()

    clock.step_wall(LOST_S)
    second = Gateway(tmp_path / "site.db", clock, ScriptedTime(after))
    await second.start()
    await second.measure(2)
    assert await second.dated() == ["12:10", "12:11", "12:12", "12:13", "12:14"]
    assert await second.store.kept("clock") == "null"
    await second.store.close()


async def test_what_another_boot_measured_keeps_its_mark(tmp_path: Path) -> None:
    clock = VirtualClock(TRUE)
    clock.step_wall(-LOST_S)
    first = Gateway(tmp_path / "site.db", clock, ScriptedTime(WAITING))
    await first.start()
    await first.measure(2)
    await first.store.close()
    clock.step_wall(LOST_S)
    second = Gateway(tmp_path / "site.db", clock, ScriptedTime(SYNCED, boot="boot 2"))
    await second.start()
    await second.measure(1)
    assert await second.dated() == ["00:10?", "00:11?", "12:12"]
    await second.store.close()


async def test_a_restart_does_not_make_a_leap_believed(tmp_path: Path) -> None:
    clock = VirtualClock(TRUE)
    clock.advance_to(TRUE + timedelta(hours=2))
    first = Gateway(tmp_path / "site.db", clock, ScriptedTime(NOTHING))
    await first.start()
    await first.measure(2)
    clock.step_wall(30 * 86400.0)
    await first.measure(2)
    assert first.outlet.view.clock_doubt == "the clock was set 30.0 days ahead, which nothing confirms"
    await first.store.close()

    second = Gateway(tmp_path / "site.db", clock, ScriptedTime(NOTHING))
    await second.start()
    assert second.outlet.view.clock_doubt == first.outlet.view.clock_doubt
    await second.store.close()

    clock.step_wall(-30 * 86400.0)
    third = Gateway(tmp_path / "site.db", clock, ScriptedTime(NOTHING))
    await third.start()
    assert third.outlet.view.clock_doubt is None
    await third.measure(1)
    dated = await third.dated()
    assert [one.rstrip("?") for one in dated] == ["14:10", "14:11", "14:12", "14:13", "14:14"]
    await third.store.close()


async def test_a_start_at_the_last_shutdown_is_before_what_was_measured(tmp_path: Path) -> None:
    clock = VirtualClock(TRUE)
    first = Gateway(tmp_path / "site.db", clock, ScriptedTime(NOTHING))
    await first.start()
    await first.measure(10)
    await first.store.close()
    clock.step_wall(-1800.0)
    for given, doubts in ((False, True), (True, False)):
        second = Gateway(tmp_path / "site.db", clock, ScriptedTime(NOTHING), given)
        await second.start()
        assert (second.outlet.view.clock_doubt is not None) is doubts
        assert clock.trusted() is not doubts
        await second.store.close()


async def test_after_a_long_absence_nothing_is_thrown_away_for_a_day_unless_the_time_is_confirmed(
    tmp_path: Path,
) -> None:
    clock = VirtualClock(TRUE)
    first = Gateway(tmp_path / "site.db", clock, ScriptedTime(NOTHING))
    await first.start()
    assert first.time.tells_age
    await first.measure(1)
    await first.store.close()
    clock.advance_to(TRUE + timedelta(days=40))
    for says, tells in ((NOTHING, False), (SYNCED, True)):
        second = Gateway(tmp_path / "site.db", clock, ScriptedTime(says))
        await second.start()
        assert second.time.tells_age is tells
        await clock.sleep(86400.0)
        second.time.look()
        assert second.time.tells_age
        await second.store.close()
        clock.advance_to(clock.true_now() + timedelta(days=2))
