"""The value table: as good as the linear programme where that knows everything, concave, and fit to be followed."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agent.domain.site import Connection
from agent.planning import value_table as table_module
from agent.planning.concave import concave_majorant
from agent.planning.forward_pass import forward_pass, forward_pass_alone
from agent.planning.optimise import solve_schedule
from agent.planning.path_changes import path_changes
from agent.planning.planning_terms import Problem
from agent.planning.value_table import backward_by_path, battery_kw, change_kwh
from tests.planning.days import BATTERY, errors, mean_values, problem, value_table
from tests.planning.test_optimise import physical


def one_path(site: Problem) -> tuple[np.ndarray, np.ndarray]:
    return (site.load_w - site.pv_w)[None, :], site.pv_w[None, :]


def many_paths(site: Problem) -> tuple[np.ndarray, np.ndarray]:
    sun = np.clip(site.pv_w + errors(site.terms.steps, seed=1), 0.0, None)
    return site.load_w + errors(site.terms.steps, seed=2) - sun, sun


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("connection", [Connection(), Connection(1500.0, 1200.0)])
@pytest.mark.parametrize("export_price", [0.0, 0.05, -0.02])
def test_one_known_path_is_worth_what_the_linear_programme_says(
    seed: int, connection: Connection, export_price: float
) -> None:
    """This holds without a demand charge: the table prices every interval, the programme a month's worst one alone."""
    site = problem(seed, connection=connection, import_price=0.3, export_price=export_price, terminal=0.0)
    grid, value = mean_values(site.terms, *one_path(site), points=481)
    expected = solve_schedule(site, 10.0).objective
    assert -np.interp(site.soc_wh / 1000.0, grid, value[0]) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("seed", range(3))
def test_refining_the_grid_approaches_from_the_dear_side(seed: int) -> None:
    """Interpolating a concave worth understates it, less so on a finer grid."""
    site = problem(seed, import_price=0.3)
    best = solve_schedule(site, 10.0).objective
    costs = []
    for points in (31, 61, 121):
        grid, value = mean_values(site.terms, *one_path(site), points=points)
        costs.append(-float(np.interp(site.soc_wh / 1000.0, grid, value[0])))
    assert costs[0] > costs[1] > costs[2] >= best - 2e-4 * abs(best)


@settings(max_examples=25, deadline=None)
@example(seed=85, price=0.0, export=-0.25, limited=True)
@given(seed=st.integers(0, 1000), price=st.floats(-0.5, 0.5), export=st.floats(-0.3, 0.5), limited=st.booleans())
def test_concave_finite_and_not_falling_without_burden(seed: int, price: float, export: float, limited: bool) -> None:
    connection = Connection(3000.0, 2000.0) if limited else Connection()
    site = problem(seed, 24, connection=connection, import_price=price, export_price=export)
    table = value_table(site.terms, *many_paths(site))
    grid, value = np.array(table.soc_pct), np.array(table.value)
    assert value.shape == (24, len(grid))
    assert np.isfinite(value).all()
    slopes = np.diff(value, axis=1) / np.diff(grid)
    assert (np.diff(slopes, axis=1) <= 1e-7 * np.abs(slopes).max()).all()
    if site.terms.import_price.min() >= 0.0 and export >= 0.0:
        assert slopes.min() >= -1e-9


def test_grid_covers_everything_is_steep_below_the_window_and_goes_on_above_it() -> None:
    site = problem(1)
    table = value_table(site.terms, *many_paths(site))
    assert table.soc_pct[0] == 0.0
    assert table.soc_pct[1] == pytest.approx(BATTERY.floor_pct)
    assert table.soc_pct[-1] == pytest.approx(100.0)
    first = np.array(table.value[0])
    per_kwh = np.diff(first) / np.diff(np.array(table.soc_pct)) * 100.0 / 10.0
    assert per_kwh[0] > 2.0 * site.terms.top_price
    assert per_kwh[-1] == pytest.approx(per_kwh[-2])


def test_last_row_is_the_terminal_value() -> None:
    site = problem(1, terminal=0.2)
    grid, value = mean_values(site.terms, *one_path(site))
    assert value[-1] == pytest.approx(0.2 * grid)


def test_uncertainty_is_worth_less_than_knowing() -> None:
    """The mean over paths of knowing each one is at least the worth of meeting them as they come."""
    site = problem(6)
    net, sun = many_paths(site)
    _, together = mean_values(site.terms, net, sun)
    alone = np.mean([mean_values(site.terms, net[k : k + 1], sun[k : k + 1])[1][0] for k in range(len(net))], axis=0)
    assert (together[0] <= alone + 1e-9).all()


def test_power_and_stored_energy_are_inverse() -> None:
    terms = problem(0, step_h=0.25).terms
    powers = np.array([-4.0, -0.1, 0.0, 0.1, 5.0])
    assert battery_kw(terms, change_kwh(terms, powers)) == pytest.approx(powers)


@given(st.lists(st.floats(-100, 100), min_size=3, max_size=30))
def test_concave_majorant(values: list[float]) -> None:
    grid, rough = np.linspace(0.0, 1.0, len(values)), np.array(values)
    smooth = concave_majorant(grid, rough)
    assert (smooth >= rough - 1e-9).all()
    assert (np.diff(smooth, 2) <= 1e-9).all()
    assert smooth[[0, -1]] == pytest.approx(rough[[0, -1]])


