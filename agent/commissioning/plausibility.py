"""Every value of a site against the others, before anything is written. Pure: what is seen goes in, findings come out.

A finding that ``stops`` is a doubt with which no battery is moved.
"""

from collections.abc import Callable, Iterator, Sequence

from agent.commissioning.identity import identity_findings
from agent.commissioning.meter_values import meter_findings
from agent.commissioning.sighting import BatterySeen, DeviceSeen, SiteSeen
from agent.commissioning.step_response import tolerance_w
from agent.domain.commissioning import Finding
from agent.domain.sentence import Sentence
from agent.domain.sentences import commissioning_look as told
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


def with_scale(said: Sentence, ratio: float) -> Sentence:
    """By what a value that is ``ratio`` times too large is most likely wrong; nothing where that is no power of ten."""
    ratio = max(ratio, 1.0 / ratio) if ratio > 0.0 else 1.0
    near = min(SCALES, key=lambda scale: abs(ratio / scale - 1.0))
    return (
        told.with_hint(said=said, hint=told.hint_scale(factor=round(near))) if abs(ratio / near - 1.0) < 0.3 else said
    )


def _implausible(seen: SiteSeen) -> Iterator[Finding]:
    for device in seen.devices:
        newest = device.samples[-1] if device.samples else {}
        for quantity, reading in newest.items():
            if reading.quality is Quality.IMPLAUSIBLE and reading.value is not None:
                text = told.value_impossible(device=device.name, quantity=quantity.value, value=f"{reading.value:g}")
                yield Finding("implausible", text, device.name, stops=quantity in POWERS)


def _unfit(seen: SiteSeen) -> Iterator[Finding]:
    for device in seen.devices:
        state = device.value(Quantity.STATE)
        if device.steers and state is not None and state in device.unfit:
            text = told.state_unfit(device=device.name, told=device.unfit[state], value=f"{state:g}")
            yield Finding("unfit_state", text, device.name)
        if device.steers and device.order:
            holds = ", ".join(f"{name} {value:g}" for name, value in device.order.items())
            yield Finding("steered_by_others", told.steered_by_others(device=device.name, holds=holds), device.name)


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
            text = told.too_full_to_test(device=unit.device, soc_pct=soc_pct, most_pct=high)
            yield Finding("too_full", text, unit.device)
        elif soc_pct < low and _discharges(device):
            text = told.too_empty_to_test(device=unit.device, soc_pct=soc_pct, least_pct=low)
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
    said = told.negative_load(grid_w=grid_w, sun_w=pv_w, battery_w=battery_w, sum_w=sum(negative[-1]))
    yield Finding("negative_load", told.with_hint(said=said, hint=_sign_hint(grid_w, pv_w, battery_w)))


def _parts(state: SiteState) -> tuple[float, float, float] | None:
    grid_w, battery_w = state.grid_w.known, state.battery_w.known
    return None if grid_w is None or battery_w is None else (grid_w, state.pv_w.known or 0.0, battery_w)


def _sign_hint(grid_w: float, pv_w: float, battery_w: float) -> Sentence:
    may_be_grid = grid_w < 0.0 <= -grid_w + pv_w + battery_w
    may_be_battery = battery_w < 0.0 <= grid_w + pv_w - battery_w
    if may_be_grid:
        return told.hint_sign_of_either() if may_be_battery else told.hint_sign_of_grid()
    return told.hint_sign_of_battery() if may_be_battery else told.hint_sign_or_scale()


def _inverter(seen: SiteSeen) -> Iterator[Finding]:
    """What a hybrid inverter gives is what its sun and its battery give."""
    for device in seen.devices:
        ac_w, pv_w, battery_w = (device.value(q) for q in (Quantity.AC_W, Quantity.PV_W, Quantity.BATTERY_W))
        if ac_w is None or pv_w is None or battery_w is None:
            continue
        sum_w, allowed_w = pv_w + battery_w, max(AC_W, AC_PART * max(abs(ac_w), abs(pv_w), abs(battery_w)))
        if abs(ac_w - sum_w) > allowed_w:
            said = told.inverter_contradicts(
                device=device.name, power_w=ac_w, sun_w=pv_w, battery_w=battery_w, sum_w=sum_w
            )
            if abs(ac_w - pv_w + battery_w) <= allowed_w:
                said = told.with_hint(said=said, hint=told.hint_sign_of_battery())
            elif ac_w and sum_w / ac_w > 0.0:
                said = with_scale(said, sum_w / ac_w)
            else:
                said = told.with_hint(said=said, hint=told.hint_sign())
            yield Finding("inverter_contradicts", said, device.name)


