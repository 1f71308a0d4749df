"""What commissioning sees at a site before anything is written."""

from agent.domain.sentence import Template


@Template
def with_hint(*, said: str, hint: str) -> str:
    return f"{said}: {hint}"


@Template
def hint_scale(*, factor: int) -> str:
    return f"its scale may be wrong by {factor}"


@Template
def hint_sign() -> str:
    return "a sign may be turned"


@Template
def hint_sign_of_battery() -> str:
    return "the sign of the battery's power may be turned"


@Template
def hint_sign_of_grid() -> str:
    return "the sign of the grid's meter may be turned"


@Template
def hint_sign_of_either() -> str:
    return "the sign of the grid's meter or of the battery's power may be turned"


@Template
def hint_sign_or_scale() -> str:
    return "a sign or a scale is wrong"


@Template
def hint_sign_turned() -> str:
    return "a sign is turned"


@Template
def hint_phases() -> str:
    return "phases are mixed, or a scale is wrong"


# --- which devices they are -------------------------------------------------------------------------------------------


@Template
def devices_swapped(*, device: str, other: str, place: str) -> str:
    told = f"{device} and {other} are swapped: at {place} answers what belongs to {other}, and the other way round"
    return f"{told}; exchange their addresses in the site file"


@Template
def other_brand(*, device: str, brand: str, family: str, place: str, other_family: str) -> str:
    return f"{device} is no {brand} ({family}): what answers at {place} is of the family {other_family}"


@Template
def other_brand_named(*, device: str, brand: str, family: str, place: str, maker: str, other_family: str) -> str:
    return f"{device} is no {brand} ({family}): what answers at {place} is {maker}, of the family {other_family}"


@Template
def device_unread(*, device: str, place: str, cause: str) -> str:
    return f"{device} at {place} cannot be read: {cause}"


@Template
def unrecognised(*, device: str, brand: str) -> str:
    return f"{device} does not name itself as a {brand} does: see that it is one"


@Template
def role_without_value(*, device: str, role: str, quantity: str) -> str:
    return f"{device} has the role '{role}' and gives no {quantity}: it may be asleep or another device"


@Template
def one_device_twice(*, device: str, other: str, why: str, advice: str) -> str:
    return f"{device} and {other} are one device: {why}; {advice}"


@Template
def same_serial(*, serial: str) -> str:
    return f"both have the serial number {serial}"


@Template
def same_values() -> str:
    return "they have shown the same values all the time"


@Template
def one_inverter_twice() -> str:
    return "this inverter stands twice in the site file, as two batteries"


@Template
def one_unit_for_another(*, place: str, unit: int, other_unit: int) -> str:
    return f"one unit id answers for the other at {place} ({unit} and {other_unit})"


@Template
def same_meter(*, place: str, other: str) -> str:
    return f"{place} and {other} lead to the same meter"


# --- their values -----------------------------------------------------------------------------------------------------


@Template
def value_impossible(*, device: str, quantity: str, value: str) -> str:
    return f"{device} gives {quantity} as {value}, which it cannot be"


@Template
def state_unfit(*, device: str, told: str, value: str) -> str:
    return f"{device} is {told} (state {value}): test it when it is in operation"


@Template
def steered_by_others(*, device: str, holds: str) -> str:
    return f"something else steers {device} now ({holds}): end that first, in its portal or its program"


@Template
def too_full_to_test(*, device: str, soc_pct: float, most_pct: float) -> str:
    return f"{device} is {soc_pct:.0f} % full: it must be below {most_pct:.0f} % to be charged for the test"


@Template
def too_empty_to_test(*, device: str, soc_pct: float, least_pct: float) -> str:
    return f"{device} is {soc_pct:.0f} % full: it must be above {least_pct:.0f} % to be discharged for the test"


@Template
def negative_load(*, grid_w: float, sun_w: float, battery_w: float, sum_w: float) -> str:
    told = f"grid {grid_w:.0f} W, sun {sun_w:.0f} W and battery {battery_w:.0f} W make a load of {sum_w:.0f} W"
    return f"{told}, which cannot be negative"


@Template
def inverter_contradicts(*, device: str, power_w: float, sun_w: float, battery_w: float, sum_w: float) -> str:
    parts = f"its sun ({sun_w:.0f} W) and battery ({battery_w:.0f} W) make {sum_w:.0f} W"
    return f"{device} gives {power_w:.0f} W, and {parts}"


@Template
def sun_over_rating(*, sun_w: float, rated_w: float) -> str:
    return f"the sun gives {sun_w:.0f} W of the {rated_w:.0f} W in the site file"


@Template
def battery_over_rating(*, device: str, power_w: float, rated_w: float) -> str:
    return f"{device} gives {power_w:.0f} W of battery power, and is rated for {rated_w:.0f} W"


@Template
def other_rated_power(*, device: str, key: str, ours_w: float, theirs_w: float) -> str:
    return f"the site file has {key} {ours_w:.0f}, and {device} says {theirs_w:.0f} W"


@Template
def other_rated_energy(*, device: str, key: str, ours_wh: float, theirs_wh: float) -> str:
    return f"the site file has {key} {ours_wh:.0f}, and {device} says {theirs_wh:.0f} Wh"


@Template
def grid_power_unknown() -> str:
    return "the power at the grid's meter is not known"


@Template
def grid_over(*, grid_w: float, limit: str) -> str:
    return f"the grid's meter shows {grid_w:.0f} W: {limit}"


@Template
def more_than_import(*, allowed_w: float) -> str:
    return f"more than the {allowed_w:.0f} W that may be drawn"


@Template
def more_than_export(*, allowed_w: float) -> str:
    return f"more than the {allowed_w:.0f} W that may be fed in"


@Template
def no_room_to_charge(*, device: str, power_w: float, grid_w: float, limit: str) -> str:
    told = f"charging {device} with {power_w:.0f} W would bring the grid to {grid_w:.0f} W: {limit}"
    return f"{told}; run it when load and sun leave room for that"


@Template
def no_room_to_discharge(*, device: str, power_w: float, grid_w: float, limit: str) -> str:
    told = f"discharging {device} with {power_w:.0f} W would bring the grid to {grid_w:.0f} W: {limit}"
    return f"{told}; run it when load and sun leave room for that"


# --- the values of a meter --------------------------------------------------------------------------------------------


@Template
def phases_contradict(*, device: str, parts: str, sum_w: float, total_w: float) -> str:
    return f"the phases of {device} add up to {parts} = {sum_w:.0f} W, and its total says {total_w:.0f} W"


@Template
def odd_voltage(*, device: str, phase: str, found_v: float) -> str:
    return f"{device} shows {found_v:.0f} V at {phase}: a scale or another quantity is read"


@Template
def uneven_voltage(*, device: str, phase: str, found_v: float, mean_v: float) -> str:
    return f"{device} shows {found_v:.0f} V at {phase} and {mean_v:.0f} V in the mean of its phases"


@Template
def more_than_apparent(*, device: str, phase: str, power_w: float, found_v: float, found_a: float) -> str:
    told = f"{device} shows {power_w:.0f} W at {phase}, with {found_v:.0f} V and {found_a:.1f} A"
    return f"{told}: no power is more than volts times amps; a scale is wrong"


@Template
def mixed_phase(*, device: str, phase: str, power_w: float, found_v: float, found_a: float) -> str:
    told = f"{device} shows {power_w:.0f} W at {phase}, with {found_v:.0f} V and {found_a:.1f} A"
    return f"{told}: its clamp may sit on another phase than its voltage"
