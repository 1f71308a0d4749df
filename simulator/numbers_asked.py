"""Numbers of the simulator's command line; argparse says why one is refused."""

from argparse import ArgumentTypeError


def port(text: str) -> int:
    """Raises ArgumentTypeError."""
    if not text.isdecimal() or int(text) > 65535:
        raise ArgumentTypeError(f"{text!r} is no port: it is 0 to 65535, 0 for one that is free")
    return int(text)


def positive(text: str) -> float:
    """Raises ArgumentTypeError."""
    number = not_negative(text)
    if number == 0.0:
        raise ArgumentTypeError(f"{text} is not above 0")
    return number


def not_negative(text: str) -> float:
    """Raises ArgumentTypeError."""
    try:
        number = float(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no number") from None
    if not 0.0 <= number < float("inf"):
        raise ArgumentTypeError(f"{text} is no number from 0 on")
    return number
