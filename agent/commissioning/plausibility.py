"""Every value of a site against the others, before anything is written. Pure: what is seen goes in, findings come out.

A finding that ``stops`` is a doubt with which no battery is moved.
"""

from collections.abc import Callable, Iterator, Sequence

from agent.commissioning.identity import identity_findings
from agent.commissioning.meter_values import meter_findings
from agent.commissioning.sighting import BatterySeen, DeviceSeen, SiteSeen
from agent.commissioning.step_response import tolerance_w
from agent.domain.commissioning import Finding
from agent.domain.site import Connection, SiteState
from drivers.device import Action
from drivers.reading import Quality, Quantity

OVER = 1.3  # times a rating: what is more is no measurement of it
OTHER_RATING = 1.15
SCALES = (10.0, 100.0, 1000.0)
AC_PART, AC_W = 0.2, 200.0  # losses, and values of different instants
LEAST_ROOM_PCT = 2.0
FULL_PCT, EMPTY_PCT = 99.0, 1.0
POWERS = frozenset(
    {Quantity.GRID_W, Quantity.AC_W, Quantity.PV_W, Quantity.BATTERY_W, Quantity.LOAD_W, Quantity.SOC_PCT}
)


def findings(seen: SiteSeen) -> list[Finding]:
    """All that is wrong or worth a word, what stops first."""
    found = [*identity_findings(seen), *(finding for check in _CHECKS for finding in check(seen))]
    return sorted(dict.fromkeys(found), key=lambda finding: not finding.stops)


def scale_words(ratio: float) -> str:
    """What a value that is ``ratio`` times too large is most likely wrong by; nothing where that is no power of ten."""
    ratio = max(ratio, 1.0 / ratio) if ratio > 0.0 else 1.0
    near = min(SCALES, key=lambda scale: abs(ratio / scale - 1.0))
    return f": its scale may be wrong by {near:.0f}" if abs(ratio / near - 1.0) < 0.3 else ""


def _implausible(seen: SiteSeen) -> Iterator[Finding]:
    for device in seen.devices:
        newest = device.samples[-1] if device.samples else {}
        for quantity, reading in newest.items():
            if reading.quality is Quality.IMPLAUSIBLE and reading.value is not None:
                text = f"{device.name} gives {quantity.value} as {reading.value:g}, which it cannot be"
                yield Finding("implausible", text, device.name, stops=quantity in POWERS)


def _unfit(seen: SiteSeen) -> Iterator[Finding]:
    for device in seen.devices:
        state = device.value(Quantity.STATE)
        if device.steers and state is not None and state in device.unfit:
            text = f"{device.name} is {device.unfit[state]} (state {state:g}): test it when it is in operation"
            yield Finding("unfit_state", text, device.name)
        if device.steers and device.order:
            holds = ", ".join(f"{name} {value:g}" for name, value in device.order.items())
            text = f"something else steers {device.name} now ({holds}): end that first, in its portal or its program"
            yield Finding("steered_by_others", text, device.name)


def _charge_level(seen: SiteSeen) -> Iterator[Finding]:
    """Room for the test in both directions, twice over, inside the window of the site file."""
    for unit in seen.batteries:
        device, battery = seen.device(unit.device), unit.battery
        soc_pct = device.value(Quantity.SOC_PCT)
        if soc_pct is None:
            continue
        needed_pct = max(LEAST_ROOM_PCT, 200.0 * unit.test_w * 2.0 * unit.phase_s / 3600.0 / battery.usable_wh)
        high, low = min(battery.soc_max_pct, FULL_PCT) - needed_pct, max(battery.floor_pct, EMPTY_PCT) + needed_pct
        if soc_pct > high:
            text = f"{unit.device} is {soc_pct:.0f} % full: it must be below {high:.0f} % to be charged for the test"
            yield Finding("too_full", text, unit.device)
        elif soc_pct < low and _discharges(device):
            text = f"{unit.device} is {soc_pct:.0f} % full: it must be above {low:.0f} % to be discharged for the test"
            yield Finding("too_empty", text, unit.device)


def _discharges(device: DeviceSeen) -> bool:
    return bool(device.actions & {Action.SETPOINT, Action.DISCHARGE})


def _balance(seen: SiteSeen) -> Iterator[Finding]:
    """Grid, sun and battery together feed the load, which is never negative."""
    rating_w = sum(max(unit.battery.charge_w, unit.battery.discharge_w) for unit in seen.batteries)
    found = [parts for state in seen.states if (parts := _parts(state)) is not None]
    negative = [parts for parts in found if sum(parts) < -tolerance_w(rating_w)]
    if not negative or 2 * len(negative) <= len(found):
        return
    grid_w, pv_w, battery_w = negative[-1]
    told = (
        f"grid {grid_w:.0f} W, sun {pv_w:.0f} W and battery {battery_w:.0f} W make a load of {sum(negative[-1]):.0f} W,"
        f" which cannot be negative: {_sign_hint(grid_w, pv_w, battery_w)}"
    )
    yield Finding("negative_load", told)


def _parts(state: SiteState) -> tuple[float, float, float] | None:
    grid_w, battery_w = state.grid_w.known, state.battery_w.known
    return None if grid_w is None or battery_w is None else (grid_w, state.pv_w.known or 0.0, battery_w)


