"""HiGHS behind its door: what it would misread is refused, what it cannot answer is a failure."""

from dataclasses import replace

import numpy as np
import pytest

from agent.planning.highs import LinearProgram, SolverFailure, solve


def small(**changes: object) -> LinearProgram:
    """min x + 2 y with x + y >= 3, 0 <= x <= 2, 0 <= y <= 5."""
    program = LinearProgram(
        cost=np.array([1.0, 2.0]),
        lower=np.zeros(2),
        upper=np.array([2.0, 5.0]),
        row_lower=np.array([3.0]),
        row_upper=np.array([np.inf]),
        starts=np.array([0, 1, 2], dtype=np.int32),
        indices=np.zeros(2, dtype=np.int32),
        coefficients=np.ones(2),
    )
    return replace(program, **changes)


def test_answer_and_dual() -> None:
    solution = solve(small(), 5.0)
    assert solution.values == pytest.approx([2.0, 1.0])
    assert solution.objective == pytest.approx(4.0)
    # One more unit on the right side takes one more y.
    assert solution.row_duals == pytest.approx([2.0])
    assert solution.proven


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e25])
@pytest.mark.parametrize("name", ["cost", "coefficients"])
def test_numbers_that_highs_would_misread(name: str, bad: float) -> None:
    with pytest.raises(ValueError, match=rf"^{name}\[1\] of the linear programme"):
        solve(small(**{name: np.array([1.0, bad])}), 5.0)


@pytest.mark.parametrize("name", ["lower", "upper", "row_lower", "row_upper"])
def test_bounds_that_are_no_range(name: str) -> None:
    bad = getattr(small(), name).copy()
    bad[0] = np.nan
    with pytest.raises(ValueError, match=name):
        solve(small(**{name: bad}), 5.0)


def test_crossed_bounds() -> None:
    with pytest.raises(ValueError, match=r"lower\[1\] and upper\[1\]"):
        solve(small(lower=np.array([0.0, 6.0])), 5.0)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"row_lower": np.array([8.0])}, "Infeasible"),
        ({"cost": np.array([-1.0, 0.0]), "upper": np.array([np.inf, 5.0])}, "nbounded"),
    ],
)
def test_no_answer_is_a_failure(changes: dict[str, object], word: str) -> None:
    with pytest.raises(SolverFailure, match=word):
        solve(small(**changes), 5.0)


def test_no_time_is_a_failure() -> None:
    with pytest.raises(SolverFailure, match="no time"):
        solve(small(), 0.0)


def test_whole_columns() -> None:
    solution = solve(small(upper=np.array([1.5, 5.0]), integer=np.array([True, True])), 5.0)
    assert solution.values == pytest.approx([1.0, 2.0])
