"""What ends a test under way at once. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from agent.commissioning.step_response import noise_w
from agent.domain.battery import Battery
from agent.domain.sentences import commissioning_test as told
from agent.domain.site import Connection, SiteState

BEGINS_WITHIN_S = 12.0  # no family is known whose battery moves later; a wrong direction after that is no dead time
FAR = 3.0  # times the test's power
OVER_LIMIT_W, OVER_LIMIT_S = 200.0, 5.0  # of the connection: the load moves too, and the guard follows it


@dataclass(frozen=True, slots=True)
class Instant:
    """One look during a step: what was ordered ``since_s`` seconds ago, and what is measured, W and percent.

    ``orders_w`` None: nothing is in force. ``from_w`` was measured before the order. For ``over_s`` the grid has been
    over a limit.
    """

    device: str
    orders_w: float | None
    since_s: float
    battery_w: float | None
    soc_pct: float | None
    exact: bool
    from_w: float | None = None
    over_s: float = 0.0


def doubt(
    now: Instant, battery: Battery, test_w: float, troubles: Mapping[str, str], foreign: str | None
) -> str | None:
    """Why the test must end, in one sentence; None while all is well."""
    if troubles:
        return next(iter(troubles.values()))
    if foreign is not None:
        return foreign
    if now.over_s > OVER_LIMIT_S:
        return told.grid_over_connection()
    if now.soc_pct is None:
        return told.soc_lost(device=now.device)
    if not battery.soc_min_pct <= now.soc_pct <= battery.soc_max_pct:
        return told.soc_outside(device=now.device, soc_pct=now.soc_pct)
    return _power_doubt(now, battery, test_w)


def _power_doubt(now: Instant, battery: Battery, test_w: float) -> str | None:
    rating_w = max(battery.charge_w, battery.discharge_w)
    if now.orders_w is None or now.battery_w is None or now.since_s < BEGINS_WITHIN_S:
        return None
    is_far = abs(now.battery_w) > max(FAR * test_w, 2.0 * noise_w(rating_w))
    if is_far and (now.exact or now.battery_w > 0.0):
        return told.shows_far_more(device=now.device, asked_w=now.orders_w, shown_w=now.battery_w)
    moved_w = now.battery_w - (now.battery_w if now.from_w is None else now.from_w)
    is_wrong = now.orders_w * now.battery_w < 0.0 and now.orders_w * moved_w < 0.0
    if is_wrong and min(abs(now.battery_w), abs(moved_w)) > max(noise_w(rating_w), test_w / 4.0):
        return told.shows_wrong_direction(device=now.device, asked_w=now.orders_w, shown_w=now.battery_w)
    return None


def is_over(connection: Connection, state: SiteState) -> bool:
    """Whether the grid is over a limit by more than the load's own moves."""
    grid_w = state.grid_w.known
    if grid_w is None:
        return False
    limits = (connection.import_limit_w, grid_w), (connection.export_limit_w, -grid_w)
    return any(limit is not None and power > limit + OVER_LIMIT_W for limit, power in limits)
