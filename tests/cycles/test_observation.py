"""Observe: everything is worked out, shown and counted, and nothing is written."""

from datetime import timedelta

import pytest

from agent.cycles.override import Overrides
from agent.cycles.steering_lock import SteeringLock
from agent.dispatch.demand_meter import DemandMeter
from agent.domain.demand_charge import DemandCharge
from agent.domain.documents import OBSERVATION, PERMITTED
from agent.domain.override import Override, OverrideAction
from agent.domain.permit import Permission, Permit
from agent.domain.setpoint import Held, Rung
from agent.site_view import Outlet
from drivers.reading import Quantity
from drivers.write_gate import WriteGate
from tests.cycles.control_stage import ControlStage, plan
from tests.cycles.hand_clock import HandClock
from tests.cycles.hearing import Hearing
from tests.cycles.test_override import ZONE
from tests.shown import show

WHY = "it has not been commissioned"


def observing() -> ControlStage:
    stage = ControlStage()
    show(stage.outlet, plan=plan(0.2), observing=WHY)  # stored energy is cheap: it would cover the load
    return stage


async def test_it_says_what_it_would_do_and_writes_nothing() -> None:
    stage = observing()
    setpoint = await stage.step(3)
    assert stage.site.written == []
    assert (setpoint.battery_w, setpoint.pv_limit_w, setpoint.rung) == (None, None, Rung.OBSERVE)
    assert setpoint.reason.startswith("only observed; it would discharge with 1.00 kW: ")
    assert isinstance(stage.outlet.view.outcome, Held)


async def test_it_goes_on_from_what_the_battery_would_have_done() -> None:
    """The real battery rests: after an hour of discharging in thought less is left there than the device shows."""
    stage = observing()
    await stage.step(3600)
    document = dict(stage.pending.take(stage.clock.now()).kept)["observation"]
    (day,) = OBSERVATION.read(document).days
    assert day.real == pytest.approx(0.28 * 3000 / 3600, rel=0.01)  # of 1 kW until it was kept, ten minutes before
    assert day.steered == pytest.approx(0.0, abs=0.001)
    assert day.stored_wh < -800.0
    assert day.value_per_kwh == pytest.approx(0.28 * 0.95)
    assert day.saved == pytest.approx(0.0, abs=1e-6)  # at one price a kWh is worth as much stored as given


async def test_it_turns_round_no_sooner_than_a_battery_that_is_steered() -> None:
    """To hold would be better by less than a change of direction must earn."""
    steered, watched = ControlStage(), observing()
    for worth in (0.2, 0.283):
        for stage in (steered, watched):
            show(stage.outlet, plan=plan(worth))
            await stage.step(5)
    assert steered.site.written[-1].battery_w == pytest.approx(1000.0)
    assert watched.outlet.view.setpoint is not None
    assert "it would discharge with 1.00 kW" in watched.outlet.view.setpoint.reason


async def test_the_peak_of_the_month_is_the_one_that_is_billed() -> None:
    """The battery that follows in thought would have covered the load: who steers from tomorrow on must know better."""
    meter = DemandMeter(DemandCharge(12.0, 900), ZONE)
    stage = ControlStage(meter=meter)
    show(stage.outlet, plan=plan(0.2), observing=WHY)
    await stage.step(901)
    assert meter.peak_w == pytest.approx(1000.0)


async def test_a_battery_that_moves_by_itself_raises_no_alarm_while_it_is_observed() -> None:
    stage = observing()
    for watts in (0.0, 2500.0, -2500.0, 0.0) * 60:
        stage.site.values["inverter"][Quantity.BATTERY_W] = watts
        stage.site.values["meter"][Quantity.GRID_W] = 1000.0 - watts
        await stage.step(2)
    assert stage.pending.alarms == ()


async def test_what_was_observed_is_counted_on_after_a_restart_and_a_damaged_count_is_told() -> None:
    stage = observing()
    await stage.step(1300)
    document = dict(stage.pending.take(stage.clock.now()).kept)["observation"]
    after = observing()
    after.control.observing.recall(document)
    await after.step(2)
    found = OBSERVATION.read(dict(after.pending.take(after.clock.now()).kept)["observation"])
    assert found.since == OBSERVATION.read(document).since
    after.control.observing.recall("{")
    assert "the kept observation cannot be used" in after.pending.take(after.clock.now()).events[-1].text


def test_a_person_cannot_steer_what_is_only_observed() -> None:
    clock, outlet = HandClock(), Outlet()
    show(outlet, observing=WHY)
    overrides = Overrides(clock, Hearing(clock).pending, outlet, ZONE)
    hold = Override(OverrideAction.HOLD, clock.now() + timedelta(hours=1), clock.now())
    assert overrides.begin(hold) == f"the site is only observed, {WHY}"


