"""Values made of several rows."""

import pytest

from drivers.formula import Directed, Formula, Halves, OnlyWhile, Product, Sum, evaluate, rows_in
from drivers.reading import Quality
from drivers.register import WIRE_TYPES, Register

A, B, STATE = (Register(name, address, WIRE_TYPES["uint16"]) for address, name in enumerate(("a", "b", "state")))
WATTS = Product((A, B))
ALIVE = OnlyWhile(A, STATE, 1, 2)


@pytest.mark.parametrize(
    ("formula", "values", "found"),
    [
        (WATTS, {A: 25.0, B: 51.2}, (1280.0, Quality.ESTIMATED)),
        (WATTS, {A: 0.0, B: 51.2}, (0.0, Quality.ESTIMATED)),
        (WATTS, {A: None, B: 51.2}, (None, Quality.MISSING)),
        (ALIVE, {A: 0.0, STATE: 2.0}, (0.0, Quality.GOOD)),
        (ALIVE, {A: 7.0, STATE: 0.0}, (None, Quality.MISSING)),
        (ALIVE, {A: 7.0, STATE: 3.0}, (None, Quality.MISSING)),
        (ALIVE, {A: 7.0, STATE: None}, (None, Quality.MISSING)),
        (OnlyWhile(Sum((A, B)), STATE, 1), {A: 7.0, B: 1.0, STATE: 9.0}, (8.0, Quality.GOOD)),
    ],
)
def test_values(formula: Formula, values: dict[Register, float | None], found: tuple[float | None, Quality]) -> None:
    assert evaluate(formula, values.__getitem__) == found


def test_every_row_is_read() -> None:
    assert set(rows_in(OnlyWhile(WATTS, STATE, 1))) == {A, B, STATE}


HALVES = Halves(A, B, torn=3000)


@pytest.mark.parametrize(
    ("low", "high", "whole"),
    [
        (500, 0, 500),
        (0xFFFF, -1, -1),
        (500, -1, None),
        (0xFE0C, 0, None),
        (3001, -1, 3001 - 65536),
        (0x8000, 0, 32768),
        (0xEE90, -2, -70000),
        (None, 0, None),
        (500, None, None),
    ],
)
def test_halves_that_may_not_belong_together_are_missing(
    low: float | None, high: float | None, whole: float | None
) -> None:
    found, quality = evaluate(HALVES, {A: low, B: high}.__getitem__)
    assert (found, quality is Quality.MISSING) == (whole, whole is None)
    assert set(rows_in(HALVES)) == {A, B}


SIZE, FLAGS, AC, SUN = (
    Register(name, at, WIRE_TYPES["int16"]) for at, name in enumerate(("size", "flags", "ac", "sun"))
)
DIRECTED = Directed(SIZE, FLAGS, plus=2, minus=1, otherwise=Sum((AC, SUN)))


@pytest.mark.parametrize(
    ("size", "flags", "balance", "expected"),
    [
        (500.0, 0b100, -1.0, (500.0, Quality.GOOD)),
        (500.0, 0b010, 1.0, (-500.0, Quality.GOOD)),
        (500.0, 0b1001, 1.0, (500.0, Quality.ESTIMATED)),
        (500.0, 0, -1.0, (-500.0, Quality.ESTIMATED)),
        (500.0, 0b110, -1.0, (-500.0, Quality.ESTIMATED)),
        (500.0, None, -1.0, (-500.0, Quality.ESTIMATED)),
        (500.0, 0, None, (None, Quality.MISSING)),
        (-500.0, 0b100, 1.0, (-500.0, Quality.GOOD)),
        (0.0, 0, None, (0.0, Quality.GOOD)),
        (None, 0b100, 1.0, (None, Quality.MISSING)),
    ],
)
def test_a_size_gets_its_direction(
    size: float | None, flags: float | None, balance: float | None, expected: tuple[float | None, Quality]
) -> None:
    values = {"size": size, "flags": flags, "ac": balance, "sun": None if balance is None else 0.0}
    assert evaluate(DIRECTED, lambda row: values[row.name]) == expected


def test_all_rows_of_a_direction_are_read() -> None:
    assert set(rows_in(DIRECTED)) == {SIZE, FLAGS, AC, SUN}
