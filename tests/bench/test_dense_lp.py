"""The yardstick solves the same question: with a lossless battery both programmes find the same cost."""

from dataclasses import replace

import numpy as np
import pytest

from agent.domain.site import Connection
from agent.planning.battery_lp import build
from agent.planning.highs import solve
from agent.planning.planning_terms import Problem
from tests.bench.dense_lp import build_dense, solve_dense
from tests.bench.site import planned


def test_without_losses_and_wear_both_programmes_cost_the_same() -> None:
    site = planned().problem
    battery = replace(site.terms.battery, charge_efficiency=1.0, discharge_efficiency=1.0, wear_per_kwh=0.0)
    terms = replace(site.terms, battery=battery, connection=Connection(), curtailable=False)
    problem = Problem(terms, site.soc_wh, site.load_w, site.pv_w)
    charge_kw = solve_dense(build_dense(problem))
    grid_kw = (problem.load_w - problem.pv_w) / 1000.0 + charge_kw
    bill = np.where(grid_kw > 0, terms.import_price, terms.export_price) * grid_kw * terms.step_h
    left_kwh = problem.soc_wh / 1000.0 + float(charge_kw.sum()) * terms.step_h
    cost = float(bill.sum()) - terms.terminal_per_kwh * left_kwh
    assert cost == pytest.approx(solve(build(problem), 20.0).objective, abs=1e-6)
    stored = problem.soc_wh / 1000.0 + np.cumsum(charge_kw) * terms.step_h
    assert (stored >= terms.floor_kwh - 1e-6).all()
    assert stored.max() <= terms.ceiling_kwh + 1e-6