def _sign_hint(grid_w: float, pv_w: float, battery_w: float) -> str:
    turned = []
    if grid_w < 0.0 <= -grid_w + pv_w + battery_w:
        turned.append("of the grid's meter")
    if battery_w < 0.0 <= grid_w + pv_w - battery_w:
        turned.append("of the battery's power")
    return f"the sign {' or '.join(turned)} may be turned" if turned else "a sign or a scale is wrong"


def _inverter(seen: SiteSeen) -> Iterator[Finding]:
    """What a hybrid inverter gives is what its sun and its battery give."""
    for device in seen.devices:
        ac_w, pv_w, battery_w = (device.value(q) for q in (Quantity.AC_W, Quantity.PV_W, Quantity.BATTERY_W))
        if ac_w is None or pv_w is None or battery_w is None:
            continue
        sum_w, allowed_w = pv_w + battery_w, max(AC_W, AC_PART * max(abs(ac_w), abs(pv_w), abs(battery_w)))
        if abs(ac_w - sum_w) > allowed_w:
            hint = scale_words(sum_w / ac_w) if ac_w and sum_w / ac_w > 0.0 else ": a sign may be turned"
            if abs(ac_w - pv_w + battery_w) <= allowed_w:
                hint = ": the sign of the battery's power may be turned"
            text = (
                f"{device.name} gives {ac_w:.0f} W, and its sun ({pv_w:.0f} W) and battery ({battery_w:.0f} W) make "
                f"{sum_w:.0f} W{hint}"
            )
            yield Finding("inverter_contradicts", text, device.name)


def _ratings(seen: SiteSeen) -> Iterator[Finding]:
    sun_w = None if seen.state is None else seen.state.pv_w.known
    if seen.solar_w is not None and sun_w is not None and sun_w > OVER * seen.solar_w:
        text = f"the sun gives {sun_w:.0f} W of the {seen.solar_w:.0f} W in the site file"
        yield Finding("sun_over_rating", text + scale_words(sun_w / seen.solar_w))
    for unit in seen.batteries:
        yield from _battery_ratings(unit, seen.device(unit.device))


def _battery_ratings(unit: BatterySeen, device: DeviceSeen) -> Iterator[Finding]:
    battery, battery_w = unit.battery, device.value(Quantity.BATTERY_W)
    most_w = max(battery.charge_w, battery.discharge_w)
    rated_w = device.value(Quantity.RATED_W) or 0.0
    if battery_w is not None and abs(battery_w) > OVER * max(most_w, rated_w):
        text = f"{unit.device} gives {abs(battery_w):.0f} W of battery power, and is rated for {most_w:.0f} W"
        yield Finding("battery_over_rating", text + scale_words(abs(battery_w) / most_w), unit.device)
    pairs = (
        ("usable_wh", battery.usable_wh, Quantity.RATED_WH, "Wh"),
        ("charge_w", battery.charge_w, Quantity.RATED_CHARGE_W, "W"),
        ("discharge_w", battery.discharge_w, Quantity.RATED_DISCHARGE_W, "W"),
    )
    for key, ours, quantity, unit_word in pairs:
        said = device.value(quantity)
        if said is not None and said > 0.0 and ours > OTHER_RATING * said:
            text = f"the site file has {key} {ours:.0f}, and {unit.device} says {said:.0f} {unit_word}"
            yield Finding("other_rating", text + scale_words(ours / said), unit.device, stops=ours > 5.0 * said)


def _connection(seen: SiteSeen) -> Iterator[Finding]:
    """The grid inside the limits now, and with the test's power added in both directions."""
    state, limits = seen.state, seen.connection
    grid_w = None if state is None else state.grid_w.known
    if state is None or grid_w is None:
        yield Finding("no_grid_power", "the power at the grid's meter is not known")
        return
    over = _over(limits, grid_w)
    if over is not None:
        yield Finding("over_limit", f"the grid's meter shows {grid_w:.0f} W: {over}")
        return
    net_load_w = state.net_load_w
    for unit in seen.batteries if net_load_w is not None else ():
        for verb, watts in (("charging", unit.test_w), ("discharging", -unit.test_w)):
            if verb == "discharging" and not _discharges(seen.device(unit.device)):
                continue
            over = _over(limits, (net_load_w or 0.0) + watts)
            if over is not None:
                text = f"{verb} {unit.device} with {unit.test_w:.0f} W would bring the grid to "
                text += f"{(net_load_w or 0.0) + watts:.0f} W: {over}; run it when load and sun leave room for that"
                yield Finding("no_room", text, unit.device)


def _over(limits: Connection, grid_w: float) -> str | None:
    """Why this power is too much; the meter of an export limit of 0 W shows a little of it now and then."""
    if limits.import_limit_w is not None and grid_w > limits.import_limit_w:
        text = f"more than the {limits.import_limit_w:.0f} W that may be drawn"
        return text + scale_words(grid_w / max(1.0, limits.import_limit_w))
    if limits.export_limit_w is not None and -grid_w > limits.export_limit_w + AC_W / 2.0:
        return f"more than the {limits.export_limit_w:.0f} W that may be fed in"
    return None


_CHECKS: Sequence[Callable[[SiteSeen], Iterator[Finding]]] = (
    _implausible,
    _unfit,
    _charge_level,
    meter_findings,
    _balance,
    _inverter,
    _ratings,
    _connection,
)
