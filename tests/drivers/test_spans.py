"""The span planner: every row covered, nothing over the limits, nothing torn, as few requests as possible."""

from collections.abc import Iterator
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.device import Span
from drivers.register import WIRE_TYPES, Register
from drivers.spans import SpanLimits, halves, plan_spans, rows_of

SIZES = {1: "int16", 2: "float32", 4: "uint64"}


def row(address: int, size: int = 1, scale_address: int | None = None, table: str = "holding") -> Register:
    return Register(f"r{address}", address, WIRE_TYPES[SIZES[size]], table, scale_address=scale_address)  # type: ignore[arg-type]


@st.composite
def datasheets(draw: st.DrawFn, even: bool = False) -> list[Register]:
    """Rows one after the other with holes, some with a scale factor a little further on."""
    rows, address = [], draw(st.integers(0, 20)) * 2
    for _ in range(draw(st.integers(1, 30))):
        size = draw(st.sampled_from((2, 4) if even else (1, 2, 4)))
        factor = draw(st.one_of(st.none(), st.integers(0, 6))) if not even else None
        end = address + size
        rows.append(
            row(address, size, None if factor is None else end + factor, draw(st.sampled_from(("holding", "input"))))
        )
        address = end + (0 if factor is None else factor + 1) + draw(st.integers(0, 15)) * (2 if even else 1)
    return rows


limits = st.builds(SpanLimits, max_registers=st.integers(12, 125), max_gap=st.integers(0, 20))


def check(rows: list[Register], spans: list[Span]) -> None:
    """Every row is whole in a span, with its scale factor, and no span cuts one."""
    for register in rows:
        assert any(register in rows_of(span, rows) for span in spans)
        for span in spans:
            inside = [span.address <= register.address + i < span.address + span.count for i in range(register.count)]
            assert span.table != register.table or all(inside) or not any(inside)


@given(datasheets(), limits)
def test_rows_are_whole_and_requests_within_limits(rows: list[Register], limits: SpanLimits) -> None:
    spans = plan_spans(rows, limits)
    check(rows, spans)
    assert all(span.count <= limits.max_registers for span in spans)
    for span in spans:
        known = {a for r in rows_of(span, rows) for a in range(r.address, (r.scale_address or r.address) + r.count)}
        hole = 0
        for address in range(span.address, span.address + span.count):
            hole = 0 if address in known else hole + 1
            assert hole <= limits.max_gap


@given(datasheets(even=True), st.integers(6, 125), st.integers(0, 40))
def test_even_devices(rows: list[Register], most: int, gap: int) -> None:
    spans = plan_spans(rows, SpanLimits(most, gap, even=True))
    check(rows, spans)
    assert all(span.address % 2 == 0 and span.count % 2 == 0 and span.count <= most for span in spans)


@given(st.lists(st.integers(0, 200), min_size=1, unique=True), st.integers(1, 30))
def test_no_plan_has_fewer_requests(addresses: list[int], most: int) -> None:
    """Single registers and any gap: the fewest is found by dynamic programming over the sorted addresses."""
    ordered = sorted(addresses)
    fewest = [0] * (len(ordered) + 1)
    for i in range(1, len(ordered) + 1):
        fewest[i] = min(fewest[j] + 1 for j in range(i) if ordered[i - 1] - ordered[j] < most)
    assert len(plan_spans([row(a) for a in addresses], SpanLimits(most, 125))) == fewest[-1]


def partitions(rows: list[Register]) -> Iterator[list[list[Register]]]:
    """Every way to share out the rows among requests."""
    if not rows:
        yield []
        return
    for rest in partitions(rows[1:]):
        yield [rows[:1], *rest]
        for i, group in enumerate(rest):
            yield [*rest[:i], [rows[0], *group], *rest[i + 1 :]]


def hull(rows: list[Register], even: bool) -> tuple[int, int]:
    """From the first register of the rows and their scale factors to before the one after the last."""
    whole = [a for r in rows for a in {*r.addresses, r.address if r.scale_address is None else r.scale_address}]
    start, end = min(whole), max(whole) + 1
    return (start - start % 2, end + end % 2) if even else (start, end)


