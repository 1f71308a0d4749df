"""Numbers of a command line that cannot be any number. argparse says why one is refused."""

from argparse import ArgumentTypeError

LARGEST_SEED = 2**31 - 2  # LightGBM's is a C int, and the forest of days takes the one after it


def seed(text: str) -> int:
    """Raises ArgumentTypeError."""
    if not text.isdecimal() or int(text) > LARGEST_SEED:
        raise ArgumentTypeError(f"{text!r} is no seed: it is a whole number from 0 to {LARGEST_SEED}")
    return int(text)


def at_least_one(text: str) -> int:
    """Raises ArgumentTypeError."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is too little: it is a whole number, at least 1")
    return int(text)
