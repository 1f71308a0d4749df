"""What is missing of a battery while its device answers."""

from agent.domain.sentence import Template


@Template
def battery_power_missing(*, device: str, after_s: float) -> str:
    return f"{device} answers, and for {after_s:g} s it has given no power of its battery"


@Template
def soc_missing(*, device: str, after_s: float) -> str:
    return f"{device} answers, and for {after_s:g} s it has given no state of charge: its battery is left to itself"
