"""Signed commands: judged once, written down, obeyed once, and told in every state, also over a kill."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from agent.adapters.host.inbox import drop
from agent.domain.command_record import CommandState, Door
from agent.domain.commands import OverrideBattery, Request
from agent.domain.override import Override, OverrideAction
from agent.domain.setpoint import Refused, Rung, Unreachable
from agent.ports import StoreFailure
from simulator.signer import utc
from tests.cycles.signed_site import AUTO, CHARGE, HOLD, SignedSite
from tests.security.items import security
from tests.shown import show


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[SignedSite]:
    started = await SignedSite(tmp_path).start()
    yield started
    await started.store.close()


def spent(site: SignedSite) -> int:
    return site.signed._counters.get("ops-1", 0)


async def test_an_override_goes_through_its_states_and_ends_at_its_lease(site: SignedSite) -> None:
    one = await site.order(CHARGE)
    assert site.states(one) == ["accepted", "executing"]
    override = site.outlet.view.override
    assert override is not None
    assert (override.command, override.power_w, override.until - override.asked_at) == (one, 1500.0, timedelta(hours=1))
    site.goes_on(3600.0)
    await site.steps()
    assert site.states(one) == ["accepted", "executing", "succeeded"]
    assert site.reason(one) == "its time has passed"
    assert site.outlet.view.override is None
    assert site.told == [
        "charge with 1.50 kW until 2026-06-01 02:00, asked for by the platform",
        "charge with 1.50 kW: over, its time has passed; the agent decides again",
    ]


async def test_the_same_command_again_is_answered_and_not_obeyed_again(site: SignedSite) -> None:
    body = site.command(HOLD)
    for _ in range(3):
        site.hear(body)
    await site.steps()
    assert site.states(body["id"]) == ["accepted", "executing"]
    auto = await site.order(AUTO)
    assert (site.states(auto), site.states(body["id"])[-1]) == (["accepted", "executing", "succeeded"], "superseded")
    site.hear(body)
    await site.steps()
    assert site.outlet.view.override is None
    site.hear(body)
    await site.commit()
    assert site.states(body["id"])[2:] == ["superseded"] * 2, "the second answer waited when it came the third time"
    assert site.told.count("hold until 2026-06-01 02:00, asked for by the platform") == 1


@security(4, shows="a replay after a kill is answered with its last state, and not obeyed")
async def test_a_replay_after_a_kill_is_answered_and_not_obeyed(site: SignedSite) -> None:
    body = site.command(HOLD)
    site.hear(body)
    await site.steps()
    await site.order(AUTO)
    after = await site.again()
    after.hear(body)
    await after.steps()
    assert after.outlet.view.override is None
    await after.commit()
    assert after.states(body["id"]) == ["superseded"]
    await after.store.close()


async def test_a_counter_is_spent_before_its_command_is_obeyed(site: SignedSite) -> None:
    """Killed between the two: it is not obeyed after the start, and neither is what has the same or a lower counter."""
    body = site.command(HOLD)
    site.hear(body)
    await site.commands.step()
    await site.commit()  # accepted, and written down
    assert site.outlet.view.override is None
    after = await site.again()
    assert spent(after) == 1
    after.hear(body)
    await after.steps()
    assert (after.outlet.view.override, after.states(body["id"])) == (None, ["accepted", "failed"])
    assert after.reason(body["id"]) == "the agent stopped before it was done; it is not done again"
    other = await after.order(HOLD, counter=1)
    assert (after.states(other), after.outlet.view.override) == (["superseded"], None)
    assert after.reason(other) == "its counter 1 is not above 1, the last one of this key"
    await after.store.close()


async def test_one_that_is_executing_goes_on_over_a_kill_and_ends_once(site: SignedSite) -> None:
    one = await site.order(CHARGE)
    after = await site.again()
    assert after.outlet.view.override is not None
    after.goes_on(3600.0)
    await after.steps()
    assert after.states(one) == ["executing", "succeeded"], "nobody knew whether the platform had heard the first"
    await after.commit()
    later = await after.again()
    await later.commit()
    assert later.states(one) == []
    await later.store.close()


async def test_one_whose_time_passed_while_the_agent_was_down_has_failed(site: SignedSite) -> None:
    one = await site.order(CHARGE)
    site.clock.seconds += 7200.0
    after = await site.again()
    await after.steps()
    assert after.outlet.view.override is None
    assert (after.states(one), after.reason(one)) == (
        ["executing", "failed"], "its time passed while the agent did not run"
    )  # fmt: skip
    await after.store.close()


@security(4, shows="a counter that was spent is not obeyed")
async def test_older_counters_are_superseded(site: SignedSite) -> None:
    first, second = site.command(HOLD), site.command(CHARGE)
    site.hear(second)
    site.hear(first)
    await site.steps()
    assert (site.states(second["id"]), site.states(first["id"])) == (["accepted", "executing"], ["superseded"])


async def test_a_newer_command_supersedes_the_one_that_is_executing(site: SignedSite) -> None:
    first = await site.order(HOLD)
    second = await site.order(CHARGE)
    assert site.states(first) == ["accepted", "executing", "superseded"]
    assert site.reason(first) == "replaced by another word: charge with 1.50 kW"
    assert site.states(second) == ["accepted", "executing"]


async def test_the_longest_lease_holds_also_where_the_clock_of_the_platform_is_ahead(site: SignedSite) -> None:
    begins = site.clock.now() + timedelta(seconds=29)
    times = {"not_before": utc(begins), "expires_at": utc(begins + timedelta(minutes=15))}
    one = await site.order({"action": "hold", "lease_s": 14400}, **times)
    assert site.states(one) == ["accepted", "executing"]


async def test_before_the_first_control_step_the_battery_is_told_nothing(site: SignedSite) -> None:
    show(site.outlet, setpoint=None)
    one = await site.order(CHARGE)
    assert site.reason(one) == "charge with 1.50 kW: the battery cannot be steered now: the agent starts"


async def test_a_person_stands_above_the_platform(site: SignedSite) -> None:
    first = await site.order(CHARGE)
    now = site.clock.now()
    hold = Override(OverrideAction.HOLD, now + timedelta(hours=2), now)
    drop(site.folder / "requests", Request(OverrideBattery(hold), now))
    await site.steps()
    await site.commit()
    assert site.states(first)[-1] == "superseded"
    second, auto = await site.order(CHARGE), await site.order(AUTO)
    assert site.outlet.view.override == hold
    words = "a person at the site has asked for another thing: hold until 2026-06-01 03:00"
    assert (site.reason(second), site.reason(auto)) == (f"charge with 1.50 kW: {words}", words)
    doors = [(record.name, record.door, record.state) for record in await site.store.commands(2)]
    assert doors == [("override", Door.PLATFORM, CommandState.REJECTED)] * 2
    assert [record.door for record in await site.store.commands(9)].count(Door.SITE) == 1


async def fails_after_five_minutes(site: SignedSite, one: str) -> None:
    """Not steered by it from now on."""
    site.goes_on(299.0)
    await site.steps()
    assert site.states(one) == ["accepted", "executing"]
    site.goes_on(1.0)
    await site.steps()
    assert site.states(one) == ["accepted", "executing", "failed"]


async def test_a_command_for_a_battery_that_has_gone_is_rejected_and_one_that_goes_fails(site: SignedSite) -> None:
    site.steered(Rung.RELEASE, "released: the state of charge is missing")
    gone = await site.order(CHARGE)
    assert site.states(gone) == ["accepted", "rejected"]
    assert site.reason(gone).endswith("cannot be steered now: released: the state of charge is missing")
    site.steered()
    one = await site.order(CHARGE)
    site.steered(Rung.RELEASE, "released: the state of charge is missing")
    await fails_after_five_minutes(site, one)
    assert site.outlet.view.override is None, "a device that comes back does not go on with it"


@pytest.mark.parametrize("outcome", [Refused("remote control is locked"), Unreachable("no answer within 5 s")])
async def test_a_command_that_the_battery_does_not_take_fails_too(
    site: SignedSite, outcome: Refused | Unreachable
) -> None:
    """It can be judged and is asked, again and again; all the same it is not steered."""
    one = await site.order(CHARGE)
    site.steered()
    show(site.outlet, outcome=outcome)
    await fails_after_five_minutes(site, one)
    assert site.reason(one) == f"for 300 s the battery was not steered by it: {outcome.reason}"


async def test_advice_is_answered_by_a_signed_command_too(site: SignedSite) -> None:
    one = await site.order({"key": "hold/1", "verb": "dismiss"}, "advice")
    assert site.states(one) == ["accepted", "rejected"]
    assert site.reason(one) == "there is no recommendation 'hold/1'"


@security(4, shows="a lost store lets no earlier command be replayed")
async def test_a_lost_store_lets_no_earlier_command_be_replayed(site: SignedSite) -> None:
    body = site.command(HOLD)
    site.hear(body)
    await site.steps()
    site.clock.seconds += 60.0
    await site.store.close()
    for path in site.folder.glob("site.db*"):
        path.unlink()
    after = await site.again()
    after.hear(body)
    await after.steps()
    assert (after.states(body["id"]), after.outlet.view.override) == (["rejected"], None)
    assert "before the agent started" in after.reason(body["id"])
    after.signer.counter = 5
    anew = await after.order(HOLD)
    assert after.states(anew) == ["accepted", "executing"]
    await after.store.close()


async def test_without_a_store_nothing_is_obeyed(site: SignedSite, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise StoreFailure("disk I/O error")

    with monkeypatch.context() as disk:
        disk.setattr(site.store, "write", broken)
        site.hear(site.command(HOLD))
        for _ in range(3):
            with pytest.raises(StoreFailure):
                await site.step()
        assert (site.heard, site.outlet.view.override) == ([], None)


async def test_what_waits_is_bounded(site: SignedSite) -> None:
    answers = [site.hear(site.command(HOLD)) for _ in range(150)]
    assert answers.count(None) == 100
    assert answers[-1] == "too many commands wait to be written down already"


@security(15, shows="the trail of commands is capped, and its newest states stay")
async def test_the_trail_is_capped_and_its_newest_states_stay(
    site: SignedSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "agent.adapters.store.command_table._CAP",
        "DELETE FROM command WHERE rowid <= (SELECT max(rowid) FROM command) - 3",
    )
    ids = [await site.order({"action": "burn"}) for _ in range(5)]
    assert [record.id for record in await site.store.commands(9)] == ids[:-4:-1]
    (newest, *_) = await site.store.commands(1)
    assert (newest.key, newest.counter, newest.door, newest.told) == ("ops-1", 5, Door.PLATFORM, False)
    await site.commit()
    assert [record.told for record in await site.store.commands(9)] == [True] * 3


async def test_two_steps_at_once_judge_a_command_once(site: SignedSite) -> None:
    """As the commit and the inlet's own turn come together."""

    async def looked_up_slowly(command_id: str) -> None:
        await asyncio.sleep(0.05)

    site.signed.trail._find = looked_up_slowly
    body = site.command(HOLD)
    site.hear(body)
    await asyncio.gather(site.commands.step(), site.commands.step(), site.commands.step())
    await site.steps()
    assert site.states(body["id"]) == ["accepted", "executing"]
