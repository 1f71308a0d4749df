"""Wire types, sentinels, scale factors and signs."""

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.register import WIRE_TYPES, Register, WireType, decode_string, encode_string, scale_exponent

NUMBERS = [wire for wire in WIRE_TYPES.values() if not wire.is_float]
LIMIT = {"h": 15, "H": 16, "i": 31, "I": 32, "q": 63, "Q": 64}


def words_at(address: int, words: list[int]) -> dict[int, int]:
    return dict(enumerate(words, start=address))


def allowed(wire: WireType) -> st.SearchStrategy[int]:
    """Every number of the type that does not mean missing and that a float holds exactly."""
    bits = LIMIT[wire.code[1]] - (1 if wire.is_bitfield else 0)
    low = 0 if wire.code[1].isupper() else -(2**bits) + 1
    numbers = st.integers(max(low, -(2**53)), min(2**bits - 1, 2**53))
    return numbers.filter(lambda number: number != wire.missing and not (wire.is_accumulator and number == 0))


@pytest.mark.parametrize("wire", NUMBERS, ids=lambda wire: wire.name)
@given(data=st.data(), low_word_first=st.booleans(), sign=st.sampled_from((1, -1)))
def test_integers_come_back(wire: WireType, data: st.DataObject, low_word_first: bool, sign: int) -> None:
    value = data.draw(allowed(wire)) * sign
    register = Register("x", 100, wire, low_word_first=low_word_first, sign=sign)
    words = register.encode(value)
    assert len(words) == wire.registers
    assert register.decode(words_at(100, words)) == value


@given(st.floats(width=32, allow_nan=False, allow_infinity=False).filter(lambda x: x > -3.4028234663852886e38))
def test_float32_comes_back(value: float) -> None:
    register = Register("x", 0, WIRE_TYPES["float32"])
    assert register.decode(words_at(0, register.encode(value))) == value


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e30))
def test_float64_comes_back(value: float) -> None:
    register = Register("x", 0, WIRE_TYPES["float64"])
    assert register.decode(words_at(0, register.encode(value))) == value


@given(value=st.integers(-32767, 32767), exponent=st.integers(-10, 10))
def test_scaled_values_come_back(value: int, exponent: int) -> None:
    register = Register("x", 0, WIRE_TYPES["int16"], scale_address=1)
    factor = {1: exponent & 0xFFFF}
    scaled = register.decode({0: value & 0xFFFF} | factor)
    assert scaled == pytest.approx(value * 10.0**exponent, rel=1e-12)
    assert register.encode(scaled, factor) == [value & 0xFFFF]


@pytest.mark.parametrize("wire", WIRE_TYPES.values(), ids=lambda wire: wire.name)
def test_sentinel_is_missing(wire: WireType) -> None:
    packed = wire.missing.to_bytes(2 * wire.registers, "big")
    words = [int.from_bytes(packed[i : i + 2], "big") for i in range(0, len(packed), 2)]
    assert Register("x", 0, wire).decode(words_at(0, words)) is None


@pytest.mark.parametrize("bits", [0x7FC00000, 0x7F800000, 0xFF800000, 0xFFC00001, 0xFF7FFFFF])
def test_what_is_no_number_is_missing(bits: int) -> None:
    assert Register("x", 0, WIRE_TYPES["float32"]).decode({0: bits >> 16, 1: bits & 0xFFFF}) is None


def test_a_vendor_sentinel_replaces_the_standard_one() -> None:
    register = Register("x", 0, WIRE_TYPES["int16"], sentinel=0x7FFF)
    assert register.decode({0: 0x7FFF}) is None
    assert register.decode({0: 0x8000}) == -32768


def test_a_set_top_bit_voids_a_bitfield() -> None:
    register = Register("x", 0, WIRE_TYPES["bitfield16"])
    assert register.decode({0: 0x8003}) is None
    assert register.decode({0: 0x0003}) == 3


@pytest.mark.parametrize(
    ("word", "exponent"),
    [(0, 0), (2, 2), (0xFFFE, -2), (0xFFF6, -10), (10, 10), (0x8000, None), (11, None), (None, None)],
)
def test_scale_exponent(word: int | None, exponent: int | None) -> None:
    assert scale_exponent(word) == exponent


