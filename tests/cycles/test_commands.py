"""The inlet: what is asked is obeyed once, stays until it is written down, and survives a kill in between."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agent.adapters.host.clock import VirtualClock
from agent.adapters.host.inbox import FileInbox, drop, look
from agent.cycles.advice import Recommendations
from agent.cycles.alarms import Alarms
from agent.cycles.command_trail import CommandTrail
from agent.cycles.commands import Commands
from agent.cycles.override import Overrides
from agent.cycles.paired_trial import PairedTrial
from agent.cycles.signed_commands import SignedCommands
from agent.domain.advisory import AdviceQuestion, Verb
from agent.domain.commands import AnswerAdvice, Command, ComparePolicies, OverrideBattery, Request
from agent.domain.documents import PAIRED_TRIAL
from agent.domain.override import Override, OverrideAction
from agent.domain.wire import to_json
from agent.recording.pending_writes import PendingWrites
from agent.savings.paired_trial import schedule
from agent.site_view import Outlet
from tests.adapters.store.store_rows import new_store

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
FIRST, SECOND = schedule(1, NOON, 12), schedule(2, NOON, 12, 12)


def asked(command: Command, **changes: datetime) -> Request:
    return Request(command, NOON, **changes)


class Site:
    """One agent's life: a new pending and a new memory on the same folder."""

    def __init__(self, folder: Path) -> None:
        self.inbox, self.store, self.clock = folder / "requests", new_store(folder / "site.db"), VirtualClock(NOON)
        self.pending, self.outlet = PendingWrites(), Outlet()
        self.paired_trial = PairedTrial(self.clock, self.pending, self.outlet)
        advice = Recommendations(self.clock, self.pending, self.outlet, AdviceQuestion(), lambda at: None, 0.1)
        alarms = Alarms(self.clock, self.pending)
        self.overrides = Overrides(self.clock, self.pending, self.outlet, ZoneInfo("Europe/London"))
        trail = CommandTrail(self.clock, self.pending, self.store.command)
        signed, inbox = SignedCommands(self.clock, self.pending, trail, self.overrides), FileInbox(self.inbox)
        self.commands = Commands(self.clock, inbox, alarms, advice, self.paired_trial, self.overrides, signed)

    async def commit(self) -> list[str]:
        """As the daemon does it: obey, write, forget. What was told."""
        await self.commands.step()
        obeyed, batch = self.commands.obeyed, self.pending.take(NOON)
        await self.store.write(batch)
        await self.commands.forget(obeyed)
        return [row.text for row in batch.events]

    def waits(self) -> int:
        return len(look(self.inbox).names)


async def test_a_request_stays_until_it_is_in_the_store(tmp_path: Path) -> None:
    site = Site(tmp_path)
    drop(site.inbox, asked(ComparePolicies(FIRST)))
    for _ in range(3):
        await site.commands.step()
        assert (site.outlet.view.paired_trial, site.waits()) == (FIRST, 1)
    assert await site.commit() == [
        "optimiser and rule are compared from 2026-06-01 12:00 UTC to 2026-06-13 12:00 UTC, in blocks of 24 h"
    ]
    assert site.waits() == 0
    assert await site.store.kept(PAIRED_TRIAL.name) == to_json(FIRST)
    assert await site.commit() == []
    await site.store.close()


async def test_killed_before_the_commit_it_is_taken_up_again(tmp_path: Path) -> None:
    killed = Site(tmp_path)
    drop(killed.inbox, asked(ComparePolicies(FIRST)))
    await killed.commands.step()
    await killed.store.close()
    site = Site(tmp_path)
    site.paired_trial.recall(await site.store.kept(PAIRED_TRIAL.name))
    assert site.outlet.view.paired_trial is None
    await site.commit()
    await site.store.close()
    after = Site(tmp_path)
    after.paired_trial.recall(await after.store.kept(PAIRED_TRIAL.name))
    assert after.outlet.view.paired_trial == FIRST
    await after.store.close()


