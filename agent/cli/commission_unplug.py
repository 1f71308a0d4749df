"""The unplug test: one order is not refreshed, and it is timed until the device goes by its own rule again."""

from collections.abc import Mapping

from agent.cli.commission_test import MOST_TIMED_S, Aborted, BatteryUnderTest, Say
from agent.commissioning.phases import phases, promised_s, unrefreshed_hold_s
from agent.commissioning.step_response import tolerance_w
from agent.domain.commissioning import Finding, Reversion
from agent.domain.sentences import commissioning_test as told
from drivers.errors import DriverError

LATE_S, LATE_PART = 15.0, 0.1  # how much later than promised is waited for
STAYS_AWAY = 2  # samples, before a power counts as free


async def unplug(test: BatteryUnderTest, even_long: bool, say: Say) -> Finding | None:
    """Times it into ``test.reversion``; a finding where the device does not do what its datasheet promises."""
    device = test.unit.device
    if not test.device.reverts:
        text = told.order_never_ends(device=device)
        test.reversion = Reversion(text)
        return Finding("never_reverts", text, device, stops=False)
    hold_s = unrefreshed_hold_s(test.facts)
    promise_s = promised_s(test.facts, hold_s)
    assert promise_s is not None
    if promise_s > MOST_TIMED_S and not even_long:
        text = told.order_not_timed(device=device, promised_s=promise_s)
        test.reversion = Reversion(text, promise_s)
        return Finding("reversion_not_timed", text, device, stops=False)
    say(f"{device}: one order, and then silence; it is to be free within {promise_s:z.0f} s")
    seen_s = await _timed(test, hold_s, promise_s)
    if seen_s is None:
        text = told.order_outlives(device=device, promised_s=promise_s)
        test.reversion = Reversion(text, promise_s)
        return Finding("does_not_revert", text, device)
    free = f"free {seen_s:z.0f} s after the last order, {promise_s:z.0f} s are promised; then {test.facts.reverts_to}"
    test.reversion = Reversion(free, promise_s, seen_s)
    say(f"  {free}")
    return None


async def _timed(test: BatteryUnderTest, hold_s: float, promise_s: float) -> float | None:
    """From the order until the battery's power left it, s; until its registers did, where the power cannot tell."""
    before_w = _own_rule_w(test)
    battery = test.unit.battery
    able = [one.battery_w for one in phases(test.device.actions, test.unit.test_w, 0.0) if one.battery_w <= 0.0]
    wanted_w = max(able, key=lambda watts: abs(watts - before_w))
    taken = await test.write(told.told_to_rest() if wanted_w == 0.0 else told.told_to_charge(), wanted_w, hold_s)
    if taken is None or taken.battery_w is None:
        raise Aborted(told.last_order_not_taken(device=test.unit.device))
    order_s, order = test.now_s(), await _in_force(test)
    gone_s: float | None = None
    tolerance = min(tolerance_w(max(battery.charge_w, battery.discharge_w)), test.unit.test_w / 2.0)
    away: list[float] = []
    was_there = False
    while test.now_s() - order_s <= promise_s + max(LATE_S, LATE_PART * promise_s):
        await test.eyes.clock.sleep(test.eyes.sample_s)
        await test.sample()
        is_there = test.newest is not None and abs(test.newest - taken.battery_w) <= tolerance
        was_there = was_there or is_there
        away = [] if is_there or not was_there else [*away, test.now_s()]
        if len(away) >= STAYS_AWAY:
            return away[0] - order_s
        if order and gone_s is None and await _in_force(test) == {}:
            gone_s = test.now_s() - order_s
        if gone_s is not None and test.now_s() - order_s - gone_s > LATE_S:
            break
    return gone_s


def _own_rule_w(test: BatteryUnderTest) -> float:
    """What the device's own rule would do now: cover the net load, within the rating."""
    net_load_w = test.net_load_w or 0.0
    return max(-test.unit.battery.charge_w, min(test.unit.battery.discharge_w, net_load_w))


async def _in_force(test: BatteryUnderTest) -> Mapping[str, float] | None:
    """What the registers say that the battery is forced to; None where they cannot be read."""
    try:
        return (await test.device.in_force()).order
    except DriverError:
        return None
