"""What the picture of a play draws stands at its time, up to the end of the last step."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agent.backtest.picture import draw
from agent.backtest.play import play
from agent.backtest.policies import NO_BATTERY, PERFECT
from tests.backtest import cases


def test_a_state_stands_at_the_bounds_of_the_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    shown: list[Any] = []
    monkeypatch.setattr("agent.backtest.picture.save", lambda figure, path: shown.append(figure))
    case = cases.case(days=4, played_days=1)
    idle, best = play(case, (NO_BATTERY, PERFECT), [], [])
    draw(case, [idle, best], tmp_path / "p.png", "EUR", 0.0)
    savings, site, powers, soc, prices = shown[0].axes
    begin, end = case.at(case.first), case.at(case.last)
    times = [begin + timedelta(hours=index) for index in range(25)]
    (line,) = soc.lines
    assert (list(line.get_xdata()), times[-1]) == (times, end)
    np.testing.assert_array_equal(line.get_ydata(), best.soc_pct)
    assert [list(one.get_xdata()) for one in savings.lines] == [times, times]
    assert savings.lines[1].get_ydata()[0] == 0.0
    for one, values in ((powers.lines[0], best.battery_w), (site.lines[0], case.period().load_w)):
        assert (list(one.get_xdata()), one.get_drawstyle()) == (times, "steps-post")
        np.testing.assert_array_equal(one.get_ydata(), np.append(values, values[-1]) / 1000.0)
    assert list(prices.lines[0].get_xdata()) == times
