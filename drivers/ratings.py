"""Options of a family for the ratings that its devices do not tell."""

from collections.abc import Mapping

from drivers.family import Option
from drivers.reading import Quantity

MOST_W = 1_000_000.0  # beyond what any of these devices has
LEAST_W = 100.0  # below what any has: less is meant in kW
_WORDS = {
    Quantity.RATED_W: "rated AC power",
    Quantity.RATED_CHARGE_W: "most power that the battery takes",
    Quantity.RATED_DISCHARGE_W: "most power that the battery gives",
}
RATING_OPTIONS = {
    quantity.value: Option(float, None, f"{words} in W, where the device does not tell it", low=LEAST_W)
    for quantity, words in _WORDS.items()
}


BATTERY_RATING_OPTIONS = {name: RATING_OPTIONS[name] for name in ("rated_charge_w", "rated_discharge_w")}


def credible_w(value: float | None) -> float | None:
    """A rating that a device tells, W; None where it cannot be one."""
    return value if value is not None and 0.0 < value <= MOST_W else None


def given_ratings(options: Mapping[str, object]) -> dict[Quantity, float]:
    """Those that the site file gives, W."""
    given = {quantity: options.get(quantity.value) for quantity in _WORDS}
    return {quantity: float(value) for quantity, value in given.items() if isinstance(value, int | float)}
