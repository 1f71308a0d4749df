"""Several batteries planned and guarded as one, and the granted power split over them by headroom.

Headroom is the stored energy above the floor when discharging and the room below the top when charging. Powers are
water-filled in proportion to it, so that the units run towards their ends together, each within its own rating. All
units have one direction, since energy from one battery into the other is lost twice.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from agent.domain.battery import Battery, charging_w, discharging_w

# An inverter at a few per cent of its rating mostly feeds its own losses, and many have a dead-band there.
LEAST_PART_OF_RATING = 0.05
# A unit in use keeps its place until another has so much more headroom; otherwise the two would take turns.
PREFERENCE_IN_USE = 1.1


@dataclass(frozen=True, slots=True)
class UnitState:
    """A battery that answers: the device that steers it, its rating and window, and its state of charge in percent."""

    device: str
    battery: Battery
    soc_pct: float


@dataclass(frozen=True, slots=True)
class _Room:
    """What one unit can do in one direction: energy in Wh of its cells, and the most power in AC watts."""

    device: str
    headroom_wh: float
    most_w: float
    least_w: float


def available(units: Sequence[UnitState], hold_s: float) -> Battery:
    """The units as one battery. Its powers are those that the units can hold for ``hold_s`` from where each is now.

    The window is that of the least cautious unit: each unit keeps its own. Raises ValueError without a unit.
    """
    if not units:
        raise ValueError("there is no unit")
    return replace(
        min((unit.battery for unit in units), key=lambda battery: battery.caution_pct),
        usable_wh=sum(unit.battery.usable_wh for unit in units),
        charge_w=sum(_room(unit, True, hold_s).most_w for unit in units),
        discharge_w=sum(_room(unit, False, hold_s).most_w for unit in units),
    )


def power_split(
    granted_w: float, units: Sequence[UnitState], hold_s: float, in_use: Collection[str] = ()
) -> dict[str, float]:
    """AC watts of each unit by its device, positive discharges. Their sum is ``granted_w`` or what the units can hold.

    Small powers go to as few units as needed; those ``in_use`` come first among equals.
    """
    shares = dict.fromkeys((unit.device for unit in units), 0.0)
    wanted_w = abs(granted_w)
    rooms = [_room(unit, granted_w < 0.0, hold_s) for unit in units]
    rooms = [room for room in rooms if room.most_w > 0.0]
    rooms.sort(key=lambda room: room.headroom_wh * (PREFERENCE_IN_USE if room.device in in_use else 1.0), reverse=True)
    while len(rooms) > 1 and _too_small(rooms, wanted_w):
        rooms.pop()
    sign = -1.0 if granted_w < 0.0 else 1.0
    for device, watts in _filled(rooms, wanted_w).items():
        shares[device] = sign * watts
    return shares


def _too_small(rooms: Sequence[_Room], wanted_w: float) -> bool:
    """True when some unit would run below its least power and the units before the last can do it all."""
    if sum(room.most_w for room in rooms[:-1]) < wanted_w:
        return False
    filled = _filled(rooms, wanted_w)
    return any(filled[room.device] < room.least_w for room in rooms)


def _filled(rooms: Sequence[_Room], wanted_w: float) -> dict[str, float]:
    """Powers in proportion to headroom; what is above a unit's most goes to the others."""
    filled: dict[str, float] = {}
    left_w, left_wh = wanted_w, sum(room.headroom_wh for room in rooms)
    for room in sorted(rooms, key=lambda one: one.most_w / one.headroom_wh):
        part_w = left_w * min(1.0, room.headroom_wh / left_wh) if left_wh > 0.0 else left_w
        filled[room.device] = min(room.most_w, part_w)
        left_w -= filled[room.device]
        left_wh -= room.headroom_wh
    return filled


def _room(unit: UnitState, charging: bool, hold_s: float) -> _Room:
    battery, hours = unit.battery, hold_s / 3600.0
    if charging:
        headroom_wh = battery.below_top_wh(unit.soc_pct)
        rating_w, lasting_w = battery.charge_w, charging_w(battery, headroom_wh, hours)
    else:
        headroom_wh = battery.above_floor_wh(unit.soc_pct)
        rating_w, lasting_w = battery.discharge_w, discharging_w(battery, headroom_wh, hours)
    return _Room(unit.device, headroom_wh, min(rating_w, lasting_w), LEAST_PART_OF_RATING * rating_w)
