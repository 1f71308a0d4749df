"""What the points of a minute are stored as, and read as again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.adapters.store.points_blob import from_blob, to_blob

NUMBERS = st.one_of(st.none(), st.floats(-1e12, 1e12), st.integers(-(10**12), 10**12))


@given(st.lists(NUMBERS, max_size=60), st.integers(0, 5))
def test_every_number_comes_back_to_a_thousandth(points: list[float | None], more: int) -> None:
    expected = [None if value is None else round(float(value), 3) for value in points]
    assert from_blob(to_blob(points, len(points) + more)) == expected + [None] * more


def test_most_take_three_bytes() -> None:
    assert to_blob([0.0, -0.001, 0.001, None], 5) == bytes((1, 2, 3, 0, 0))
    assert len(to_blob([230.12, -455.5, 1041.003], 3)) == 9


def test_text_of_earlier_versions_is_read() -> None:
    assert from_blob("[1.5,null,-2]") == [1.5, None, -2]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_is_refused(value: float) -> None:
    with pytest.raises((ValueError, OverflowError)):
        to_blob([value], 1)
