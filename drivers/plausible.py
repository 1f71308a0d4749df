"""What a reading can be at most. Outside it is implausible, whatever the register says. Pure."""

from collections.abc import Mapping

from drivers.reading import Quantity

_AT_THE_CONNECTION = (Quantity.GRID_W, Quantity.GRID_L1_W, Quantity.GRID_L2_W, Quantity.GRID_L3_W)
_POWERS = (*_AT_THE_CONNECTION, Quantity.LOAD_W, Quantity.AC_W, Quantity.PV_W, Quantity.BATTERY_W)
_MOST_SITE_W = 3_000_000.0  # a board of 4000 A at 400 V, about the largest at low voltage

_FIXED: Mapping[Quantity, tuple[float, float]] = {
    Quantity.SOC_PCT: (0.0, 100.0),
    Quantity.SOH_PCT: (0.0, 110.0),  # new batteries may report a little over 100
    Quantity.FREQUENCY_HZ: (45.0, 65.0),
    Quantity.POWER_FACTOR: (0.0, 1.001),  # 1 in the rounding of a float
    Quantity.SWITCHED_ON: (0.0, 1.0),
    Quantity.VOLTAGE_THD_PCT: (0.0, 100.0),
    Quantity.CURRENT_THD_PCT: (0.0, 1000.0),  # the fundamental of a rectifier at no load is next to nothing
    Quantity.TEMPERATURE_C: (-40.0, 120.0),
    Quantity.BATTERY_V: (0.0, 2000.0),
    **dict.fromkeys((Quantity.VOLTAGE_L1_V, Quantity.VOLTAGE_L2_V, Quantity.VOLTAGE_L3_V), (0.0, 480.0)),
    **dict.fromkeys((Quantity.IMPORT_WH, Quantity.EXPORT_WH, Quantity.AC_WH), (0.0, float("inf"))),
    **dict.fromkeys(_POWERS, (-_MOST_SITE_W, _MOST_SITE_W)),
}
_OVER_RATING = 1.3


def connection_bounds(rated_w: float | None) -> dict[Quantity, float]:
    """The ``ratings`` of a meter at a connection of ``rated_w``, W; None where that is not known."""
    return {} if rated_w is None else dict.fromkeys(_AT_THE_CONNECTION, rated_w)


def is_plausible(quantity: Quantity, value: float, ratings: Mapping[Quantity, float]) -> bool:
    """True unless ``value`` is outside what the device can physically do.

    Powers are bounded by 1.3 times the rating where it is known: AC power by ``RATED_W``, the battery's by the largest
    rating, and PV power by the sum of inverter and charging, since a hybrid charges its battery on the DC side. Where
    the charging rating is not told, a battery charges with up to twice ``RATED_W``: small inverters do with more than
    they feed in. The powers of the whole site have nothing to do with an inverter's rating, whoever reports them: they
    are bounded by what a low-voltage connection can carry, and so are all powers. An entry of ``ratings`` under the
    quantity's own name comes before the other ratings.
    """
    if quantity is Quantity.FREQUENCY_HZ and value == 0:  # off
        return True
    low, high = _FIXED.get(quantity, (-float("inf"), float("inf")))
    return low <= value <= high and abs(value) <= _OVER_RATING * _rating(quantity, ratings)


def _rating(quantity: Quantity, ratings: Mapping[Quantity, float]) -> float:
    if quantity in ratings:
        return ratings[quantity]
    rated_w = ratings.get(Quantity.RATED_W)
    if rated_w is None or rated_w <= 0:
        return float("inf")
    if quantity is Quantity.AC_W:
        return rated_w
    charge_w = ratings.get(Quantity.RATED_CHARGE_W)
    if quantity is Quantity.BATTERY_W:
        most_charge_w = 2.0 * rated_w if charge_w is None else charge_w
        return max(rated_w, most_charge_w, ratings.get(Quantity.RATED_DISCHARGE_W, 0.0))
    if quantity is Quantity.PV_W:
        return rated_w + (rated_w if charge_w is None else charge_w)
    return float("inf")
