"""Which orders the test of a battery gives, for how long and with which power. Pure."""

import math
from collections.abc import Collection
from dataclasses import dataclass

from agent.domain.battery import Battery
from agent.domain.site import Connection
from drivers.device import Action
from drivers.family import SteeringFacts

PHASE_S = 30.0
SAMPLES = 6  # at least, in a phase
USUAL, LEAST, MOST = 0.15, 0.10, 0.20  # of the rating
MARGIN_S = 5.0
HOLD_S = 60.0  # the lease of an order while it is refreshed
SHORT_HOLD_S = 20.0  # of the order that is not refreshed, where the device keeps it for as long as it is told


@dataclass(frozen=True, slots=True)
class Phase:
    """An order: ``what`` for a person, its power (W, > 0 discharges), and for how long it is kept, s."""

    what: str
    battery_w: float
    for_s: float


def is_exact(actions: Collection[Action]) -> bool:
    """Whether the battery is given a power, and not only a bound for its own rule."""
    return Action.SETPOINT in actions


def phases(actions: Collection[Action], test_w: float, phase_s: float) -> tuple[Phase, ...]:
    """The orders that a device can be given, in this order: charge, hold, discharge."""
    wanted = ((Action.CHARGE, "charge", -test_w), (Action.HOLD, "hold", 0.0), (Action.DISCHARGE, "discharge", test_w))
    able = is_exact(actions)
    return tuple(Phase(what, watts, phase_s) for action, what, watts in wanted if able or action in actions)


def phase_s(facts: SteeringFacts, sample_s: float) -> float:
    """How long one order is kept: long enough to be seen, and until the device takes another."""
    return max(PHASE_S, SAMPLES * sample_s, facts.shortest_between_writes_s + MARGIN_S)


def power_to_test_w(battery: Battery, resolution_w: float, room_w: float) -> float:
    """15 % of the rating, or down to 10 % where there is not more ``room_w``; at least two steps of the device."""
    rating_w = min(battery.charge_w, battery.discharge_w)
    wanted_w = max(LEAST * rating_w, min(USUAL * rating_w, room_w))
    return min(max(wanted_w, 2.0 * resolution_w), max(MOST * rating_w, resolution_w))


def room_w(connection: Connection, net_load_w: float, discharges: bool) -> float:
    """The most by which the battery may charge, and where it ``discharges`` also discharge, inside the limits, W."""
    charge_w = float("inf") if connection.import_limit_w is None else connection.import_limit_w - net_load_w
    if connection.export_limit_w is None or not discharges:
        return charge_w
    return min(charge_w, connection.export_limit_w + net_load_w)


def unrefreshed_hold_s(facts: SteeringFacts) -> float:
    """The shortest order that can be timed when it is not refreshed, s."""
    if facts.timer_step_s is None:
        return min(SHORT_HOLD_S, facts.longest_hold_s)
    return max(facts.timer_step_s, min(SHORT_HOLD_S, facts.longest_hold_s))


def promised_s(facts: SteeringFacts, hold_s: float) -> float | None:
    """After which time the device is free by its datasheet when an order for ``hold_s`` is not refreshed; None: never.

    The longest of what may end it. A timer counts whole steps, and one more where an order is to outlive its lease.
    """
    if facts.timer_step_s is not None:
        steps = math.ceil(hold_s / facts.timer_step_s) + 1
        return max(steps * facts.timer_step_s, facts.reverts_after_s or 0.0)
    return facts.reverts_after_s
