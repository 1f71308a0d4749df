"""The homes by the minute are those that are played by the hour."""

from pathlib import Path

import numpy as np
import pytest

from agent.backtest.sites import read_site
from tests.bench.minute_home import synthetic_home
from tests.bench.seeds import seed_case


def test_the_minutes_of_a_seed_are_those_of_its_hours(tmp_path: Path) -> None:
    site = read_site(tmp_path, "seed_3", synthetic_home(tmp_path, 3, 1))
    case = seed_case(3, 1)
    assert (site.history.horizon.step_s, site.history.horizon.start) == (60, case.horizon.start)
    load_w = np.array(site.history.load_w, dtype=np.float64).reshape(-1, 60)
    assert load_w.mean(axis=1) == pytest.approx(case.load_w, abs=0.1)
    assert load_w.std(axis=1).max() > 100.0
    assert site.import_price[::60] == tuple(case.import_price.tolist())
    assert site.battery == case.battery
