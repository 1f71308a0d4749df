"""The plant follows its own rule, its orders until they lapse, and keeps its books."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.columns import MeasuredColumn
from simulator.orders import Band, Cap, Ramp
from simulator.plant import Plant
from simulator.traces import Trace, TraceError
from tests.simulator.sites import BATTERY, BEGINNING, Clock, flat_plant, hourly_trace


@pytest.mark.parametrize(
    ("load_w", "pv_w", "battery_w", "grid_w"),
    [(1000.0, 3000.0, -2000.0, 0.0), (3000.0, 1000.0, 2000.0, 0.0), (9000.0, 0.0, 4000.0, 5000.0)],
)
def test_its_own_rule_brings_the_grid_to_zero(load_w: float, pv_w: float, battery_w: float, grid_w: float) -> None:
    clock = Clock()
    plant = flat_plant(clock, load_w, pv_w)
    clock.move(60)
    state = plant.bring_to_now()
    assert (state.load_w, state.pv_w, state.battery_w, state.grid_w) == (load_w, pv_w, battery_w, grid_w)
    assert state.at == clock.at
    assert plant.mode() == "self-consumption"


def test_it_keeps_its_reserve() -> None:
    clock = Clock()
    plant = flat_plant(clock, 3000.0, 0.0, soc_pct=12.0, reserve_pct=10.0)
    clock.move(3600)
    state = plant.bring_to_now()
    assert state.soc_pct == pytest.approx(10.0)
    assert (state.battery_w, state.grid_w) == (0.0, 3000.0)


def test_a_setpoint_rules_until_it_lapses_at_its_own_second() -> None:
    clock = Clock()
    plant = flat_plant(clock)
    plant.order(1500.0, 1500.0, hold_s=90.0)
    clock.move(80)
    assert plant.bring_to_now().battery_w == 1500.0
    assert plant.mode() == "setpoint 1500 W, 10 s left"
    clock.move(40)
    assert plant.bring_to_now().battery_w == -2000.0
    assert plant.mode() == "self-consumption"
    record = plant.orders[-1]
    assert (record.ending, record.ended, record.reached) == ("lapsed", BEGINNING + timedelta(seconds=90), True)
    assert record.in_force_s == pytest.approx(90.0)
    assert plant.counters.discharge_wh < 1500.0 * 90.0 / 3600.0 + 1e-6


def test_what_comes_after_a_lapsed_order_rules_next() -> None:
    clock = Clock()
    plant = flat_plant(clock)
    after = Band(0.0, 0.0)
    plant.order(-1000.0, -1000.0, 30.0, after)
    plant.cap_output(500.0, 30.0, Cap(2000.0))
    clock.move(60)
    state = plant.bring_to_now()
    assert plant.band is after
    assert (state.battery_w, state.pv_w) == (0.0, 2000.0)


def test_orders_are_recorded_with_their_ends() -> None:
    clock = Clock()
    plant = flat_plant(clock)
    plant.order(1000.0, 1000.0, 60.0)
    clock.move(30)
    plant.order(2000.0, 2000.0, 60.0)
    clock.move(30)
    plant.release()
    plant.order(-9000.0, -9000.0)
    clock.move(30)
    plant.bring_to_now()
    plant.reboot(10.0)
    assert [(one.ending, one.in_force_s, one.reached) for one in plant.orders] == [
        ("replaced", 30.0, True),
        ("released", 30.0, True),
        ("reboot", 30.0, False),  # the battery cannot charge with 9 kW
    ]


def test_limits_keep_the_own_rule_inside_them() -> None:
    clock = Clock()
    plant = flat_plant(clock)
    plant.order(-500.0, 4000.0)
    clock.move(60)
    state = plant.bring_to_now()
    assert (state.battery_w, state.grid_w) == (-500.0, -1500.0)
    assert plant.mode() == "limits -500..4000 W, for ever"


def test_without_grid_charging_it_takes_no_more_than_the_sun() -> None:
    clock = Clock()
    plant = flat_plant(clock, load_w=1000.0, pv_w=800.0)
    plant.grid_charging = False
    plant.order(-3000.0, -3000.0)
    clock.move(60)
    assert plant.bring_to_now().battery_w == -800.0
    plant.grid_charging = True
    clock.move(60)
    assert plant.bring_to_now().battery_w == -3000.0


def test_a_device_that_recharges_does_so_well_below_its_reserve() -> None:
    clock = Clock()
    plant = flat_plant(clock, load_w=1000.0, pv_w=0.0, soc_pct=7.0, reserve_pct=10.0)
    plant.recharge_w, plant.grid_charging = 500.0, False
    clock.move(60)
    assert plant.bring_to_now().battery_w == -500.0
    clock.move(3600)
    state = plant.bring_to_now()
    assert state.battery_w == 0.0
    assert state.soc_pct == pytest.approx(10.0, abs=0.05)


def test_real_power_follows_after_a_dead_time_and_along_a_ramp() -> None:
    clock = Clock()
    plant = flat_plant(clock, load_w=1000.0, pv_w=1000.0, substep_s=0.1)
    clock.move(10)
    plant.order(3000.0, 3000.0, 60.0)
    seen = []
    for _ in range(5):
        clock.move(1.0)
        seen.append(plant.bring_to_now().battery_w)
    assert seen == pytest.approx([0.0, 1000.0, 2000.0, 3000.0, 3000.0])


def test_a_renewed_setpoint_has_no_second_dead_time() -> None:
    clock = Clock()
    plant = flat_plant(clock, load_w=1000.0, pv_w=1000.0, substep_s=0.1, ramp=Ramp(1.0, 20.0))  # type: ignore[arg-type]
    plant.order(3000.0, 3000.0, 60.0)
    clock.move(2.0)
    plant.order(3000.0, 3000.0, 60.0)
    clock.move(1.0)
    assert plant.bring_to_now().battery_w == pytest.approx(2000.0)


def test_orders_that_come_faster_than_the_dead_time_are_each_followed_so_much_later() -> None:
    clock = Clock()
    plant = flat_plant(clock, substep_s=0.1, ramp=Ramp(3.0, 100.0))  # type: ignore[arg-type]
    seen = []
    for second in range(8):
        plant.order(100.0 * second, 100.0 * second, 60.0)
        clock.move(1.0)
        seen.append(plant.bring_to_now().battery_w)
    assert seen[3:] == pytest.approx([0.0, 100.0, 200.0, 300.0, 400.0])


def test_a_trace_by_the_second_is_played_by_the_second() -> None:
    first = int(BEGINNING.timestamp())
    suns = [float(second) for second in range(90)]
    trace = Trace({"load_w": MeasuredColumn(first, 3600, [500.0]), "pv_w": MeasuredColumn(first, 1, suns)})
    clock = Clock()
    plant = Plant(trace, BATTERY, 6000.0, clock)
    for second in (1, 2, 61):
        clock.at = BEGINNING + timedelta(seconds=second)
        assert plant.bring_to_now().pv_w == second - 1.0


def test_long_steps_jump_to_the_end_of_the_ramp() -> None:
    clock = Clock()
    plant = flat_plant(clock)
    plant.order(3000.0, 3000.0, 60.0)
    clock.move(15.0)
    assert plant.bring_to_now().battery_w == 3000.0


def test_a_held_setpoint_is_never_quite_still_and_keeps_its_mean() -> None:
    clock = Clock()
    plant = flat_plant(clock, regulation_w=5.0)
    plant.order(1500.0, 1500.0)
    seen = []
    for _ in range(400):
        clock.move(2.0)
        seen.append(plant.bring_to_now().battery_w)
    settled = seen[5:]
    assert all(abs(power - 1500.0) <= 5.0 for power in settled)
    assert len({round(power) for power in settled}) > 5
    assert sum(settled) / len(settled) == pytest.approx(1500.0, abs=1.0)
    plant.order(0.0, 0.0)
    clock.move(60.0)
    assert plant.bring_to_now().battery_w == 0.0


def test_a_reboot_gives_no_power_and_forgets() -> None:
    clock = Clock()
    plant = flat_plant(clock)
    plant.order(1500.0, 1500.0)
    plant.cap_output(100.0)
    plant.reboot(120.0)
    clock.move(60)
    state = plant.bring_to_now()
    assert (state.pv_w, state.battery_w, state.grid_w, state.online) == (0.0, 0.0, 1000.0, False)
    assert plant.mode() == "off"
    clock.move(90)
    state = plant.bring_to_now()
    assert (state.pv_w, state.battery_w, plant.mode()) == (3000.0, -2000.0, "self-consumption")


def test_the_inverter_shares_its_rating_between_sun_and_battery() -> None:
    clock = Clock()
    plant = flat_plant(clock, pv_w=3000.0, inverter_w=5000.0)
    plant.order(4000.0, 4000.0)
    clock.move(60)
    state = plant.bring_to_now()
    assert (state.pv_w, state.battery_w, state.inverter_w) == (3000.0, 2000.0, 5000.0)


def test_time_that_has_passed_changes_nothing() -> None:
    clock = Clock()
    plant = flat_plant(clock)
    clock.move(600)
    before = plant.bring_to_now()
    assert plant.advance(BEGINNING) is before


def test_the_end_of_the_trace_is_said() -> None:
    clock = Clock()
    plant = Plant(hourly_trace([1.0], [0.0]), BATTERY, 6000.0, clock)
    clock.move(3601)
    with pytest.raises(
        TraceError, match="the trace covers 2026-06-01T12:00Z to 2026-06-01T13:00Z, not 2026-06-01T13:00Z"
    ):
        plant.bring_to_now()


@pytest.mark.parametrize("wrong", [{"soc_pct": 101.0}, {"substep_s": 0.0}])
def test_an_impossible_plant_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"cannot start|longer than 0 s"):
        flat_plant(Clock(), **wrong)


@pytest.mark.parametrize("band", [(float("nan"), 1.0), (2.0, 1.0), (0.0, float("inf"))])
def test_an_impossible_order_is_refused(band: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="cannot be kept inside"):
        flat_plant(Clock()).order(*band)


moves = st.lists(
    st.tuples(
        st.floats(0.3, 900.0),
        st.sampled_from(["nothing", "order", "release", "cap", "reboot"]),
        st.floats(-9000.0, 9000.0),
        st.one_of(st.none(), st.floats(1.0, 500.0)),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(moves, st.floats(0.0, 8000.0), st.floats(0.0, 8000.0), st.floats(0.0, 100.0))
def test_the_books_balance_whatever_happens(
    found: list[tuple[float, str, float, float | None]], load_w: float, pv_w: float, soc_pct: float
) -> None:
    clock = Clock()
    plant = flat_plant(clock, load_w, pv_w, soc_pct=soc_pct)
    before_wh = plant.state.stored_wh
    for seconds, what, power_w, hold_s in found:
        clock.move(seconds)
        if what == "order":
            plant.order(power_w, power_w, hold_s)
        elif what == "release":
            plant.release()
        elif what == "cap":
            plant.cap_output(abs(power_w), hold_s)
        elif what == "reboot":
            plant.bring_to_now()
            plant.reboot(30.0)
        state = plant.bring_to_now()
        assert state.load_w == pytest.approx(state.grid_w + state.pv_w + state.battery_w, abs=1e-6)
        assert 0.0 <= state.soc_pct <= 100.0 + 1e-9
    books = plant.counters
    hours = (clock.at - BEGINNING).total_seconds() / 3600.0
    assert books.load_wh == pytest.approx(load_w * hours, abs=1e-3)
    assert books.pv_wh + books.curtailed_wh == pytest.approx(pv_w * hours, abs=1e-3)
    assert books.load_wh == pytest.approx(
        books.import_wh - books.export_wh + books.pv_wh + books.discharge_wh - books.charge_wh, abs=1e-3
    )
    stored_wh = before_wh + books.charge_wh - books.discharge_wh - books.loss_wh
    assert plant.state.stored_wh == pytest.approx(stored_wh, abs=1e-3)
    assert books.inverter_out_wh - books.inverter_in_wh == pytest.approx(
        books.pv_wh + books.discharge_wh - books.charge_wh, abs=1e-3
    )
