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
