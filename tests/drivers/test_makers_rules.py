"""The rules of every maker's family: whatever the device reads, what would be written passes its own guard."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.control_registers import ControlRegisters
from drivers.datasheet import Steering, Values
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