class Lock:
    def __init__(self, permission: Permission) -> None:
        clock = HandClock()
        self.hearing, self.outlet, self.gate = Hearing(clock), Outlet(), WriteGate()
        self.lock = SteeringLock(clock, self.hearing.pending, self.outlet, self.gate, permission)


def test_with_a_permit_the_gate_is_open_and_without_it_is_shut_and_says_so() -> None:
    assert (Lock(Permission()).gate.shut, Lock(Permission()).outlet.view.observing) == (None, None)
    shut = Lock(Permission(WHY, is_missing=True))
    assert (shut.gate.shut, shut.outlet.view.observing) == (WHY, WHY)
    shut.lock.recall(were_steered=False)
    assert shut.gate.shut == WHY


def test_what_an_earlier_version_has_steered_goes_on_being_steered_and_that_is_told() -> None:
    older = Lock(Permission(WHY, is_missing=True))
    older.lock.recall(were_steered=True)
    assert (older.gate.shut, older.outlet.view.observing) == (None, None)
    assert [kind for kind, _, _ in older.hearing.told] == ["not_commissioned"]


def test_a_permit_that_was_taken_away_is_no_site_of_an_earlier_version() -> None:
    clock = HandClock()
    permitted = Lock(Permission(None, Permit(clock.now(), "a test", "all passed", ())))
    assert dict(permitted.hearing.pending.take(clock.now()).kept)[PERMITTED.name] == "true"
    taken = Lock(Permission(WHY, is_missing=True))
    taken.lock.recall(were_steered=True, permitted="true")
    assert taken.gate.shut == WHY
    permitted.lock.recall(were_steered=True)
    permitted.lock.go_by(Permission(WHY, is_missing=True))
    assert permitted.gate.shut == WHY, "also while it runs"


def test_a_site_of_an_earlier_version_is_steered_over_a_reload_until_it_is_locked_or_permitted_once() -> None:
    older, missing = Lock(Permission(WHY, is_missing=True)), Permission(WHY, is_missing=True)
    older.lock.recall(were_steered=True)
    older.lock.go_by(missing)
    assert older.gate.shut is None
    older.lock.go_by(Permission("the site file wants it only to observe"))
    assert older.gate.shut == "the site file wants it only to observe"
    older.lock.go_by(missing)
    assert older.gate.shut is None
    older.lock.go_by(Permission(None, Permit(HandClock().now(), "a test", "all passed", ())))
    assert PERMITTED.name in older.hearing.documents
    older.lock.go_by(missing)
    assert older.gate.shut == WHY, "its permit was taken away"


def test_before_the_store_is_read_nothing_is_steered_without_a_permit() -> None:
    lock = Lock(Permission(WHY, is_missing=True))
    lock.lock.go_by(Permission(WHY, is_missing=True))
    assert lock.gate.shut == WHY
    assert PERMITTED.name not in lock.hearing.documents


def test_what_is_recalled_after_a_reload_is_judged_by_the_permission_of_now() -> None:
    lock = Lock(Permission(WHY, is_missing=True))
    lock.lock.go_by(Permission("the site file wants it only to observe"))
    lock.lock.recall(were_steered=True)
    assert lock.gate.shut == "the site file wants it only to observe"


@pytest.mark.parametrize(
    "why", ['the site file says [control] mode = "observe"', "meter: x is not what was commissioned"]
)
def test_a_site_that_is_locked_for_another_reason_stays_so(why: str) -> None:
    found = Lock(Permission(why))
    found.lock.recall(were_steered=True)
    assert found.gate.shut == why


def test_only_what_was_left_behind_is_given_back_through_a_shut_gate() -> None:
    shut = Lock(Permission(WHY))
    with shut.lock.open_for_what_was_left_behind(is_left_behind=False) as may_write:
        assert not may_write
        assert shut.gate.shut == WHY
    with shut.lock.open_for_what_was_left_behind(is_left_behind=True) as may_write:
        assert may_write
        assert shut.gate.shut is None
    assert shut.gate.shut == WHY


def test_a_store_that_is_read_while_something_is_given_back_is_heard() -> None:
    older = Lock(Permission(WHY, is_missing=True))
    with older.lock.open_for_what_was_left_behind(is_left_behind=True):
        older.lock.recall(were_steered=True)
    assert (older.gate.shut, older.outlet.view.observing) == (None, None)
    assert [kind for kind, _, _ in older.hearing.told] == ["not_commissioned"]