def test_a_window_without_width_still_has_a_table() -> None:
    site = problem(1, battery=replace(BATTERY, reserve_pct=95.0), soc_pct=95.0)
    table = value_table(site.terms, *many_paths(site))
    assert all(low < high for low, high in zip(table.soc_pct, table.soc_pct[1:], strict=False))
    assert np.isfinite(np.array(table.value)).all()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("soc_pct", [2.0, 40.0, 99.0])
@pytest.mark.parametrize("export_price", [0.0, 0.35, -0.02])
def test_walk_is_physical_and_near_the_best(seed: int, soc_pct: float, export_price: float) -> None:
    site = problem(seed, 24, soc_pct=soc_pct, export_price=export_price, connection=Connection(9000.0, 4000.0))
    passed = forward_pass_alone(site, "walked")
    physical(site, passed)
    assert passed.notes == ("walked",)
    if soc_pct == 40.0:
        best = solve_schedule(site, 10.0).objective
        assert best - 1e-3 <= passed.objective <= best + 0.01 * abs(best) + 0.002


def test_walk_on_a_shared_table_earns_most_of_it() -> None:
    """The table of many paths, followed along one of them, still beats leaving the battery alone by far."""
    site = problem(3, terminal=0.0, soc_pct=10.0)
    grid, value = mean_values(site.terms, *many_paths(site))
    idle = replace(site, terms=replace(site.terms, battery=replace(BATTERY, charge_w=0.0, discharge_w=0.0)))
    nothing, best = solve_schedule(idle, 10.0).objective, solve_schedule(site, 10.0).objective
    assert (nothing - forward_pass(site, grid, value, "").objective) / (nothing - best) > 0.9
    table = value_table(site.terms, *many_paths(site))
    assert table.value[0] != table.value[-1]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_paths_that_are_not_numbers(bad: float) -> None:
    site = problem(0)
    net, sun = one_path(site)
    net = net.copy()
    net[0, 5] = bad
    with pytest.raises(ValueError, match=r"net_w is .* at step \(0, 5\)"):
        mean_values(site.terms, net, sun)
    with pytest.raises(ValueError, match="pv_w has shape"):
        mean_values(site.terms, *(one_path(site)[0], sun[:, :-1]))


def test_what_is_seen_now_tells_what_energy_is_worth_next() -> None:
    """Two days, one dear in load all the time: after a step of high load, stored energy is worth more."""
    site = problem(4, 24, terminal=0.05, soc_pct=40.0)
    night = np.clip(site.load_w, 100.0, 250.0)
    net = np.stack([night, night + 2000.0])
    table = value_table(site.terms, net, np.zeros_like(net))
    low, *_, high = table.by_net_load[0]
    assert low.net_load_w < high.net_load_w

    def of_a_full_battery(row: tuple[float, ...]) -> float:
        return row[-1] - row[1]

    assert of_a_full_battery(low.value) < of_a_full_battery(table.value[0]) < of_a_full_battery(high.value)


def test_only_the_first_hours_tell_worth_by_net_load() -> None:
    site = problem(4, 48)
    table = value_table(site.terms, *many_paths(site))
    assert len(table.by_net_load) == 2
    for several in table.by_net_load:
        nets = [one.net_load_w for one in several]
        assert nets == sorted(nets)
        assert all(len(one.value) == len(table.soc_pct) for one in several)
        slopes = np.diff([one.value for one in several], axis=1) / np.diff(table.soc_pct)
        assert (np.diff(slopes, axis=1) <= 1e-7 * np.abs(slopes).max()).all()


def test_the_noisier_a_quarter_the_less_its_net_load_foretells() -> None:
    site = problem(4, 48, step_h=0.25)
    net, pv = many_paths(site)

    def told(noise_w: float) -> float:
        """How far the worths of a low and of a high first quarter lie apart."""
        low, *_, high = value_table(site.terms, net, pv, np.full(48, noise_w)).by_net_load[0]
        return max(abs(one - other) for one, other in zip(low.value, high.value, strict=True))

    assert told(0.0) > told(1000.0) > told(10_000.0) > 0.0


def test_one_path_has_nothing_to_tell_by_net_load() -> None:
    site = problem(4, 24)
    assert value_table(site.terms, *one_path(site)).by_net_load == ((), ())


@pytest.mark.parametrize("seed", range(3))
def test_paths_that_are_near_are_worth_between_changing_to_any_and_never(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Knowing more of what comes is worth more: each path for good, what is near it, nothing."""
    site = problem(seed, 48)
    net, sun = many_paths(site)
    every = (48, len(net), len(net))
    means = []
    for chances in (
        np.broadcast_to(np.eye(len(net)), every),
        path_changes(net, sun, 1.0),
        np.full(every, 1 / len(net)),
    ):
        monkeypatch.setattr(table_module, "path_changes", lambda *_, chances=chances: chances)
        means.append(backward_by_path(site.terms, net, sun)[1][0].mean(axis=0))
    assert (means[0] >= means[1] - 1e-9).all()
    assert (means[1] >= means[2] - 1e-9).all()
    assert means[0].sum() > means[2].sum()
