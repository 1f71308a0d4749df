"""The rules of every maker's family: whatever the device reads, what would be written passes its own guard."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.control_registers import ControlRegisters
from drivers.datasheet import Steering, Values, Write
from drivers.errors import NotApplied, NotSupported
from drivers.families import (
    deye_hybrid,
    goodwe_et,
    growatt_sph,
    growatt_tl_xh,
    huawei_luna,
    kostal_plenticore,
    sma_hybrid,
    solax_hybrid,
    sungrow_sh,
    victron_gx,
)
from drivers.families import deye_hybrid_rows as rows
from drivers.families.fenecon_openems import Storage, Totals, facts_of
from drivers.families.solaredge_storedge import CHARGE, DISCHARGE, Rules
from drivers.families.solaredge_storedge_rows import battery_rows
from drivers.spans import SpanLimits
from tests.drivers.memory import MemoryTransport

NOTHING_PROBED: Values = {"0 device type": None, "20 rated power": None}


def kostal(byte_order: float) -> Steering:
    steering = kostal_plenticore.choose(30.0, "grid", {"5 byte order": byte_order}).steering
    assert steering is not None
    return steering


def solaredge(*, from_grid: bool, wears: bool) -> Steering:
    rated = {CHARGE.name: 5000.0, DISCHARGE.name: 4000.0}
    return Rules((battery_rows(1),), from_grid, wears, rated).steering()


def deye(map_name: str) -> Steering:
    options = deye_hybrid.FAMILY.complete({"map": map_name})
    steering = deye_hybrid.variants(options).choose(NOTHING_PROBED).steering
    assert steering is not None
    return steering


RULES = {
    "victron_gx, 2716": victron_gx.VOLATILE,
    "victron_gx, 2700": victron_gx.PERSISTENT,
    "huawei_luna, forced": huawei_luna.steering("forced"),
    "huawei_luna, limit": huawei_luna.steering("limit"),
    "kostal_plenticore, low word first": kostal(0.0),
    "kostal_plenticore, high word first": kostal(1.0),
    "sungrow_sh": sungrow_sh.rules_of(None, None),
    "sungrow_sh, rated": sungrow_sh.rules_of(3000.0, 3000.0),
    "goodwe_et, old platform": goodwe_et.rules_of(*goodwe_et.OLD, None, None),
    "goodwe_et, new platform": goodwe_et.rules_of(*goodwe_et.NEW, 3000.0, 3000.0),
    "solax_hybrid, mode 4": solax_hybrid.rules_of(4, True, solax_hybrid.STRINGS, None, None),
    "solax_hybrid, mode 1, not shown": solax_hybrid.rules_of(1, False, solax_hybrid.STRINGS, 3000.0, 3000.0),
    "solaredge_storedge, wearing": solaredge(from_grid=True, wears=True),
    "solaredge_storedge, volatile": solaredge(from_grid=False, wears=False),
    "sma_hybrid, window": sma_hybrid.Window(sma_hybrid.Ratings(None, None)).steering(),
    "sma_hybrid, setpoint": sma_hybrid.Setpoint(sma_hybrid.Ratings(3000.0, None), sma_hybrid.SETPOINT_FACTS).steering(),
    "deye_hybrid, single phase": deye("single_phase"),
    "deye_hybrid, three phase": deye("three_phase_lv"),
    "growatt_sph": growatt_sph.steering(5000.0),
    "growatt_tl_xh, VPP": growatt_tl_xh.steering(5000.0, vpp=True),
    "growatt_tl_xh, slots": growatt_tl_xh.steering(5000.0, vpp=False),
}
WITH_SUN = {"fenecon_openems": Storage(Totals(300), 600, 800).steering(facts_of(60.0))}  # which may bind the battery
# SMA's registers of orders are not read, and in 2700 an order looks like the owner's setting.
TELLING = {name: rules for name, rules in RULES.items() if not name.startswith("sma") and name != "victron_gx, 2700"}
OF_ALL = pytest.mark.parametrize("steering", (RULES | WITH_SUN).values(), ids=RULES | WITH_SUN)
OF_EACH = pytest.mark.parametrize("steering", RULES.values(), ids=RULES)
POWERS = st.floats(-20000, 20000).filter(lambda watts: watts == 0.0 or abs(watts) >= 1.0)


def written(steering: Steering, writes: object) -> list[tuple[int, list[int]]]:
    """The requests, as the guard lets them out."""
    registers = ControlRegisters(MemoryTransport(), steering, SpanLimits(), Counter(), lambda: 0.0)
    return [registers._request(write) for write in writes]  # type: ignore[attr-defined]


def seen_by(steering: Steering, data: st.DataObject) -> Values:
    """What its rows may hold in a house, missing included."""
    there = (None, 0.0, 1.0, 2.0, 4.0, 7.0, 500.0, 2500.0)
    drawn = {row.name: data.draw(st.sampled_from(there)) for row in steering.rows}
    signed = {row.name for row in steering.rows if row.wire.code[1].islower()}
    return {
        name: -value if value and name in signed and data.draw(st.booleans()) else value
        for name, value in drawn.items()
    }


@OF_EACH
@given(data=st.data(), power_w=POWERS, hold_s=st.floats(1, 86400))
def test_an_order_passes_the_guard(steering: Steering, data: st.DataObject, power_w: float, hold_s: float) -> None:
    try:
        order = steering.order(power_w, hold_s, seen_by(steering, data))
    except (NotApplied, NotSupported):
        return  # said in a sentence
    assert written(steering, order.writes)
    assert abs(order.battery_w) <= abs(power_w) + 0.5
    assert order.battery_w * power_w >= 0.0


@OF_ALL
@given(data=st.data())
def test_neutral_passes_the_guard_and_forces_nothing(steering: Steering, data: st.DataObject) -> None:
    seen = seen_by(steering, data)
    found = steering.owners(seen)
    writes = steering.neutral(seen, found)
    written(steering, writes)
    after = {**seen, **{name: value for write in writes for name, value in write}}
    forced = steering.forced(after)
    assert all(found.get(name) == value or value == 0.0 for name, value in forced.items())


@pytest.mark.parametrize("steering", TELLING.values(), ids=TELLING)
@settings(max_examples=30)
@given(data=st.data(), power_w=st.sampled_from((-100.0, -1500.0, -20000.0)))
def test_a_charge_is_seen_to_be_forced_and_ends_also_where_nobody_remembers_it(
    steering: Steering, data: st.DataObject, power_w: float
) -> None:
    seen = kept_by(steering, data)
    try:
        order = steering.order(power_w, 60.0, seen)
    except (NotApplied, NotSupported):
        return
    charging = after(seen, order.writes)
    if order.battery_w < 0.0:
        assert any(steering.forced(charging).values())
        assert order.power is None or order.power in steering.forced(charging), "by which another's power is seen"
    left = after(charging, steering.neutral(charging, steering.owners(charging)))
    assert not any(steering.forced(left).values())


GRID_CHARGE = {
    "deye_hybrid, single phase": rows.SINGLE_PHASE.grid_charge.name,
    "deye_hybrid, three phase": rows.THREE_PHASE_LV.grid_charge.name,
    "growatt_sph": growatt_sph.AC_CHARGE.name,
    "growatt_tl_xh, slots": growatt_tl_xh.AC_CHARGE.name,
}


@pytest.mark.parametrize("allowed", [False, True])
@pytest.mark.parametrize("name", GRID_CHARGE)
@settings(max_examples=30)
@given(data=st.data())
def test_charging_from_the_grid_ends_first_and_is_allowed_again_last(
    name: str, allowed: bool, data: st.DataObject
) -> None:
    """The link may break between two writes of a release."""
    steering, grid_charge = RULES[name], GRID_CHARGE[name]
    seen = kept_by(steering, data)
    try:
        charging = after(seen, steering.order(-1500.0, 60.0, seen).writes)
    except (NotApplied, NotSupported):
        return
    before = 1.0 if not allowed else 0.0
    writes = steering.neutral(
        {**charging, grid_charge: before}, {**steering.owners(charging), grid_charge: float(allowed)}
    )
    place = [grid_charge in dict(write) for write in writes].index(True)
    assert place == (len(writes) - 1 if allowed else 0)


@pytest.mark.parametrize(
    ("charge_w", "rated_w", "most_w"), [(None, 4000.0, 4000.0), (None, None, 5000.0), (3000.0, 4000.0, 3000.0)]
)
def test_a_sungrow_is_asked_for_no_more_than_its_battery_is_rated_for(
    charge_w: float | None, rated_w: float | None, most_w: float
) -> None:
    steering = sungrow_sh.rules_of(charge_w, charge_w)
    seen: Values = dict.fromkeys((row.name for row in steering.rows), None) | {sungrow_sh.RATED_BATTERY.name: rated_w}
    assert steering.order(-8000.0, 60.0, seen).battery_w == -most_w
    assert steering.order(8000.0, 60.0, seen).battery_w == most_w
    assert steering.order(8000.0, 60.0, seen).power == sungrow_sh.POWER.name


def test_what_stands_where_it_could_not_be_given_back_is_not_overwritten() -> None:
    steering = growatt_sph.steering(5000.0)
    seen: Values = dict.fromkeys((row.name for row in steering.rows), 0.0)
    assert steering.order(-1500.0, 60.0, seen).battery_w == -1500.0
    with pytest.raises(NotSupported, match="what stands there could not be given back"):
        steering.order(-1500.0, 60.0, {**seen, growatt_sph.RATE.name: 130.0})


@pytest.mark.parametrize("lacking", ["nothing", "leave", "timer", "a full target", "a slot that may charge"])
def test_a_deye_is_forced_to_charge_where_all_of_it_holds_and_else_has_its_owner_s_schedule(lacking: str) -> None:
    levers, steering = rows.SINGLE_PHASE, deye("single_phase")
    seen: dict[str, float | None] = dict.fromkeys((row.name for row in steering.rows), 60.0)
    seen |= {levers.grid_charge.name: 0.0 if lacking == "leave" else 1.0}
    seen |= {levers.timer.name: 0.0 if lacking == "timer" else 255.0}
    seen |= {row.name: 100.0 for row in levers.slot_socs} | {row.name: 1.0 for row in levers.slot_flags}
    seen |= {levers.slot_socs[2].name: 40.0} if lacking == "a full target" else {}
    seen |= {levers.slot_flags[2].name: 0.0} if lacking == "a slot that may charge" else {}
    assert bool(steering.forced(seen)) is (lacking == "nothing")
    assert (steering.owners(seen)[levers.timer.name] == seen[levers.timer.name]) is (lacking != "nothing")


def kept_by(steering: Steering, data: st.DataObject) -> Values:
    """As ``seen_by``, where the controls hold what may be written there and the battery is told of."""
    controls = {control.name: control for control in steering.controls}
    found = {row.name: data.draw(st.sampled_from((50.0, 500.0, 2500.0))) for row in steering.rows}
    for name in found.keys() & controls.keys():
        control = controls[name]
        found[name] = data.draw(st.sampled_from(control.choices or (max(0.0, control.low), min(50.0, control.high))))
    return found


def after(seen: Values, writes: tuple[Write, ...]) -> Values:
    """What the rows read when ``writes`` were taken."""
    return {**seen, **{name: value for write in writes for name, value in write}}
