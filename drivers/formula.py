"""How a quantity is made of rows: sums, products, means, halves, codes, the first there, one with a witness. Pure."""

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
class Mean:
    """The mean of ``parts`` weighted by ``weights``, one for each part or none. Missing when a part is missing.

    All parts count the same where there is no weight, one is missing, or all are 0.
    """

    parts: tuple[Register, ...]
    weights: tuple[Register, ...] = ()

    def __post_init__(self) -> None:
        if len(self.weights) not in (0, len(self.parts)):
            raise ValueError(
                f"a mean of {len(self.parts)} values and {len(self.weights)} weights: one for each, or none"
            )


@dataclass(frozen=True, slots=True)
class Halves:
    """A 32-bit number whose words come in two answers: ``low`` unsigned, ``high`` signed and worth 65536 each.

    The number may change between the two. Around 0, where that also changes the other word, one new and one old word
    would make it 65536 too large or too small. So it is missing where its low word alone is ``torn`` or less from 0
    and the high word says that it is far from there.
    """

    low: Register
    high: Register
    torn: float


@dataclass(frozen=True, slots=True)
class FirstOf:
    """The first of ``choices`` that is not missing."""

    choices: "tuple[Register | Sum | Mean | OnlyWhile | Halves, ...]"


@dataclass(frozen=True, slots=True)
class Product:
    """The product of ``parts``, such as a current limit and a voltage. Missing when a part is."""

    parts: tuple[Register, ...]


@dataclass(frozen=True, slots=True)
class OnlyWhile:
    """``formula`` while ``witness`` reads ``low`` to ``high``, else missing: some devices show what is not there as 0.

    A witness that is missing says nothing, and the value is missing.
    """

    formula: "Register | Sum | Mean | FirstOf | Product | Coded"
    witness: Register
    low: float
    high: float = float("inf")


@dataclass(frozen=True, slots=True)
class Directed:
    """``size`` with the direction that a row of ``flags`` shows by its bit ``plus`` or ``minus``.

    With neither bit, or both, or no flags, it is the direction of ``otherwise``, and estimated. A negative ``size`` has
    its direction already.
    """

    size: Register
    flags: Register
    plus: int
    minus: int
    otherwise: Sum


@dataclass(frozen=True, slots=True)
class Coded:
    """A row whose number is not yet the quantity: ``meaning`` is what it stands for, None for nothing."""

    row: Register
    meaning: Callable[[float], float | None]


Formula = Register | Sum | Mean | Halves | FirstOf | Product | OnlyWhile | Directed | Coded


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
        case Mean(parts, weights):
            yield from (*parts, *weights)
        case Halves(low, high):
            yield from (low, high)
        case FirstOf(choices):
            for choice in choices:
                yield from rows_in(choice)
        case Directed(size, flags, otherwise=otherwise):
            yield from (size, flags, *otherwise.parts)
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
        case Mean():
            return _mean(formula, value)
        case Halves():
            return _whole(formula, value)
        case FirstOf(choices):
            results = (evaluate(choice, value) for choice in choices)
            return next((result for result in results if result[0] is not None), (None, Quality.MISSING))
        case Directed():
            return _directed(formula, value)
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


def _mean(formula: Mean, value: Value) -> tuple[float | None, Quality]:
    values = [part for row in formula.parts if (part := value(row)) is not None]
    weights = [weight for row in formula.weights if (weight := value(row)) is not None]
    if not values or len(values) < len(formula.parts):
        return None, Quality.MISSING
    if len(weights) < len(values) or sum(weights) <= 0:
        weights = [1.0] * len(values)
    total = sum(part * weight for part, weight in zip(values, weights, strict=True))
    return total / sum(weights), Quality.GOOD


def _whole(formula: Halves, value: Value) -> tuple[float | None, Quality]:
    low, high = value(formula.low), value(formula.high)
    if low is None or high is None:
        return None, Quality.MISSING
    whole, alone = low + high * 0x10000, low - 0x10000 if low >= 0x8000 else low
    is_torn = whole != alone and abs(alone) <= formula.torn
    return (None, Quality.MISSING) if is_torn else (whole, Quality.GOOD)


def _directed(formula: Directed, value: Value) -> tuple[float | None, Quality]:
    size, flags = value(formula.size), value(formula.flags)
    if size is None:
        return None, Quality.MISSING
    if size <= 0:
        return size, Quality.GOOD
    bits = 0 if flags is None else int(flags)
    is_plus, is_minus = bool(bits >> formula.plus & 1), bool(bits >> formula.minus & 1)
    if is_plus != is_minus:
        return (size if is_plus else -size), Quality.GOOD
    balance, _ = _sum(formula.otherwise, value)
    return (None, Quality.MISSING) if balance is None else (math.copysign(size, balance), Quality.ESTIMATED)
