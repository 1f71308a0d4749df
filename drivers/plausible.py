"""What a reading can be at most. Outside it is implausible, whatever the register says. Pure."""

from collections.abc import Mapping

from drivers.reading import Quantity

_FIXED: Mapping[Quantity, tuple[float, float]] = {
    Quantity.SOC_PCT: (0.0, 100.0),
    Quantity.SOH_PCT: (0.0, 110.0),  # new batteries may report a little over 100
    Quantity.FREQUENCY_HZ: (45.0, 65.0),
    Quantity.POWER_FACTOR: (0.0, 1.001),  # 1 in the rounding of a float
    Quantity.VOLTAGE_THD_PCT: (0.0, 100.0),
    Quantity.CURRENT_THD_PCT: (0.0, 1000.0),  # the fundamental of a rectifier at no load is next to nothing
    Quantity.TEMPERATURE_C: (-40.0, 120.0),
    Quantity.BATTERY_V: (0.0, 2000.0),
    **dict.fromkeys((Quantity.VOLTAGE_L1_V, Quantity.VOLTAGE_L2_V, Quantity.VOLTAGE_L3_V), (0.0, 480.0)),
    **dict.fromkeys((Quantity.IMPORT_WH, Quantity.EXPORT_WH, Quantity.AC_WH), (0.0, float("inf"))),
}
_OVER_RATING = 1.3
_BATTERY_RATINGS = (Quantity.RATED_W, Quantity.RATED_CHARGE_W, Quantity.RATED_DISCHARGE_W)
_OF_THE_RATING = frozenset(
    {Quantity.GRID_W, Quantity.GRID_L1_W, Quantity.GRID_L2_W, Quantity.GRID_L3_W, Quantity.AC_W, Quantity.LOAD_W}
)


def is_plausible(quantity: Quantity, value: float, ratings: Mapping[Quantity, float]) -> bool:
    """True unless ``value`` is outside what the device can physically do.

    Powers are bounded by 1.3 times the rating where it is known: AC power by ``RATED_W``, the battery's by the largest
    rating, and PV power by the sum of inverter and charging, since a hybrid charges its battery on the DC side.
    """
    if quantity is Quantity.FREQUENCY_HZ and value == 0:  # off
        return True
    low, high = _FIXED.get(quantity, (-float("inf"), float("inf")))
    return low <= value <= high and abs(value) <= _OVER_RATING * _rating(quantity, ratings)


def _rating(quantity: Quantity, ratings: Mapping[Quantity, float]) -> float:
    rated_w = ratings.get(Quantity.RATED_W)
    if rated_w is None or rated_w <= 0:
        return float("inf")
    if quantity in _OF_THE_RATING:
        return rated_w
    if quantity is Quantity.BATTERY_W:
        return max(ratings.get(rating, 0.0) for rating in _BATTERY_RATINGS)
    if quantity is Quantity.PV_W:
        return rated_w + ratings.get(Quantity.RATED_CHARGE_W, rated_w)
    return float("inf")
