"""A lifetime counter only rises; what else it says is missing until it has proved to be a reset."""

import pytest

from agent.recording.counters import PROOF_S, Counters
from drivers.register import WIRE_TYPES, Register
from drivers.sunspec import NEGATIVE_ACC32

NAME = "meter.import_wh"
STOOD_WH = 4_500_000.0


def one(counters: Counters, wh: float | None, at: float) -> float | None:
    found, _ = counters.judged({NAME: wh, "meter.grid_w": 0.0}, at)
    assert found["meter.grid_w"] == 0.0
    return found[NAME]


def after(*values: tuple[float, float]) -> Counters:
    counters = Counters()
    for wh, at in values:
        one(counters, wh, at)
    return counters


def test_one_that_reads_zero_for_half_a_minute_is_missing_for_that_long() -> None:
    counters = after((STOOD_WH, 0.0))
    assert [one(counters, 0.0, float(second)) for second in range(1, 31)] == [None] * 30
    assert one(counters, STOOD_WH + 5.0, 31.0) == STOOD_WH + 5.0


def test_one_that_is_lower_is_missing_until_it_has_passed_its_old_value() -> None:
    counters = after((STOOD_WH, 0.0))
    found = [one(counters, STOOD_WH - 3.0 + second, float(second)) for second in range(1, 6)]
    assert found == [None, None, STOOD_WH, STOOD_WH + 1.0, STOOD_WH + 2.0]


def test_one_that_goes_on_from_lower_for_an_hour_was_reset_and_is_told_once() -> None:
    counters, told = after((STOOD_WH, 0.0)), []
    for second in range(10, int(PROOF_S) + 60, 10):
        found, resets = counters.judged({NAME: 100.0 + second / 10.0}, float(second))
        assert (found[NAME] is None) is (second < PROOF_S + 10)
        told += resets
    sentence = "meter.import_wh was reset: it stood at 4500.0 kWh and goes on from 0.5 kWh"
    assert told == [("meter", sentence)]


def test_noise_that_goes_up_and_down_never_proves_a_reset() -> None:
    counters = after((STOOD_WH, 0.0))
    for second in range(10, 3 * int(PROOF_S), 10):
        found, resets = counters.judged({NAME: float(second * 37 % 1000)}, float(second))
        assert (found[NAME], resets) == (None, [])


@pytest.mark.parametrize("wh", [STOOD_WH * 65.0, 4.2e12])
def test_a_leap_is_missing_and_does_not_make_what_follows_look_fallen(wh: float) -> None:
    counters = after((STOOD_WH, 0.0))
    assert one(counters, wh, 1.0) is None
    assert one(counters, STOOD_WH + 1.0, 2.0) == STOOD_WH + 1.0


def test_what_was_counted_while_a_device_was_away_for_a_week_is_no_leap() -> None:
    counters = after((STOOD_WH, 0.0))
    assert one(counters, STOOD_WH + 168 * 10_000.0, 168 * 3600.0) == STOOD_WH + 1_680_000.0


@pytest.mark.parametrize("unit_wh", [1.0, 10.0, 1000.0])
def test_a_counter_of_32_bits_that_rolls_over_goes_on_at_once(unit_wh: float) -> None:
    last = (2.0**32 - 3.0) * unit_wh
    counters = after((last, 0.0))
    found, ((device, sentence),) = counters.judged({NAME: 5.0 * unit_wh}, 1.0)
    assert (found[NAME], device) == (5.0 * unit_wh, "meter")
    assert "has rolled over" in sentence
    assert one(counters, 6.0 * unit_wh, 2.0) == 6.0 * unit_wh


@pytest.mark.parametrize("exponent", [-2, 0, 1])
def test_a_sunspec_counter_rolls_over_though_it_is_missing_shortly_before(exponent: int) -> None:
    row = Register("TotWhExp", 0, WIRE_TYPES["acc32"], scale=10.0**exponent, missing_from=NEGATIVE_ACC32)
    raws = (NEGATIVE_ACC32 - 1, NEGATIVE_ACC32 + 1, 0xFFFFFFF0, 7)
    last_wh, *none_wh, first_wh = (row.decode({0: raw >> 16, 1: raw & 0xFFFF}) for raw in raws)
    assert none_wh == [None, None]
    counters = after((last_wh, 0.0)) if last_wh is not None else Counters()
    found, ((_, sentence),) = counters.judged({NAME: first_wh}, 86_400.0)
    assert found[NAME] == first_wh
    assert "has rolled over" in sentence


def test_a_first_zero_says_nothing() -> None:
    assert one(after((0.0, 0.0)), STOOD_WH, 1.0) == STOOD_WH


def test_what_it_stood_at_lasts_over_a_restart() -> None:
    document = after((STOOD_WH, 0.0)).document(0.0)
    counters = Counters()
    assert counters.recall(document)
    assert one(counters, 0.0, 5.0) is None
    assert one(counters, STOOD_WH + 2.0, 6.0) == STOOD_WH + 2.0


def test_after_a_long_absence_it_may_have_risen_by_anything() -> None:
    counters = Counters()
    counters.recall(after((STOOD_WH, 0.0)).document(0.0))
    assert one(counters, 9.0 * STOOD_WH, 5.0) == 9.0 * STOOD_WH


@pytest.mark.parametrize("document", ["", "[1]", '{"meter.import_wh": "many"}', "{"])
def test_a_document_that_cannot_be_read_is_refused_and_nothing_breaks(document: str) -> None:
    counters = Counters()
    assert not counters.recall(document)
    assert one(counters, STOOD_WH, 0.0) == STOOD_WH


def test_it_is_kept_seldom_and_only_when_it_has_moved() -> None:
    counters = after((STOOD_WH, 0.0))
    kept = [counters.document(float(second)) is not None for second in range(0, 3600, 60)]
    assert kept == [True] + [False] * 59
    one(counters, STOOD_WH + 9.0, 3600.0)
    assert counters.document(3600.0) == f'{{"{NAME}": {STOOD_WH + 9.0}}}'
