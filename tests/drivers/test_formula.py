"""Values made of several rows."""

import pytest

from drivers.formula import Formula, OnlyWhile, Product, Sum, evaluate, rows_in
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