async def test_what_came_during_a_commit_waits_for_the_next_one(tmp_path: Path) -> None:
    site = Site(tmp_path)
    drop(site.inbox, asked(ComparePolicies(FIRST)))
    await site.commands.step()
    obeyed = site.commands.obeyed
    site.pending.take(NOON)
    drop(site.inbox, asked(ComparePolicies(SECOND)))
    await site.commands.step()  # obeyed, and not in the batch that is on its way
    await site.commands.forget(obeyed)
    assert [one.command for one in look(site.inbox).requests] == [ComparePolicies(SECOND)]
    await site.store.close()


async def test_the_newest_request_counts_and_what_is_none_is_told_once(tmp_path: Path) -> None:
    site = Site(tmp_path)
    drop(site.inbox, asked(ComparePolicies(FIRST)), lambda: 1)
    drop(site.inbox, asked(ComparePolicies(SECOND)), lambda: 2)
    head = '{"command": "comparison", "at": "2026-06-01T12:00:00+00:00", "terms": {"schedule": '
    (site.inbox / "a.json").write_text(head + '{"start": "2026-06-01T00:00:00", "block_h": 24, "arms": []}}}')
    (site.inbox / "b.json").write_text(head + '{"start": "2026-06-01T00:00:00+00:00", "block_h": 7, "arms": []}}}')
    texts = [text for _ in range(3) for text in await site.commit()]
    assert site.outlet.view.paired_trial == SECOND
    assert texts[:2] == [
        "the request a.json cannot be used: schedule: the start of a comparison has no time zone",
        "the request b.json cannot be used: schedule: a block of 7 h does not divide a day",
    ]
    assert len(texts) == 4
    assert site.waits() == 0
    assert site.commands.obeyed == frozenset(), "what is gone needs no memory: an agent runs for years"
    await site.store.close()


async def test_what_cannot_be_cleared_away_is_told_and_obeyed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    site = Site(tmp_path)
    drop(site.inbox, asked(ComparePolicies(FIRST)))
    (site.inbox / "a.json").write_text("{")
    monkeypatch.setattr(Path, "unlink", refuse)
    texts = [text for _ in range(4) for text in await site.commit()]
    assert [text.split()[0] for text in texts] == ["the", "optimiser"]
    assert (site.outlet.view.paired_trial, site.waits()) == (FIRST, 2)
    monkeypatch.undo()
    await site.commit()
    assert (site.waits(), site.commands.obeyed) == (0, frozenset())
    await site.store.close()


async def test_what_comes_too_late_is_refused_at_either_door(tmp_path: Path) -> None:
    site = Site(tmp_path)
    late = asked(AnswerAdvice("k", Verb.DISMISS), expires_at=NOON - timedelta(seconds=1))
    sentence = "the command has expired at 2026-06-01 11:59:59 UTC"
    assert site.commands.ask(late) == sentence
    drop(site.inbox, late)
    assert await site.commit() == [sentence]
    site.clock.believed = False
    assert site.commands.ask(late) is None, "without the time nobody can tell"
    assert await site.commit() == ["there is no recommendation 'k'"]
    await site.store.close()


async def test_a_kept_comparison_that_cannot_be_read_leaves_the_optimiser_in_charge(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.paired_trial.recall("{")
    assert site.outlet.view.paired_trial is None
    assert [text.split(":")[0] for text in await site.commit()] == ["the kept comparison cannot be used"]
    await site.store.close()


async def test_an_override_begins_is_refused_and_ends_by_the_same_door(tmp_path: Path) -> None:
    site = Site(tmp_path)
    hold = Override(OverrideAction.HOLD, NOON + timedelta(hours=1), NOON)
    drop(site.inbox, asked(OverrideBattery(hold)), lambda: 1)
    assert await site.commit() == ["hold until 2026-06-01 14:00, asked for by a person"]
    assert site.outlet.view.override == hold
    late = Override(OverrideAction.HOLD, NOON + timedelta(hours=30), NOON)
    drop(site.inbox, asked(OverrideBattery(late)), lambda: 2)
    assert await site.commit() == ["hold: until 2026-06-02 19:00 is more than 24 hours away"]
    drop(site.inbox, asked(OverrideBattery(None)), lambda: 3)
    assert await site.commit() == ["hold: over, ended by a person; the agent decides again"]
    assert site.outlet.view.override is None
    await site.store.close()
