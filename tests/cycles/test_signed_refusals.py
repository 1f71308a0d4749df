"""Signed commands that are late, early, forged, of another site or without meaning: none of them is obeyed."""

from datetime import timedelta
from typing import Any

import pytest

from agent.ports import PayloadRefused
from simulator.signer import Signer, utc
from tests.cycles.signed_site import CHARGE, HOLD, SITE, SignedSite
from tests.cycles.test_signed_commands import site, spent

__all__ = ["site"]  # a fixture


@pytest.mark.parametrize(
    ("changes", "state", "reason"),
    [
        ({"late_s": 301.0}, "expired", "the command has expired at 2026-06-01 00:15:00 UTC"),
        ({"early_s": 31.0}, "rejected", "it holds only from 2026-06-01 00:10:31 UTC"),
        ({"lasts_s": 901.0}, "rejected", "it must hold for a while, and no longer than 15 minutes"),
        ({"lasts_s": 0.0}, "rejected", "it must hold for a while, and no longer than 15 minutes"),
        ({"lasts_s": -60.0}, "rejected", "it must hold for a while, and no longer than 15 minutes"),
        ({"early_s": 29.0}, "accepted", ""),
    ],
)
async def test_times_are_kept(site: SignedSite, changes: dict[str, float], state: str, reason: str) -> None:
    site.goes_on(600.0)
    begins = site.clock.now() + timedelta(seconds=changes.get("early_s", 0.0))
    times = {"not_before": utc(begins), "expires_at": utc(begins + timedelta(seconds=changes.get("lasts_s", 300.0)))}
    body = site.command(HOLD, **times)
    site.goes_on(changes.get("late_s", 0.0))
    site.hear(body)
    await site.steps()
    assert site.states(body["id"])[0] == state
    assert (site.outlet.view.override is not None) == (state == "accepted")
    if reason:
        assert site.reason(body["id"]) == reason
    assert spent(site) == 1, "whatever becomes of it, it is not obeyed later"


async def test_while_the_time_is_not_known_nothing_is_obeyed(site: SignedSite) -> None:
    site.clock.believed = False
    one = await site.order(HOLD)
    assert (site.states(one), site.outlet.view.override) == (["rejected"], None)
    assert site.reason(one) == "the time is not known here, so nobody can tell whether it still holds"
    (record,) = await site.store.commands(5)
    assert not record.trusted


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"audience": "home-2"}, "it is for the site 'home-2' and not for this one"),
        ({"id": "a/b"}, "id: Value error, it has 1 to 64 of"),
        ({"counter": 0}, "counter: Input should be greater than or equal to 1"),
        ({"counter": True}, "counter: Input should be a valid integer"),
        ({"expires_at": "2026-06-01T00:00:00"}, "expires_at: Input should have timezone info"),
        ({"params": []}, "params: Input should be an object"),
        ({"schema": "advice/1.0"}, "the schema is not override/1.x"),
        ({"key": "other"}, "no key of that name may sign a command"),
    ],
)
async def test_what_is_not_for_this_site_or_no_command_is_no_command(
    site: SignedSite, change: dict[str, object], words: str
) -> None:
    with pytest.raises(PayloadRefused) as refused:
        site.hear(site.signer.signed({**_unsigned(site.command(HOLD)), **change}))
    assert words in str(refused.value)
    assert spent(site) == 0, "nobody else spends our counters"


def _unsigned(body: dict[str, Any]) -> dict[str, Any]:
    return {name: found for name, found in body.items() if name != "signature"}


async def test_what_is_forged_spends_no_counter_and_is_not_answered(site: SignedSite) -> None:
    stranger = Signer("ops-1", bytes(32), counter=1000)
    good = site.command(HOLD)
    forged: list[dict[str, Any]] = [
        stranger.command(SITE, "override", HOLD, site.clock.now()),
        {**good, "params": CHARGE},
        {**good, "expires_at": utc(site.clock.now() + timedelta(minutes=14))},
        {**good, "counter": 7},
        _unsigned(good),
    ]
    for body in forged:
        with pytest.raises(PayloadRefused, match=r"signature|not signed"):
            site.hear(body)
    await site.steps()
    assert (site.heard, spent(site), site.outlet.view.override) == ([], 0, None)


@pytest.mark.parametrize(
    ("params", "why"),
    [
        ({"action": "charge", "power_w": 1500.0}, "params: an override ends: lease_s is missing"),
        ({"action": "charge", "lease_s": 14401}, "params.lease_s: Input should be less than or equal to 14400"),
        ({"action": "charge", "lease_s": 60, "power_w": -1.0}, "params.power_w: Input should be greater than or equal"),
        ({"action": "charge", "lease_s": 60, "power_w": 0.0}, "params: a power of 0 W cannot be: a power is above 0"),
        ({"action": "hold", "lease_s": 60, "power_w": 5.0}, "params: a battery that is held has no power"),
        ({"action": "burn", "lease_s": 60}, "params.action: Input should be 'hold', 'charge', 'discharge' or 'auto'"),
        ({}, "params.action: Field required"),
    ],
)
async def test_terms_that_cannot_be_meant_are_rejected(site: SignedSite, params: dict[str, object], why: str) -> None:
    one = await site.order(params)
    assert (site.states(one), site.outlet.view.override) == (["rejected"], None)
    assert site.reason(one).startswith(why)
