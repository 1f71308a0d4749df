"""A market's prices on a topic: what is read of a list, what is refused and why, and that junk does nothing else."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.adapters.mqtt.incoming_messages import LARGEST_PAYLOAD
from agent.adapters.mqtt.input_messages import LONGEST_LIST
from agent.adapters.mqtt.price_message import MOST_AHEAD, read_market
from agent.domain.inputs import MarketInput
from agent.domain.overlay import MOST_VALUES
from agent.ports import PayloadRefused

NOW = datetime(2026, 1, 12, 12, 5, tzinfo=UTC)
NOON = datetime(2026, 1, 12, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
TOPIC = "energy/day-ahead"


def entry(start: object, price: object = 0.2, key: str = "price_per_kwh", **more: object) -> dict[str, object]:
    """``start`` in hours after noon, or as it shall stand there."""
    at = (NOON + start * HOUR).isoformat() if isinstance(start, int | float) else start
    return {"start": at, key: price, **more}


def until(hours: float) -> str:
    return (NOON + hours * HOUR).isoformat()


def read(entries: object, currency: str = "EUR") -> MarketInput:
    return read_market(TOPIC, json.dumps(entries).encode(), NOW, currency)


def test_a_list_of_quarters_per_mwh() -> None:
    found = read([entry(index / 4, 100.0 + index, "price_per_mwh") for index in range(96)])
    assert found == MarketInput(TOPIC, NOW, NOON, 900, tuple((100.0 + index) / 1000.0 for index in range(96)))


def test_hours_of_the_sites_own_clock_become_utc() -> None:
    found = read([entry("2026-01-12T13:00:00+01:00", -0.05), entry("2026-01-12T14:00:00.000+01:00", 0)])
    assert (found.valid_from, found.step_s, found.prices) == (NOON, 3600, (-0.05, 0.0))


def test_the_nord_pool_attributes_of_home_assistant() -> None:
    lists = [{"start": until(hour), "end": until(hour + 1), "value": 1.5 + hour / 10} for hour in range(-12, 12)]
    found = read(lists, "SEK")
    assert (found.valid_from, found.step_s, len(found.prices)) == (NOON - 12 * HOUR, 3600, 24)
    assert found.prices[12] == 1.5


@pytest.mark.parametrize(
    ("entries", "step_s", "prices"),
    [
        ([entry(0, 0.1, end=until(1)), entry(1, 0.2, end=until(1.25))], 900, (0.1, 0.1, 0.1, 0.1, 0.2)),
        ([entry(0, 0.1, end=until(1)), entry(3, 0.2, end=until(4))], 3600, (0.1, None, None, 0.2)),
        ([entry(0, 0.1), entry(1, None), entry(2, 0.3)], 3600, (0.1, None, 0.3)),
        ([entry(0, 0.1, end=until(1))], 3600, (0.1,)),
        ([entry(0, 0.1, area="SE3"), entry(0.5, 0.2)], 1800, (0.1, 0.2)),
    ],
    ids=["hours and a quarter", "a gap", "a price that is null", "one", "what else is said"],
)
def test_steps(entries: object, step_s: int, prices: tuple[float | None, ...]) -> None:
    found = read(entries)
    assert (found.valid_from, found.step_s, found.prices) == (NOON, step_s, prices)


def test_what_has_long_been_over_is_left_out() -> None:
    found = read([entry(hour) for hour in range(-100, 24)])
    assert NOON - 50 * HOUR <= found.valid_from <= NOON - 48 * HOUR


REFUSED: dict[str, tuple[Any, str]] = {
    "no list": ({"start": until(0), "price_per_kwh": 0.2}, "valid array"),
    "nothing": ([], "at least 1 item"),
    "no object": ([entry(0), 0.2], "price 2: "),
    "no start": ([{"price_per_kwh": 0.2}], "price 1 start: Field required"),
    "no price": ([{"start": until(0)}], "price 1: Value error, there is one price for each start"),
    "two prices": ([entry(0, price_per_mwh=200.0)], "not price_per_kwh and price_per_mwh"),
    "a naive time": ([entry(0), entry("2026-01-12T13:00:00")], "price 2 start: Input should have timezone info"),
    "a naive end": ([entry(0, end="2026-01-12T13:00:00")], "price 1 end: Input should have timezone info"),
    "no time": ([entry("noon")], "price 1 start: "),
    "a time of long ago": ([entry("1900-01-01T00:00:00Z"), entry(1)], "price 1 start: "),
    "a price in words": ([entry(0), entry(1, "0.2")], "price 2 price_per_kwh: Input should be a valid number"),
    "a truth": ([entry(0, True), entry(1)], "price 1 price_per_kwh: Input should be a valid number"),
    "a price of no market": ([entry(0), entry(1, 200.0)], "price 2: Input should be less than or equal to 10 EUR"),
    "cents": ([entry(hour, 12.0 - hour / 9) for hour in range(24)], "price 1: Input should be less than"),
    "cheap cents": ([entry(hour, 8.0) for hour in range(24)], "prices are in EUR and not in cents"),
    "the same start twice": ([entry(0), entry(0)], "price 2 start: it is not after that of the price before it"),
    "overlapping": ([entry(0, end=until(2)), entry(1)], "price 2 start: it is before the end of the price before it"),
    "backwards": ([entry(1, end=until(2)), entry(0, end=until(1))], "price 2 start: it is not after that of"),
    "an end before its start": ([entry(1, end=until(0))], "price 1: a price holds for a minute to a day"),
    "a price of two days": ([entry(0, end=until(48))], "price 1: a price holds for a minute to a day, this one for 2"),
    "steps that differ, without ends": ([entry(0), entry(1), entry(3)], "price 3 start: the steps are not equal"),
    "one without an end": ([entry(0)], "price 1: it is the only one, and has no end"),
    "seconds": ([entry("2026-01-12T12:00:30Z"), entry("2026-01-12T13:00:30Z")], "price 1: it begins and ends with"),
    "far ahead": ([entry(24 * day, end=until(24 * day + 24)) for day in range(9)], "price 9: it is for more than 7"),
    "all over": ([entry(hour) for hour in range(-30, -6)], "all of it is over: the last price is until 2026-01-12 06"),
    "too fine": ([entry(0, end=until(24)), entry(167, end=until(167 + 1 / 60))], "its steps of 1 minutes are more"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_says_its_place_and_the_reason(case: str) -> None:
    entries, why = REFUSED[case]
    with pytest.raises(PayloadRefused) as refused:
        read(entries)
    said = str(refused.value)
    assert why in said
    assert "\n" not in said
    assert len(said) < 400


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"", "Invalid JSON"),
        (b"{", "Invalid JSON"),
        (b"\xff\xfe", "Invalid JSON"),
        (b"[NaN]", "price 1: "),
        (b'[{"start":"2026-01-12T12:00:00Z","price_per_kwh":NaN}]', "price 1 price_per_kwh: "),
        (b'[{"start":"2026-01-12T12:00:00Z","price_per_kwh":1e999}]', "price 1 price_per_kwh: "),
        (b"[" * 60_000, "Invalid JSON"),
        (b" " * (LARGEST_PAYLOAD + 1), "65537 bytes are more than the 65536 that are allowed"),
    ],
    ids=["empty", "cut", "no text", "NaN", "a price that is NaN", "infinite", "deep", "large"],
)
def test_what_is_no_such_json_is_refused(payload: bytes, why: str) -> None:
    with pytest.raises(PayloadRefused, match=why):
        read_market(TOPIC, payload, NOW, "EUR")


def test_a_currency_that_nobody_knows_still_has_a_bound() -> None:
    assert read([entry(0, 900.0), entry(1)], "XXX").prices[0] == 900.0
    with pytest.raises(PayloadRefused, match="price 2: 1001 is not a possible price per kWh"):
        read([entry(0), entry(1, 1001.0)], "XXX")


TIMES = st.one_of(
    st.integers(-4000, 4000).map(lambda quarter: until(quarter / 4)),
    st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat),
    st.sampled_from(["", "now", "2026-01-12T12:00:00", "1768219200", None, 1768219200]),
)
NUMBERS = st.one_of(st.floats(), st.integers(), st.sampled_from([0.1, -0.02, 55.0, "0.1", None, True, 10**400]))
ENTRIES = st.dictionaries(st.sampled_from(["start", "end"]), TIMES).flatmap(
    lambda times: st.dictionaries(
        st.sampled_from(["price_per_kwh", "price_per_mwh", "value", "price"]), NUMBERS, max_size=2
    ).map(lambda prices: times | prices)
)
JUNK = st.one_of(
    st.binary(max_size=200),
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.floats(), st.text(max_size=5)), lambda one: st.lists(one) | ENTRIES
    ).map(lambda found: json.dumps(found).encode()),
    st.lists(ENTRIES, max_size=6).map(lambda found: json.dumps(found).encode()),
)


def judged(payload: bytes) -> tuple[MarketInput | None, str]:
    try:
        return read_market(TOPIC, payload, NOW, "EUR"), ""
    except PayloadRefused as refused:
        return None, str(refused)


@given(JUNK)
def test_junk_is_refused_in_one_sentence_or_is_a_list_of_prices(payload: bytes) -> None:
    found, why = judged(payload)
    if found is None:
        assert why.isprintable()
        return
    assert 0 < len(found.prices) <= LONGEST_LIST < MOST_VALUES
    assert found.step_s % 60 == 0
    end = found.valid_from + timedelta(seconds=found.step_s * len(found.prices))
    assert NOW < end <= NOW + MOST_AHEAD
    assert all(price is None or -5.0 <= price <= 10.0 for price in found.prices)


@given(
    st.lists(st.tuples(st.integers(0, 8), st.integers(1, 8), st.floats(-0.5, 1.0)), min_size=1, max_size=80),
    st.sampled_from([5, 15, 60]),
)
def test_what_is_read_is_what_was_said_at_each_instant(found: list[tuple[int, int, float]], unit_min: int) -> None:
    unit, at, said = timedelta(minutes=unit_min), NOON, []
    for gap, units, price in found:
        start = at + gap * unit
        at = start + units * unit
        if at > NOW + MOST_AHEAD:
            break
        said.append((start, at, price))
    if not said or said[-1][1] <= NOW:
        return
    ours = read([{"start": a.isoformat(), "end": b.isoformat(), "price_per_kwh": price} for a, b, price in said])
    for index, price in enumerate(ours.prices):
        middle = ours.valid_from + timedelta(seconds=ours.step_s * (index + 0.5))
        assert price == next((p for start, end, p in said if start <= middle < end), None)
