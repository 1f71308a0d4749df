"""What Home Assistant may ask, and what is refused, with the sentence."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.override import Override, OverrideAction
from agent.home_assistant.orders import Order, OrderRefused, Terms, read_order
from tests.home_assistant.households import NOON

MOST_W = 8000.4


def read(key: str, payload: bytes, terms: Terms = Terms()) -> Terms | Order:  # noqa: B008 - frozen
    return read_order(key, payload, terms, MOST_W)


@pytest.mark.parametrize(
    ("key", "payload", "found"),
    [
        ("set_power", b"1500", Terms(1500.0, 120.0)),
        ("set_power", b"8000.0", Terms(8000.0, 120.0)),
        ("set_power", b"0", Terms(0.0, 120.0)),
        ("set_minutes", b"30", Terms(0.0, 30.0)),
        ("set_minutes", b" 240 ", Terms(0.0, 240.0)),
        ("set_override", b"charge", Order(OverrideAction.CHARGE)),
        ("set_override", b"hold", Order(OverrideAction.HOLD)),
        ("set_override", b"auto", Order(None)),
        ("set_auto", b"auto", Order(None)),
    ],
)
def test_what_is_understood(key: str, payload: bytes, found: Terms | Order) -> None:
    assert read(key, payload) == found


@pytest.mark.parametrize(
    ("key", "payload", "why"),
    [
        ("set_power", b"8001", "Home Assistant asked for set_power 8001: it is a number from 0 to 8000"),
        ("set_power", b"-1", "Home Assistant asked for set_power -1: it is a number from 0 to 8000"),
        ("set_power", b"nan", "Home Assistant asked for set_power nan: it is a number from 0 to 8000"),
        ("set_power", b"", "Home Assistant asked for set_power -: it is a number from 0 to 8000"),
        ("set_minutes", b"0", "Home Assistant asked for set_minutes 0: it is a number from 1 to 240"),
        ("set_minutes", b"241", "Home Assistant asked for set_minutes 241: it is a number from 1 to 240"),
        ("set_minutes", b"inf", "Home Assistant asked for set_minutes inf: it is a number from 1 to 240"),
        (
            "set_override",
            b"CHARGE",
            "Home Assistant asked for set_override CHARGE: it is one of auto, hold, charge, discharge",
        ),
        ("set_auto", b"PRESS", "Home Assistant asked for set_auto PRESS: it is one of auto"),
        (
            "set_auto",
            b"\x00\xff\n" + b"9" * 1000,
            f"Home Assistant asked for set_auto ?\ufffd?{'9' * 21}: it is one of auto",
        ),
    ],
)
def test_what_is_refused_and_why(key: str, payload: bytes, why: str) -> None:
    with pytest.raises(OrderRefused) as refusal:
        read(key, payload)
    assert str(refusal.value) == str(refusal.value.sentence) == why


@given(st.sampled_from(["set_power", "set_minutes", "set_override", "set_auto", "other", ""]), st.binary(max_size=200))
def test_any_payload_is_understood_within_bounds_or_refused(key: str, payload: bytes) -> None:
    try:
        found: Terms | Order | OrderRefused = read(key, payload)
    except OrderRefused as refusal:
        found = refusal
    if isinstance(found, OrderRefused):
        assert len(found.sentence) < 200
        assert str(found.sentence).isprintable()
    if isinstance(found, Terms):
        assert 0.0 <= found.power_w <= MOST_W
        assert 1.0 <= found.minutes <= 240.0


@pytest.mark.parametrize(
    ("order", "terms", "override"),
    [
        (Order(None), Terms(), None),
        (Order(OverrideAction.HOLD), Terms(500.0), (120, None)),
        (Order(OverrideAction.CHARGE), Terms(0.0, 15.0), (15, None)),
        (Order(OverrideAction.DISCHARGE), Terms(2500.0, 240.0), (240, 2500.0)),
        (Order(OverrideAction.CHARGE), Terms(2500.0, 9999.0), (240, 2500.0)),
    ],
)
def test_an_order_is_a_lease_of_four_hours_at_most(
    order: Order, terms: Terms, override: tuple[int, float | None] | None
) -> None:
    found = order.override(terms, NOON)
    if override is None or order.action is None:
        assert found is None
        return
    minutes, power_w = override
    assert found == Override(order.action, NOON + timedelta(minutes=minutes), NOON, power_w)
