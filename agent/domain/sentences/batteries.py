"""What is missing of a battery or of the grid, or cannot be, while its device answers."""

from agent.domain.sentence import Template


@Template
def battery_power_missing(*, device: str, after_s: float) -> str:
    return f"{device} answers, and for {after_s:g} s it has given no power of its battery"


@Template
def soc_missing(*, device: str, after_s: float) -> str:
    return f"{device} answers, and for {after_s:g} s it has given no state of charge: its battery is left to itself"


@Template
def grid_power_missing(*, device: str, after_s: float) -> str:
    return f"{device} answers, and for {after_s:g} s it has given no power of the grid: the battery is left to itself"


@Template
def battery_power_implausible(*, device: str, power_w: float) -> str:
    return f"{device} shows {power_w:z.0f} W as the power of its battery, which cannot be: its scale may have changed"


@Template
def grid_power_implausible(*, device: str, power_w: float) -> str:
    return f"{device} shows {power_w:z.0f} W as the power of the grid, which cannot be: its scale may have changed"


@Template
def swings_late() -> str:
    return (
        "the battery goes to and fro by its own orders, and comes to rest where it is left to itself: "
        "the grid meter's values are too old, or something else regulates the same grid"
    )


@Template
def swings_scaled(*, found_times: float) -> str:
    return (
        "the battery goes to and fro by its own orders, and comes to rest where it is left to itself: the grid's meter "
        f"moves {found_times:.1f} times as far as the battery, so the scale of one of the two is wrong"
    )
