"""The picture of a frontier: cost over carbon dioxide, the whole of it and the frontier close up."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agent.adapters.host.picture_file import save
from agent.backtest.frontier import Point
from agent.backtest.picture import COLOURS, INK, NoPictures
from agent.backtest.policies import AS_CONTROLLED, SELF_CONSUMPTION
from agent.domain.request import Objective

USUAL = Objective()


def draw(title: str, points: Sequence[Point], path: Path, currency: str) -> None:
    """Write a PNG. Raises NoPictures, and OSError where it cannot be written."""
    try:
        import matplotlib as mpl

        mpl.use("Agg")
        import matplotlib.pyplot as plt
    except ImportError:
        raise NoPictures("no picture: matplotlib is missing, install the extra enalysis-edge[demo]") from None
    weighed = [point for point in points if point.objective is not None]
    with mpl.rc_context({"font.size": 10, "axes.edgecolor": "#9aa5b1", "text.color": INK, "axes.labelcolor": INK}):
        figure, (all_of_it, close_up) = plt.subplots(1, 2, figsize=(13, 6), layout="constrained")
        _draw_line(all_of_it, weighed)
        for point in points:
            if point.objective is None:
                _draw_rule(all_of_it, point)
        all_of_it.set_title("Beside the rule and no battery", loc="left", fontsize=11)
        _draw_line(close_up, weighed)
        for point in weighed:
            _name_weight(close_up, point)
        close_up.set_title("Close up: each point with its weight of carbon", loc="left", fontsize=11)
        for axis in (all_of_it, close_up):
            _tidy(axis, currency)
        figure.suptitle(title, fontsize=15, fontweight="bold", x=0.01, ha="left")
        save(figure, path)
        plt.close(figure)


def _draw_line(axis: Any, weighed: Sequence[Point]) -> None:
    co2, cost = [point.co2_kg for point in weighed], [point.cost for point in weighed]
    axis.plot(co2, cost, "o-", color=COLOURS[AS_CONTROLLED], linewidth=1.6, label="as controlled, by weight of carbon")
    for point in weighed:
        if point.objective == USUAL:
            label = f"the usual weight, {USUAL.carbon_weight:g}"
            axis.plot(point.co2_kg, point.cost, "o", markersize=11, fillstyle="none", color=INK, label=label)


def _draw_rule(axis: Any, point: Point) -> None:
    mark = "s" if point.policy == SELF_CONSUMPTION else "X"
    name = point.policy.replace("_", " ")
    axis.plot(point.co2_kg, point.cost, mark, markersize=9, linestyle="none", color=COLOURS[point.policy], label=name)


def _name_weight(axis: Any, point: Point) -> None:
    assert point.objective is not None
    place = (point.co2_kg, point.cost)
    axis.annotate(f"{point.objective.carbon_weight:g}", place, xytext=(7, 6), textcoords="offset points", fontsize=9)


def _tidy(axis: Any, currency: str) -> None:
    axis.set_xlabel("carbon dioxide of imports, kg")
    axis.set_ylabel(f"cost, {currency}")
    axis.ticklabel_format(useOffset=False)
    axis.margins(0.12)
    axis.grid(color="#e4e7eb", linewidth=0.8)
    axis.set_axisbelow(True)
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(loc="best", framealpha=0.85, edgecolor="none", fontsize=9)
