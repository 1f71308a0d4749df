"""Numbers as people read them. None of them is ever -0.00: what rounds to nothing has no sign."""

from math import floor, log10


def kw(power_w: float, digits: int = 2) -> str:
    """Power in kilowatts, with its unit."""
    return f"{power_w / 1000.0:z.{digits}f} kW"


def kwh(energy_wh: float, digits: int = 1) -> str:
    """Energy in kilowatt-hours, with its unit."""
    return f"{energy_wh / 1000.0:z.{digits}f} kWh"


def money(amount: float, currency: str = "", signed: bool = False) -> str:
    """To a hundredth, with its currency where that is named; ``signed`` also shows a plus."""
    text = f"{amount:+z.2f}" if signed else f"{amount:z.2f}"
    return f"{text} {currency}" if currency else text


def figure(amount: float) -> str:
    """Money to three digits that say something, or to cents, without an exponent."""
    size = abs(amount)
    return f"{amount:z.2f}" if size >= 1.0 or size == 0.0 else f"{amount:z.{2 - floor(log10(size))}f}"


def price(per_kwh: float) -> str:
    """Money per kWh, to a thousandth."""
    return f"{per_kwh:z.3f}"


def pct(share_pct: float, digits: int = 0) -> str:
    """Per cent, with its sign."""
    return f"{share_pct:z.{digits}f} %"
