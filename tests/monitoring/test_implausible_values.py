"""A power that cannot be is told, and not acted on until it has been sound for long."""

from agent.monitoring.implausible_values import HELD_S, TRIED_S, ImplausibleWatch
from drivers.reading import Quality, Quantity, Reading

STALE_S = 15.0
ROLES = {"hybrid": frozenset({"battery", "solar"}), "meter": frozenset({"grid"})}


class Shown:
    """A battery's power, second by second."""

    def __init__(self) -> None:
        self.watch, self.second = ImplausibleWatch(ROLES, STALE_S), 0

    def show(self, watts: float, quality: Quality, seconds: int = 1) -> Quality:
        """The quality that it is acted on with in the end."""
        for _ in range(seconds):
            reading = Reading(Quantity.BATTERY_W, watts, float(self.second), quality)
            found = self.watch.update({"hybrid": {Quantity.BATTERY_W: reading}}, float(self.second))
            self.second += 1
        return found["hybrid"][Quantity.BATTERY_W].quality

    @property
    def told(self) -> str | None:
        return self.watch.told(Quantity.BATTERY_W).get("hybrid")


def test_it_is_told_after_the_time_that_a_value_may_be_old_and_over_when_a_new_try_has_shown_nothing() -> None:
    shown = Shown()
    shown.show(30_000.0, Quality.IMPLAUSIBLE, 16)
    assert shown.told is None
    shown.show(31_000.0, Quality.IMPLAUSIBLE)
    told = "hybrid shows 30000 W as the power of its battery, which cannot be: its scale may have changed"
    assert shown.told == told
    assert shown.show(3000.0, Quality.GOOD, int(HELD_S)) is Quality.IMPLAUSIBLE
    assert shown.show(3000.0, Quality.GOOD) is Quality.GOOD
    shown.show(3000.0, Quality.GOOD, int(TRIED_S) - 1)
    assert shown.told == told
    shown.show(3000.0, Quality.GOOD)
    assert shown.told is None


def test_one_that_comes_and_goes_is_told_as_well() -> None:
    shown = Shown()
    for _ in range(6):
        shown.show(30_000.0, Quality.IMPLAUSIBLE)
        shown.show(3000.0, Quality.GOOD, 3)
    assert shown.told is not None
    assert shown.show(3000.0, Quality.GOOD) is Quality.IMPLAUSIBLE


def test_a_misread_now_and_then_is_nothing() -> None:
    shown = Shown()
    for _ in range(10):
        shown.show(30_000.0, Quality.IMPLAUSIBLE, 2)
        assert shown.show(3000.0, Quality.GOOD, int(STALE_S) + 5) is Quality.GOOD
    assert shown.told is None


def test_the_grid_is_told_under_its_own_words_and_what_has_no_such_role_is_not() -> None:
    watch = ImplausibleWatch(ROLES, STALE_S)
    for second in range(20):
        readings = {
            name: {Quantity.GRID_W: Reading(Quantity.GRID_W, 4e6, float(second), Quality.IMPLAUSIBLE)} for name in ROLES
        }
        watch.update(readings, float(second))
    told = {"meter": "meter shows 4000000 W as the power of the grid, which cannot be: its scale may have changed"}
    assert watch.told(Quantity.GRID_W) == told
    assert watch.told(Quantity.BATTERY_W) == {}
