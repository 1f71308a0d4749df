"""What commissioning has measured at the console's site, and the permit that came of it."""

from datetime import UTC, datetime, timedelta

from agent.domain.commissioning import (
    BatteryTest,
    CommissionedDevice,
    Commissioning,
    Finding,
    Points,
    Reversion,
    Step,
)
from agent.domain.permit import Permit
from agent.domain.sentences import commissioning_test as told
from agent.settings.permit import devices_of
from agent.settings.schema import Settings

AT = datetime(2025, 4, 30, 9, 30, tzinfo=UTC)
BY = "A. Fitter"
ENDED = told.ended_well()
TEST_W, LEVELS_W = 750.0, ((9.0, -750.0), (39.0, 0.0), (69.0, 750.0), (99.0, None))
DEAD_TIME_S, RAMP_S, METER_LAG_S = 1.4, 1.2, 2.6
BEFORE_W, NET_LOAD_W = 420.0, 950.0


def battery_w(at_s: float) -> float:
    """It begins a while after each order and then moves evenly."""
    now_w = BEFORE_W
    for told_s, watts in LEVELS_W:
        wanted = BEFORE_W if watts is None else watts
        share = min(1.0, max(0.0, (at_s - told_s - DEAD_TIME_S) / RAMP_S))
        now_w += share * (wanted - now_w)
    return now_w


def tested_battery() -> BatteryTest:
    seconds = [float(second) for second in range(111)]
    battery: Points = tuple((at, round(battery_w(at) + 4.0 * (at % 3 - 1), 1)) for at in seconds)
    grid: Points = tuple((at + 0.4, round(NET_LOAD_W - battery_w(at - METER_LAG_S), 1)) for at in seconds)
    steps = (
        Step("charge", -750.0, -750.0, 9.0, 39.0, True, 420.0, -748.0, DEAD_TIME_S, 780.0, 2.0),
        Step("hold", 0.0, 0.0, 39.0, 69.0, True, -748.0, 3.0, DEAD_TIME_S, 501.0, 3.0),
        Step("discharge", 750.0, 700.0, 69.0, 99.0, True, 3.0, 688.0, 1.6, 466.0, 12.0),
    )
    reversion = Reversion("free 61 s after the last order, 60 s are promised; then self-consumption", 60.0, 61.2)
    released = told.given_back_as_found(device="inverter", settings=3)
    return BatteryTest(
        "inverter", TEST_W, steps, battery, grid, (), LEVELS_W, reversion, 0.99, METER_LAG_S, released
    )  # fmt: skip


def report() -> Commissioning:
    """Passed, with one note."""
    devices = (
        CommissionedDevice("meter", "SunSpec meter", "sunspec_meter", "127.0.0.1:2 unit 1", "EM-340", "77120", "1.04"),
        CommissionedDevice(
            "inverter", "Hybrid inverter", "sunspec_hybrid", "127.0.0.1:1 unit 1", "H-5K", "B4711", None
        ),
    )
    found = (Finding("power_cut_untested", told.power_cut_untested(device="inverter"), "inverter", stops=False),)
    return Commissioning(AT, BY, "Home 1", True, ENDED, devices, found, (tested_battery(),))


def permit(settings: Settings) -> Permit:
    """That of the report."""
    at = AT + timedelta(seconds=1)
    return Permit(at, BY, str(ENDED), devices_of(settings), True, METER_LAG_S, DEAD_TIME_S, 12.0)
