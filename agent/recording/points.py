"""Every reading of every device by its name, ``device.quantity``. Pure."""

from collections.abc import Mapping

from drivers.reading import Quantity, Reading


def points_of(
    devices: Mapping[str, Mapping[Quantity, Reading]], monotonic_s: float, stale_s: float
) -> dict[str, float | None]:
    """None for what is missing, and for all that a device said which has been silent for ``stale_s`` seconds.

    Some registers are read seldom, so a device's newest reading tells its age.
    """
    found: dict[str, float | None] = {}
    for name, readings in devices.items():
        is_silent = monotonic_s - max((reading.at for reading in readings.values()), default=monotonic_s) > stale_s
        for quantity, reading in readings.items():
            found[f"{name}.{quantity.value}"] = None if is_silent else reading.value
    return found