def cost(rows: list[Register], named: set[int], limits: SpanLimits) -> float:
    """What one request for all ``rows`` costs, in registers; infinite where it is not allowed."""
    start, end = hull(rows, limits.even)
    hole = widest = 0
    for address in range(start, end):
        hole = 0 if address in named else hole + 1
        widest = max(widest, hole)
    crossed = any(start < barrier < end for barrier in limits.barriers)
    if crossed or widest > limits.max_gap or end - start > limits.max_registers or len({r.table for r in rows}) > 1:
        return inf
    return limits.request_registers + end - start


rows_anywhere = st.lists(
    st.builds(
        lambda address, size, factor: row(address, size, None if factor is None else address + factor),
        st.integers(3, 63),  # so that no scale factor lies before the first address
        st.sampled_from((1, 2, 4)),
        st.one_of(st.none(), st.integers(-3, 8)),
    ),
    min_size=1,
    max_size=6,
)


@given(rows_anywhere, st.integers(14, 60), st.integers(0, 20), st.booleans(), st.sampled_from((0.0, 1.0, 4.5, 36, 250)))
def test_no_plan_takes_less_time(rows: list[Register], most: int, gap: int, even: bool, request: float) -> None:
    """Against every way to share out a few rows that may lie one in the other."""
    limits = SpanLimits(most, gap, even=even, request_registers=request)
    named = {address for r in rows for address in range(*hull([r], even))}
    least = min(sum(cost(group, named, limits) for group in groups) for groups in partitions(rows))
    assert sum(request + span.count for span in plan_spans(rows, limits)) == pytest.approx(least)


def test_a_hole_is_read_where_that_is_quicker_than_one_more_request() -> None:
    rows = [row(0, 2), row(20, 2)]
    whole, apart = [Span("holding", 0, 22)], [Span("holding", 0, 2), Span("holding", 20, 2)]
    assert plan_spans(rows, SpanLimits(max_gap=20, request_registers=19.0)) == whole
    assert plan_spans(rows, SpanLimits(max_gap=20, request_registers=17.0)) == apart
    assert plan_spans(rows, SpanLimits(max_gap=20)) == whole


def test_a_border_is_never_crossed() -> None:
    rows = [row(address) for address in range(120, 130)]
    assert plan_spans(rows, SpanLimits(125, 5, barriers=(125,))) == [Span("holding", 120, 5), Span("holding", 125, 5)]


def test_tables_are_apart() -> None:
    assert plan_spans([row(3), row(4, table="input")], SpanLimits()) == [Span("holding", 3, 1), Span("input", 4, 1)]


@pytest.mark.parametrize(
    ("register", "limits", "reason"),
    [
        (row(0, 4), SpanLimits(3), "over 3"),
        (row(0, 1, 40), SpanLimits(20), "41 registers"),
        (row(124, 2), SpanLimits(barriers=(125,)), "across a border"),
    ],
)
def test_a_row_beyond_the_limits_is_named(register: Register, limits: SpanLimits, reason: str) -> None:
    with pytest.raises(ValueError, match=f"{register.name}.*{reason}"):
        plan_spans([register], limits)


@pytest.mark.parametrize(
    "bad",
    [
        {"max_registers": 0},
        {"max_registers": 126},
        {"max_gap": -1},
        {"request_registers": -1},
        {"barriers": (3,), "even": True},
    ],
)
def test_limits_are_checked(bad: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"."):
        SpanLimits(**bad)  # type: ignore[arg-type]


@given(st.lists(st.integers(0, 50), unique=True))
def test_halves_hold_everything_once(addresses: list[int]) -> None:
    rows = [row(address) for address in addresses]
    lower, upper = halves(rows)
    assert sorted([*lower, *upper], key=lambda r: r.address) == sorted(rows, key=lambda r: r.address)
    assert abs(len(lower) - len(upper)) <= 1
