"""Devices name themselves, and strangers are not mistaken for them."""

import pytest

from drivers.device import Span
from drivers.identity import Found, Identity, Sign, Text
from drivers.register import WIRE_TYPES, Register, encode_string
from drivers.registry import FAMILIES
from tests.drivers.hybrids import gen24

MODEL = Text(30000, 4)
IDENTITY = Identity(
    (Sign(Register("unit id", 10, WIRE_TYPES["uint16"]), (71.0,)),), named=MODEL, begins=("SUN",), model=MODEL
)
WORDS = {10: 71} | dict(enumerate(encode_string("SUN2000", 4), start=30000))


def test_it_is_recognised_and_named() -> None:
    assert IDENTITY.recognise({"holding": WORDS}) == Found(None, "SUN2000", None, None)
    assert IDENTITY.spans == (Span("holding", 10, 1), Span("holding", 30000, 4))


@pytest.mark.parametrize("change", [{10: 70}, {10: 0xFFFF}, {30000: 0x4141}, dict.fromkeys(range(30000, 30004), 0)])
def test_a_stranger_is_not(change: dict[int, int]) -> None:
    assert IDENTITY.recognise({"holding": WORDS | change}) is None


@pytest.mark.parametrize("gone", [10, 30001])
def test_registers_that_are_not_there_are_no_sign(gone: int) -> None:
    assert IDENTITY.recognise({"holding": {at: word for at, word in WORDS.items() if at != gone}}) is None


def test_sunspec_by_its_common_model() -> None:
    identity = FAMILIES["sunspec_hybrid"].identity
    assert identity is not None
    found = identity.recognise({"holding": gen24().words})
    assert found is not None
    assert found.maker


@pytest.mark.parametrize(
    "family", [family for family in FAMILIES.values() if family.identity], ids=lambda one: one.name
)
def test_nothing_is_recognised_in_nothing(family: object) -> None:
    identity = family.identity  # type: ignore[attr-defined]
    assert identity.recognise({}) is None
    zeros = {table: dict.fromkeys(range(0x10000), 0) for table in ("holding", "input")}
    assert identity.recognise(zeros) is None
