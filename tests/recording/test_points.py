"""What a device said is a point of the minute for as long as it goes on saying something."""

from agent.recording.points import points_of
from drivers.reading import Quality, Quantity, Reading


def test_a_silent_device_has_no_points_and_a_register_that_is_read_seldom_has() -> None:
    meter = {
        Quantity.GRID_W: Reading(Quantity.GRID_W, 500.0, 100.0),
        Quantity.RATED_W: Reading(Quantity.RATED_W, 5000.0, 50.0),
        Quantity.FREQUENCY_HZ: Reading(Quantity.FREQUENCY_HZ, None, 100.0, Quality.MISSING),
    }
    known = {"meter.grid_w": 500.0, "meter.rated_w": 5000.0, "meter.frequency_hz": None}
    assert points_of({"meter": meter, "new": {}}, 115.0, 15.0) == known
    assert points_of({"meter": meter}, 115.1, 15.0) == dict.fromkeys(known)
