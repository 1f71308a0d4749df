"""Walks a measured site forward and scores the paths that the agent would plan with, step by step ahead."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from agent.backtest.case import Case
from agent.backtest.planner_view import Agent
from agent.forecasting.forecaster import FloatArray
from agent.planning.path_changes import path_changes, paths_near
from agent.planning.scenarios import Paths
from training.paths.agreement import paths_given
from training.paths.scores import covered, energy_score

AS_ISSUED, AFTER_SEEN, AGREEING = "as issued", "by changes", "agreeing with now"


@dataclass(frozen=True, slots=True)
class PathScore:
    """Of one site and one state of knowledge, by lead from the step after the running one on.

    ``energy`` is the energy score of each lead alone, ``together`` that of all leads at once over the root of their
    number; both are shares of the mean size of the net load. ``cover`` is the share of steps inside the 90 % interval
    of the paths and of the short noise that they leave out.
    """

    site: str
    known: str
    origins: int
    energy: tuple[float, ...]
    cover: tuple[float, ...]
    together: float


def score_paths(case: Case, agent: Agent, leads: int, every: int, advance: Callable[[], None]) -> list[PathScore]:
    """The paths of a plan at every ``every``-th step of the case.

    As issued; when the net load of the running step was seen, by the chances of the value table; and moved to agree.
    """
    net_w = case.load_w - case.pv_w
    found: dict[str, list[FloatArray]] = {AS_ISSUED: [], AFTER_SEEN: [], AGREEING: []}
    for index in range(case.first, case.last - leads, every):
        paths = agent.view(index).paths
        came = net_w[index : index + leads + 1]
        alike = np.full((leads, len(paths.net_w)), 1.0 / len(paths.net_w))
        seen_w = came[:1]
        changed = beliefs(paths, float(came[0]), case.horizon.step_h, leads)
        agreeing_w = paths_given(paths.net_w, seen_w, float(paths.noise_w[0]))[0]
        found[AS_ISSUED].append(_row(paths.net_w, alike, came, paths.noise_w))
        found[AFTER_SEEN].append(_row(paths.net_w, changed, came, paths.noise_w))
        found[AGREEING].append(_row(agreeing_w, alike, came, paths.noise_w))
        advance()
    size = float(np.abs(net_w[case.first : case.last]).mean())
    return [_mean(case.name, known, np.stack(rows), leads, size) for known, rows in found.items() if rows]


def beliefs(paths: Paths, seen_w: float, step_h: float, leads: int) -> FloatArray:
    """How much each path counts in each step after the running one whose net load was ``seen_w``, (leads, paths).

    As the value table has it: first the paths near what was seen, then the chances to change from path to path.
    """
    chances = path_changes(paths.net_w[:, : leads + 1], paths.pv_w[:, : leads + 1], step_h)
    rows = [paths_near(np.array([seen_w]), paths.net_w[:, 0], float(paths.noise_w[0]))[0]]
    for step in range(1, leads):
        rows.append(rows[-1] @ chances[step])
    return np.stack(rows)


def _row(net_w: FloatArray, weights: FloatArray, came: FloatArray, noise_w: FloatArray) -> FloatArray:
    """Energy score and coverage of each lead, and the energy score of all together with the weights of the first."""
    ahead, leads = net_w[:, 1:], len(weights)
    energy = [energy_score(ahead[:, [i]], weights[i], came[[i + 1]]) for i in range(leads)]
    cover = [covered(ahead[:, [i]], weights[i], came[[i + 1]], noise_w[i + 1])[0] for i in range(leads)]
    return np.array([*energy, *cover, energy_score(ahead[:, :leads], weights[0], came[1:]) / leads**0.5])


def _mean(site: str, known: str, rows: FloatArray, leads: int, size: float) -> PathScore:
    mean = rows.mean(axis=0)
    energy, cover = (mean[:leads] / size).tolist(), mean[leads : 2 * leads].tolist()
    return PathScore(site, known, len(rows), tuple(energy), tuple(cover), float(mean[-1]) / size)
