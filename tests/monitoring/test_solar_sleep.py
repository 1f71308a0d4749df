"""A solar inverter at night is asleep, one that is silent by day is lost."""

from collections.abc import Callable

import pytest

from agent.monitoring.solar_sleep import SolarSleep
from drivers.reading import Quality, Quantity, Reading

HOUR = 3600.0
ROLES = {"roof": frozenset({"solar"}), "hybrid": frozenset({"solar", "battery"}), "meter": frozenset({"grid"})}


def reading(quantity: Quantity, value: float | None, at: float) -> Reading:
    return Reading(quantity, value, at, Quality.MISSING if value is None else Quality.GOOD)


def elevation(hour: float) -> float:
    """Sunset at 18, sunrise at 30 (06 of the next day), 10 degrees an hour."""
    hour %= 24.0
    return 10.0 * (18.0 - hour) if hour > 12.0 else 10.0 * (hour - 6.0)


class Day:
    """``silent`` says from hour to hour whether the roof answers; a step a minute from hour ``begin`` on."""

    def __init__(self, begin: float, pv_w: float = 50.0) -> None:
        self.sleep, self.hour, self.pv_w = SolarSleep(ROLES, 15.0), begin, pv_w
        self.last: dict[Quantity, Reading] = {}

    def until(self, hour: float, silent: Callable[[float], bool]) -> list[tuple[float, bool, bool]]:
        """(hour, asleep, silent and not asleep, which is lost) of each step."""
        found = []
        while self.hour < hour:
            at = self.hour * HOUR
            is_silent = silent(self.hour)
            if not is_silent:
                self.last = {Quantity.PV_W: reading(Quantity.PV_W, self.pv_w, at)}
            shown = self.sleep.update({"roof": self.last}, {"roof"} if is_silent else (), elevation(self.hour), at)
            asleep = "roof" in self.sleep.asleep
            if asleep:
                power = shown["roof"][Quantity.PV_W]
                assert (power.value, power.quality, power.at) == (0.0, Quality.ASLEEP, at)
            found.append((self.hour, asleep, is_silent and not asleep))
            self.hour += 1.0 / 60.0
        return found


def test_one_that_was_well_at_dusk_sleeps_through_the_night_and_is_never_lost() -> None:
    steps = Day(12.0).until(36.0, lambda hour: 17.6 < hour < 30.5)  # it falls asleep before the sun is down
    assert not any(lost for _, _, lost in steps)
    assert {asleep for hour, asleep, _ in steps if 17.7 < hour < 30.5} == {True}
    assert {asleep for hour, asleep, _ in steps if hour < 17.5 or hour > 30.6} == {False}


def test_one_that_is_still_silent_an_hour_after_sunrise_is_lost() -> None:
    steps = Day(12.0).until(36.0, lambda hour: hour > 18.5)
    lost = [hour for hour, _, lost in steps if lost]
    assert lost[0] == pytest.approx(30.9, abs=0.05)  # the sun passes -1 degree six minutes before sunrise here
    assert lost[-1] == pytest.approx(36.0, abs=0.05)


def test_one_that_was_lost_at_noon_is_lost_all_night() -> None:
    steps = Day(12.0).until(36.0, lambda hour: hour > 13.0)
    assert {lost for hour, _, lost in steps if hour > 13.1} == {True}


def test_one_that_breaks_off_in_the_evening_with_much_power_is_lost_until_the_sun_is_down() -> None:
    steps = Day(12.0, pv_w=900.0).until(20.0, lambda hour: hour > 17.5)
    assert {lost for hour, _, lost in steps if 17.6 < hour < 18.0} == {True}
    assert {asleep for hour, asleep, _ in steps if hour > 18.2} == {True}


def test_after_a_restart_in_the_night_it_sleeps_and_in_the_day_it_is_lost() -> None:
    steps = Day(23.0).until(32.0, lambda hour: True)
    assert {asleep for hour, asleep, _ in steps if hour < 30.8} == {True}
    assert {lost for hour, _, lost in steps if hour > 31.0} == {True}
    assert {lost for _, _, lost in Day(12.0).until(16.0, lambda hour: True)} == {True}


def test_without_the_time_of_day_nothing_sleeps() -> None:
    sleep = SolarSleep(ROLES, 15.0)
    assert sleep.update({"roof": {}}, {"roof"}, None, 0.0) == {"roof": {}}
    assert sleep.asleep == frozenset()


@pytest.mark.parametrize(("at_night", "expected"), [(True, Quality.ASLEEP), (False, Quality.MISSING)])
def test_a_hybrid_that_answers_without_solar_power_sleeps_on_that_side_alone(at_night: bool, expected: Quality) -> None:
    sleep = SolarSleep(ROLES, 15.0)
    said = {q: reading(q, v, 0.0) for q, v in ((Quantity.PV_W, None), (Quantity.SOC_PCT, 50.0))}
    shown = sleep.update({"hybrid": said}, (), -20.0 if at_night else 20.0, 0.0)["hybrid"]
    assert shown[Quantity.PV_W].quality is expected
    assert shown[Quantity.SOC_PCT].value == 50.0
    assert "hybrid" not in sleep.asleep


def test_a_hybrid_that_is_silent_is_not_asleep() -> None:
    sleep = SolarSleep(ROLES, 15.0)
    said = {q: reading(q, 0.0, 0.0) for q in (Quantity.PV_W, Quantity.BATTERY_W)}
    assert sleep.update({"hybrid": said}, {"hybrid"}, -20.0, 60.0)["hybrid"] == said


def test_one_that_goes_on_with_the_last_numbers_of_the_day_sleeps() -> None:
    sleep = SolarSleep(ROLES, 15.0)
    said = {Quantity.PV_W: reading(Quantity.PV_W, 230.0, 0.0)}
    sleep.update({"roof": said}, (), 1.0, 0.0)
    said = {Quantity.PV_W: reading(Quantity.PV_W, 230.0, HOUR)}
    assert sleep.update({"roof": said}, {"roof"}, -5.0, HOUR)["roof"][Quantity.PV_W].value == 0.0


def test_a_meter_before_a_solar_inverter_is_awake_at_dawn() -> None:
    """It knows no sun by that name, and would else count as asleep for an hour after sunrise."""
    sleep = SolarSleep({"roof": frozenset({"solar"})}, 15.0)
    for hour in (28.0, 29.9, 30.5):
        at = hour * HOUR
        said = {Quantity.GRID_W: reading(Quantity.GRID_W, 200.0, at)}
        assert sleep.update({"roof": said}, (), elevation(hour), at) == {"roof": said}
    assert sleep.asleep == frozenset()