@pytest.mark.parametrize("factor", [0x8000, 11, 0xFFF5])
def test_without_a_scale_factor_the_value_is_missing(factor: int) -> None:
    register = Register("x", 0, WIRE_TYPES["int16"], scale_address=9)
    assert register.decode({0: 5, 9: factor}) is None
    with pytest.raises(ValueError, match="scale factor is missing"):
        register.encode(5, {9: factor})


def test_scale_sign_and_offset() -> None:
    register = Register("x", 0, WIRE_TYPES["uint16"], scale=0.1, sign=-1, offset=100.0)
    assert register.decode({0: 1000}) == pytest.approx(0.0)
    assert register.encode(0.0) == [1000]


def test_a_flipped_zero_has_no_sign() -> None:
    value = Register("x", 0, WIRE_TYPES["int16"], sign=-1).decode({0: 0})
    assert value is not None
    assert math.copysign(1, value) == 1


@pytest.mark.parametrize(
    ("wire", "value", "reason"),
    [
        ("int16", 40000, "does not fit"),
        ("uint16", -1, "does not fit"),
        ("int16", -32768, "not implemented"),
        ("uint16", 65535, "not implemented"),
        ("bitfield16", 0x8001, "not implemented"),
        ("float32", 1e39, "does not fit"),
        ("int16", math.nan, "not a finite"),
        ("float32", math.inf, "not a finite"),
    ],
)
def test_what_cannot_be_written(wire: str, value: float, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Register("x", 0, WIRE_TYPES[wire]).encode(value)


def test_an_accumulator_may_be_laid_out_as_nothing_counted() -> None:
    assert Register("x", 0, WIRE_TYPES["acc32"]).encode(0) == [0, 0]


def test_percent_at_scale_factor_minus_two() -> None:
    register = Register("OutWRte", 0, WIRE_TYPES["int16"], scale_address=1)
    assert register.encode(-50, {1: 0xFFFE}) == [0xEC78]


def test_low_word_first() -> None:
    high, low = struct.unpack(">HH", struct.pack(">i", -70000))
    assert Register("x", 0, WIRE_TYPES["int32"], low_word_first=True).decode({0: low, 1: high}) == -70000


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=16))
def test_strings_come_back(text: str) -> None:
    assert decode_string(encode_string(text, 8)) == text


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ([0x4142, 0x2020], "AB"),
        ([0x4142, 0xFFFF], "AB"),
        ([0x4142, 0x0043], "AB"),
        ([0x41E9], "A?"),
        ([0, 0], ""),
        ([], ""),
    ],
)
def test_strings_of_odd_devices(words: list[int], text: str) -> None:
    assert decode_string(words) == text


def test_a_float_that_its_scale_factor_takes_beyond_all_numbers_is_missing() -> None:
    row = Register("W", 0, WIRE_TYPES["float64"], scale_address=4)
    words = dict(enumerate([0x7FC0, 0, 0, 0, 10]))
    assert row.decode(words) is None
    assert row.decode(words | {4: 0}) is not None


@given(value=st.integers(0, 2**32 - 2), low_word_first=st.booleans())
def test_words_that_are_not_neighbours(value: int, low_word_first: bool) -> None:
    first, second = value >> 16, value & 0xFFFF
    row = Register("x", 78, WIRE_TYPES["uint32"], scattered=(78, 80), low_word_first=low_word_first)
    there = {78: second, 79: 5000, 80: first} if low_word_first else {78: first, 79: 5000, 80: second}
    assert row.decode(there) == value
    with pytest.raises(ValueError, match="not neighbours"):
        row.encode(value)


@pytest.mark.parametrize("scattered", [(78,), (80, 82), (78, 80, 82)])
def test_scattered_words_are_as_many_as_the_type_has(scattered: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="a uint32 has 2 words, one at its address"):
        Register("x", 78, WIRE_TYPES["uint32"], scattered=scattered)


@pytest.mark.parametrize("raw", [0x80000000, 0xFFFFFFFF])
def test_either_pattern_is_missing(raw: int) -> None:
    row = Register("x", 0, WIRE_TYPES["int32"], also_missing=(0xFFFFFFFF,))
    assert row.decode({0: raw >> 16, 1: raw & 0xFFFF}) is None
