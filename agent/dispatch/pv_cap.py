"""The cap on the sun: export that costs money, or that is forbidden, is not made. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

from agent.domain.battery import Battery
from agent.domain.site import SiteState

NEAR = 0.9  # of what it may make: a sun below is not capped
STAYS = 0.7  # of what it may make: a sun below keeps no cap that stands; one of 0 W stays as long as there is no room
NEARLY_FULL_PCT = 1.0  # below the highest SoC: a battery in there is not counted on to charge


@dataclass(frozen=True, slots=True)
class Follower:
    """A battery that is given more power if there is more sun. ``power_w`` says which at a net load, both W."""

    battery: Battery
    soc_pct: float
    power_w: Callable[[float], float]

    def at_most_sun_w(self, allowed_w: float) -> float:
        """Its power, W, at as much sun as it takes with ``allowed_w`` exported beside; a full one discharges less."""
        power_w = self.power_w(-self.battery.charge_w - allowed_w)
        return max(0.0, power_w) if self.soc_pct > self.battery.soc_max_pct - NEARLY_FULL_PCT else power_w


def pv_cap(
    state: SiteState,
    battery_w: float,
    export_price: float,
    export_limit_w: float | None,
    follower: Follower | None = None,
    stands: bool = False,
) -> float | None:
    """The PV power to cap at beside ``battery_w``, W, or None. ``stands`` says that a cap is in force.

    The sun may rise as far as a ``follower`` takes it. Beside what the battery does at the sun that is seen, the cap
    would be that sun, and nobody would ever see that there is more. Until the battery has followed, what rises is
    exported: for as long as meter and battery take.
    """
    load_w, pv_w = state.load_to_cover_w, state.pv_w.known
    allowed_w = 0.0 if export_price < 0.0 else export_limit_w
    if load_w is None or pv_w is None or allowed_w is None or state.grid_w.known is None:
        return None
    room_w = max(0.0, load_w - battery_w + allowed_w)
    if follower is not None and _needs_cap(pv_w, room_w, stands):
        room_w = max(room_w, load_w - follower.at_most_sun_w(allowed_w) + allowed_w)
    return room_w if _needs_cap(pv_w, room_w, stands) else None


def _needs_cap(pv_w: float, room_w: float, stands: bool) -> bool:
    return pv_w > NEAR * room_w or (stands and pv_w >= STAYS * room_w)
