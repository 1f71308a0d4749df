"""A store that is full or damaged costs control nothing, and nothing that was measured is lost."""

from pathlib import Path

from agent.domain.plan import Plan
from agent.domain.request import PlanRequest
from agent.domain.setpoint import Rung
from agent.ports import PlannerFailure, StoreFailure
from tests.scenarios.stage import MIDNIGHT, HonestPlanner, Stage, staged


def limit_pages(stage: Stage, pages: int | None) -> None:
    connection = stage.app.store._file.connection
    assert connection is not None
    used = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {used if pages is None else pages}")


async def test_a_full_store_is_told_and_everything_is_written_when_there_is_room(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        pending = stage.app.pending

        async def fill() -> None:
            limit_pages(stage, None)

        async def make_room() -> None:
            assert [text for text in pending.alarms if "is full: nothing was written" in text]
            limit_pages(stage, 1_000_000)

        await stage.play(90.0, {10.1: fill, 80.1: make_room})
        assert {moment.rung for moment in stage.between(1.3, 90.0)} == {Rung.PLAN}
        assert pending.alarms == ()
        events = await stage.events()
        assert [(kind, severity) for kind, severity, _ in events] == [
            ("started", "info"), ("store_failed", "alarm"), ("store_failed", "info")]  # fmt: skip
        minutes = [row[0] for row in stage.rows("SELECT at FROM minute ORDER BY seq")]
        assert minutes == [int(MIDNIGHT.timestamp()) + 60 * i for i in range(len(minutes))]
        assert len(minutes) >= 88
        seqs = [row[0] for row in stage.rows("SELECT seq FROM minute ORDER BY seq")]
        assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))


async def test_a_damaged_store_is_moved_aside_and_told(tmp_path: Path) -> None:
    (tmp_path / "site.sqlite3").write_bytes(b"this was a database" * 1000)
    async with staged(tmp_path) as stage:
        await stage.play(5.0)
        assert stage.at(5.0).rung is Rung.PLAN
        first, *_ = await stage.events()
        assert first[:2] == ("store_replaced", "alarm")
        assert "was damaged" in first[2]
    (aside,) = tmp_path.glob("site.sqlite3.corrupt-*")
    assert aside.read_bytes().startswith(b"this was a database")


class PlannerWithoutAStore(HonestPlanner):
    """Says what the planner's process says when it finds no store."""

    async def plan(self, request: PlanRequest) -> Plan:
        try:
            return await super().plan(request)
        except StoreFailure as failure:
            raise PlannerFailure(str(failure)) from failure


async def test_a_store_that_comes_after_the_start_gets_all_since_then_and_gives_what_it_kept(tmp_path: Path) -> None:
    late = tmp_path / "late"
    late.mkdir()
    async with staged(tmp_path, store=late / "site.sqlite3") as stage:
        stage.app.pending.keep("note", "of the run before")
        await stage.play(5.0)
    late.rename(tmp_path / "away")
    async with staged(tmp_path, store=late / "site.sqlite3", planner=PlannerWithoutAStore()) as stage:

        async def mount() -> None:
            assert [text for text in stage.app.pending.alarms if f"is in {late}, which is not there" in text]
            (tmp_path / "away").rename(late)

        await stage.play(40.0, {20.1: mount})
        assert {moment.rung for moment in stage.between(1.0, 20.0)} == {Rung.RULES}
        assert stage.at(40.0).rung is Rung.PLAN
        assert stage.app.pending.alarms == ()
        assert await stage.app.store.kept("note") == "of the run before"
        minutes = await stage.app.store.pending("minute", 0, 1000)
        assert len(minutes) >= 4 + 38
