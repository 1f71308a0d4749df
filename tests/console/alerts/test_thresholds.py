"""Thresholds over time: hysteresis, least times, what is missing."""

from collections.abc import Sequence

import pytest

from agent.console.alerts.thresholds import Values, Watch, watched
from agent.console.own_settings import Thresholds

SOC = Thresholds(soc_below_pct=20.0, data_older_than_s=None)
IMPORT = Thresholds(import_above_w=10_000.0, data_older_than_s=None)
PRICE = Thresholds(price_above_per_kwh=0.4, data_older_than_s=None)
AGE = Thresholds(data_older_than_s=300.0)


def told(thresholds: Thresholds, name: str, series: Sequence[float | None], every_s: float = 30.0) -> list[str]:
    """What is told at each value of ``series``: ``+`` passed, ``-`` over, nothing."""
    watch, found = Watch(), []
    for value in series:
        watch, changed = watched(watch, Values(**{name: value}), thresholds, every_s)
        found.append("".join("-" if one.is_over else "+" for one in changed))
    return found


@pytest.mark.parametrize(
    ("thresholds", "name", "series", "expected"),
    [
        (SOC, "soc_pct", [19, 19, 19, 19], ["", "", "+", ""]),
        (SOC, "soc_pct", [20, 20, 20, 20], ["", "", "", ""]),
        (SOC, "soc_pct", [19, 19, 21, 19, 19, 19], ["", "", "", "", "", "+"]),  # in a row
        (SOC, "soc_pct", [19, 19, 19, 22, 22, 22, 22], ["", "", "+", "", "", "", ""]),  # within the hysteresis
        (SOC, "soc_pct", [19, 19, 19, 23, 23, 23, 19], ["", "", "+", "", "", "-", ""]),
        (SOC, "soc_pct", [19, 19, None, 19, 19, 19], ["", "", "", "", "", "+"]),  # missing is neither
        (SOC, "soc_pct", [19, 19, 19, None, None, None], ["", "", "+", "", "", ""]),
        (IMPORT, "import_w", [10_001, 10_001, 10_001, 9_600, 9_600, 9_600], ["", "", "+", "", "", ""]),
        (IMPORT, "import_w", [10_001, 10_001, 10_001, 9_500, 9_500, 9_500], ["", "", "+", "", "", "-"]),
        (PRICE, "price_per_kwh", [0.41, 0.41, 0.41, 0.39, 0.39, 0.39], ["", "", "+", "", "", "-"]),
        (PRICE, "price_per_kwh", [0.41, 0.41, 0.41, 0.395, 0.395, 0.395], ["", "", "+", "", "", ""]),
        (AGE, "data_age_s", [301, 331, 361, 1, 1, 1], ["", "", "+", "", "", "-"]),
        (AGE, "data_age_s", [None, None, None, None], ["", "", "", ""]),
    ],
)
def test_a_threshold_over_time(
    thresholds: Thresholds, name: str, series: Sequence[float | None], expected: list[str]
) -> None:
    assert told(thresholds, name, series) == expected


def test_what_stood_before_a_restart_is_not_told_again_and_its_end_is() -> None:
    low, high = Values(soc_pct=10.0), Values(soc_pct=50.0)
    watch, changed = watched(Watch(frozenset({"soc_below"})), low, SOC, 30.0)
    assert not changed
    for _ in range(3):
        watch, changed = watched(watch, high, SOC, 30.0)
    assert [one.is_over for one in changed] == [True]
    assert not watch.standing


def test_a_threshold_that_is_taken_back_is_told_no_more() -> None:
    watch, changed = watched(Watch(frozenset({"soc_below"})), Values(soc_pct=50.0), Thresholds(), 300.0)
    assert not changed
    assert not watch.standing


def test_a_price_below_nothing_has_a_hysteresis() -> None:
    negative = Thresholds(price_above_per_kwh=-0.1, data_older_than_s=None)
    assert told(negative, "price_per_kwh", [-0.05, -0.05, -0.05, -0.101, -0.12, -0.12, -0.12])[-1] == "-"
