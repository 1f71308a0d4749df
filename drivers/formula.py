"""How a quantity is made of rows: one, a code, a sum or product, the first that is there, one with a witness. Pure."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from drivers.reading import Quality
from drivers.register import Register

Value = Callable[[Register], float | None]


@dataclass(frozen=True, slots=True)
class Sum:
    """The sum of ``parts``, each with its own sign.

    Missing when a part is missing; with ``any_part`` only when all are (inputs of which some are not wired).
    ``estimated`` marks a value that the device does not measure itself; it is cut off below ``floor``.
    """

    parts: tuple[Register, ...]
    any_part: bool = False
    estimated: bool = False
    floor: float | None = None


@dataclass(frozen=True, slots=True)
class FirstOf:
    """The first of ``choices`` that is not missing."""

    choices: tuple[Register | Sum, ...]


@dataclass(frozen=True, slots=True)
class Product:
    """The product of ``parts``, such as a current limit and a voltage. Missing when a part is."""

    parts: tuple[Register, ...]


@dataclass(frozen=True, slots=True)
class OnlyWhile:
    """``formula`` while ``witness`` reads ``low`` to ``high``, else missing: some devices show what is not there as 0.

    A witness that is missing says nothing, and the value is missing.
    """

    formula: "Register | Sum | FirstOf | Product"
    witness: Register
    low: float
    high: float = float("inf")


@dataclass(frozen=True, slots=True)
class Coded:
    """A row whose number is not yet the quantity: ``meaning`` is what it stands for, None for nothing."""

    row: Register
    meaning: Callable[[float], float | None]


Formula = Register | Sum | FirstOf | Product | OnlyWhile | Coded


def rows_in(formula: Formula) -> Iterator[Register]:
    """Every row that the formula reads."""
    match formula:
        case Register():
            yield formula
        case Sum(parts) | Product(parts):
            yield from parts
        case OnlyWhile(inner, witness):
            yield witness
            yield from rows_in(inner)
        case FirstOf(choices):
            for choice in choices:
                yield from rows_in(choice)
        case Coded(row):
            yield row


def evaluate(formula: Formula, value: Value) -> tuple[float | None, Quality]:
    """The value of the formula and its quality, from the value of each row. Missing is (None, MISSING)."""
    match formula:
        case Register():
            found = value(formula)
            return found, Quality.MISSING if found is None else Quality.GOOD
        case Sum():
            return _sum(formula, value)
        case Product(parts):
            return _product([value(part) for part in parts])
        case OnlyWhile(inner, witness, low, high):
            seen = value(witness)
            return evaluate(inner, value) if seen is not None and low <= seen <= high else (None, Quality.MISSING)
        case FirstOf(choices):
            results = (evaluate(choice, value) for choice in choices)
            return next((result for result in results if result[0] is not None), (None, Quality.MISSING))
        case Coded(row, meaning):
            code = value(row)
            found = None if code is None else meaning(code)
            return found, Quality.MISSING if found is None else Quality.GOOD


def _sum(formula: Sum, value: Value) -> tuple[float | None, Quality]:
    values = [value(part) for part in formula.parts]
    there = [part for part in values if part is not None]
    if not there or (len(there) < len(values) and not formula.any_part):
        return None, Quality.MISSING
    total = sum(there)
    if formula.floor is not None:
        total = max(total, formula.floor)
    return total, Quality.ESTIMATED if formula.estimated else Quality.GOOD


def _product(factors: list[float | None]) -> tuple[float | None, Quality]:
    there = [factor for factor in factors if factor is not None]
    return (math.prod(there), Quality.ESTIMATED) if len(there) == len(factors) else (None, Quality.MISSING)