def _ratings(seen: SiteSeen) -> Iterator[Finding]:
    sun_w = None if seen.state is None else seen.state.pv_w.known
    if seen.solar_w is not None and sun_w is not None and sun_w > OVER * seen.solar_w:
        text = told.sun_over_rating(sun_w=sun_w, rated_w=seen.solar_w)
        yield Finding("sun_over_rating", with_scale(text, sun_w / seen.solar_w))
    for unit in seen.batteries:
        yield from _battery_ratings(unit, seen.device(unit.device))


def _battery_ratings(unit: BatterySeen, device: DeviceSeen) -> Iterator[Finding]:
    battery, battery_w = unit.battery, device.value(Quantity.BATTERY_W)
    most_w = max(battery.charge_w, battery.discharge_w)
    rated_w = device.value(Quantity.RATED_W) or 0.0
    if battery_w is not None and abs(battery_w) > OVER * max(most_w, rated_w):
        text = told.battery_over_rating(device=unit.device, power_w=abs(battery_w), rated_w=most_w)
        yield Finding("battery_over_rating", with_scale(text, abs(battery_w) / most_w), unit.device)
    pairs = (
        ("usable_wh", battery.usable_wh, Quantity.RATED_WH),
        ("charge_w", battery.charge_w, Quantity.RATED_CHARGE_W),
        ("discharge_w", battery.discharge_w, Quantity.RATED_DISCHARGE_W),
    )
    for key, ours, quantity in pairs:
        said = device.value(quantity)
        if said is not None and said > 0.0 and ours > OTHER_RATING * said:
            if quantity is Quantity.RATED_WH:
                text = told.other_rated_energy(device=unit.device, key=key, ours_wh=ours, theirs_wh=said)
            else:
                text = told.other_rated_power(device=unit.device, key=key, ours_w=ours, theirs_w=said)
            yield Finding("other_rating", with_scale(text, ours / said), unit.device, stops=ours > 5.0 * said)


def _connection(seen: SiteSeen) -> Iterator[Finding]:
    """The grid inside the limits now, and with the test's power added in both directions."""
    state, limits = seen.state, seen.connection
    grid_w = None if state is None else state.grid_w.known
    if state is None or grid_w is None:
        yield Finding("no_grid_power", told.grid_power_unknown())
        return
    over = _over(limits, grid_w)
    if over is not None:
        yield Finding("over_limit", told.grid_over(grid_w=grid_w, limit=over))
        return
    net_load_w = state.net_load_w
    for unit in seen.batteries if net_load_w is not None else ():
        for said, watts in ((told.no_room_to_charge, unit.test_w), (told.no_room_to_discharge, -unit.test_w)):
            if watts < 0.0 and not _discharges(seen.device(unit.device)):
                continue
            reached_w = (net_load_w or 0.0) + watts
            over = _over(limits, reached_w)
            if over is not None:
                text = said(device=unit.device, power_w=unit.test_w, grid_w=reached_w, limit=over)
                yield Finding("no_room", text, unit.device)


def _over(limits: Connection, grid_w: float) -> Sentence | None:
    """Why this power is too much; the meter of an export limit of 0 W shows a little of it now and then."""
    if limits.import_limit_w is not None and grid_w > limits.import_limit_w:
        text = told.more_than_import(allowed_w=limits.import_limit_w)
        return with_scale(text, grid_w / max(1.0, limits.import_limit_w))
    if limits.export_limit_w is not None and -grid_w > limits.export_limit_w + AC_W / 2.0:
        return told.more_than_export(allowed_w=limits.export_limit_w)
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
