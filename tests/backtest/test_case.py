"""From measurements to what is played."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.backtest.case import Unplayable, case_of, cut, filled, on_raster
from agent.backtest.sites import read_site
from site_data.sites_json import described_sites
from tests.backtest import cases
from tests.backtest import folder as data

NAN = float("nan")


def test_quarters_become_hours_and_prices_are_averaged(tmp_path: Path) -> None:
    def quarter(index: int) -> tuple[float | None, ...]:
        return (1.0 + index % 4, None if index % 4 else 2.0, 0.1 * (1 + index % 4), 0.2)

    data.write(tmp_path, days=2, row=quarter, cadence_min=15)
    site = read_site(tmp_path, "house", described_sites(tmp_path)["house"])
    case = case_of(site, 3600, 0.07)
    assert case.horizon.steps == 48
    assert case.load_w[0] == pytest.approx(2500)
    assert case.import_price[0] == pytest.approx(0.25)
    assert case.export_price[0] == 0.07
    # An hour of which only a quarter was measured counts as a gap for the agent.
    assert case.history.pv_w[0] is None
    assert case_of(site, 900, 0.0).horizon.steps == 192


def test_hours_cannot_be_played_in_quarters(tmp_path: Path) -> None:
    data.write(tmp_path, days=2)
    site = read_site(tmp_path, "house", described_sites(tmp_path)["house"])
    with pytest.raises(Unplayable, match="house was measured every 3600 s"):
        case_of(site, 900, 0.0)


@pytest.mark.parametrize(("days", "first"), [(None, 96), (1.0, 216), (100.0, 96)])
def test_the_test_period_or_its_last_days_are_played(days: float | None, first: int, tmp_path: Path) -> None:
    data.write(tmp_path, days=10, test_start="2026-03-06")
    site = read_site(tmp_path, "house", described_sites(tmp_path)["house"])
    case = case_of(site, 3600, 0.0, days)
    assert (case.first, case.last) == (first, 240)


def test_short_gaps_are_bridged_and_long_ones_take_the_week_before() -> None:
    values = np.arange(3 * 168, dtype=np.float64)
    values[10:13] = NAN
    values[200:220] = NAN
    found = filled(values, 3600)
    assert found[10:13].tolist() == pytest.approx([10, 11, 12])
    assert found[200:220].tolist() == pytest.approx(list(range(32, 52)))


def test_a_gap_at_the_start_takes_the_week_after_and_nothing_at_all_is_zero() -> None:
    values = np.arange(2 * 168, dtype=np.float64)
    values[:24] = NAN
    assert filled(values, 3600)[:24].tolist() == pytest.approx(list(range(168, 192)))
    assert filled(np.full(5, NAN), 3600).tolist() == [0.0] * 5


@given(st.lists(st.none() | st.floats(0, 1e6), min_size=1, max_size=400))
def test_filled_is_finite_and_keeps_what_was_measured(given_values: list[float | None]) -> None:
    values = np.array(given_values, dtype=np.float64)
    found = filled(values, 3600)
    assert np.isfinite(found).all()
    known = np.isfinite(values)
    assert (found[known] == values[known]).all()


def test_a_capped_quarter_caps_its_hour() -> None:
    history = cases.history_of(np.full(8, 1000.0), np.full(8, 500.0), 900)
    history = replace(history, curtailed=(False,) * 5 + (True,) + (False,) * 2)
    coarse, (load_w, _) = on_raster(history, 3600)
    assert coarse.curtailed == (False, True)
    assert load_w.tolist() == [1000.0, 1000.0]


def test_a_cut_history_ends_where_it_is_cut_and_may_be_empty() -> None:
    case = cases.case()
    part = cut(case.history, 5, 9)
    assert part.end == case.at(9)
    assert part.load_w == case.history.load_w[5:9]
    assert cut(case.history, -30, 3).horizon.steps == 3
    nothing = cut(case.history, -30, 0)
    assert nothing.end == case.at(0)
    assert nothing.load_w == (None,)


def test_a_case_without_steps_is_refused() -> None:
    with pytest.raises(Unplayable, match="house has no step to play"):
        cases.case(first=10, last=10)
