"""The picture of a play: what each policy saved over time between floor and ceiling, and a week close up."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from agent.adapters.host.picture_file import save
from agent.backtest.case import Case, Floats
from agent.backtest.demand import Intervals
from agent.backtest.play import Played, grid_w
from agent.backtest.policies import (
    AS_CONTROLLED,
    NO_BATTERY,
    PERFECT,
    PERFECT_48H,
    PLAN_BLIND,
    SELF_CONSUMPTION,
    TABLE_ALONE,
    TIME_OF_USE,
)

INK = "#1f2933"
COLOURS = {
    NO_BATTERY: "#7b8794",
    SELF_CONSUMPTION: "#f2a900",
    TIME_OF_USE: "#c8553d",
    PLAN_BLIND: "#7b6fd0",
    TABLE_ALONE: "#8ab17d",
    AS_CONTROLLED: "#2a9d8f",
    PERFECT_48H: "#d64591",
    PERFECT: INK,
}
LEGEND: dict[str, Any] = {"framealpha": 0.85, "edgecolor": "none", "fontsize": 9}
ABOVE: dict[str, Any] = LEGEND | {"loc": "lower right", "bbox_to_anchor": (1.0, 1.0), "borderaxespad": 0.2}
WEEK_S = 7 * 86_400


class NoPictures(Exception):
    """matplotlib is not installed. ``str()`` says what to install."""


def draw(case: Case, played: Sequence[Played], path: Path, currency: str, demand_charge: float) -> None:
    """Write a PNG. Raises NoPictures, and OSError where it cannot be written."""
    try:
        import matplotlib as mpl

        mpl.use("Agg")
        import matplotlib.pyplot as plt
    except ImportError:
        raise NoPictures("no pictures: matplotlib is missing, install the extra enalysis-edge[demo]") from None
    by_name = {one.policy: one for one in played}
    with mpl.rc_context({"font.size": 10, "axes.edgecolor": "#9aa5b1", "text.color": INK, "axes.labelcolor": INK}):
        figure, axes = plt.subplots(4, 1, figsize=(13, 13), height_ratios=(3.4, 2.2, 2.2, 1.6), layout="constrained")
        _draw_savings(axes[0], case, by_name, currency, demand_charge)
        week = _busiest_week(case, by_name)
        _draw_site(axes[1], case, week, currency)
        _draw_powers(axes[2], case, by_name, week)
        _draw_soc(axes[3], case, by_name, week)
        _tidy(axes, case.place.timezone)
        figure.suptitle(f"{case.name}: what the battery saved", fontsize=15, fontweight="bold", x=0.01, ha="left")
        save(figure, path)
        plt.close(figure)


def saved_so_far(case: Case, one: Played, idle: Played, demand_charge: float) -> Floats:
    """Money saved against no battery by the end of each step, stored energy counted, shape (steps,)."""
    period, battery = case.period(), case.battery
    costs = []
    for policy in (idle, one):
        grid = grid_w(case, policy)
        price = np.where(grid > 0, period.import_price, period.export_price)
        stored_kwh = battery.stored_wh(1.0) * (policy.soc_pct[1:] - policy.soc_pct[0]) / 1000.0
        worth = battery.discharge_efficiency * float(period.import_price.mean())
        energy = np.cumsum(grid * price) * period.step_h / 1000.0 - worth * stored_kwh
        costs.append(energy + demand_charge * _peaks_so_far(case, grid))
    return np.asarray(costs[0] - costs[1])


def _peaks_so_far(case: Case, grid: Floats) -> Floats:
    """The sum of the months' highest imports up to each step, kW."""
    intervals = Intervals.of(case)
    imported, total = intervals.import_kw(grid), np.zeros(len(intervals.month))
    peak = before = 0.0
    for interval, month in enumerate(intervals.month.tolist()):
        if interval and month != intervals.month[interval - 1]:
            before, peak = before + peak, 0.0
        peak = max(peak, float(imported[interval]))
        total[interval] = before + peak
    return np.asarray(total[intervals.interval])


def _draw_savings(axis: Any, case: Case, played: dict[str, Played], currency: str, demand_charge: float) -> None:
    times = _bounds(case, slice(0, case.steps))
    idle = played[NO_BATTERY]
    ceiling = np.append(0.0, saved_so_far(case, played[PERFECT], idle, demand_charge))
    digits = 0 if ceiling[-1] >= 100 else 2
    axis.fill_between(times, 0.0, ceiling, color="#e4e7eb", linewidth=0, label="between floor and ceiling")
    for name, one in played.items():
        saved = np.append(0.0, saved_so_far(case, one, idle, demand_charge))
        width = 2.2 if name == AS_CONTROLLED else 1.3
        dashes = "--" if name == PERFECT_48H else "-"
        label = f"{name.replace('_', ' ')}: {saved[-1]:,.{digits}f} {currency}"
        axis.plot(times, saved, dashes, color=COLOURS[name], linewidth=width, label=label)
    axis.set_ylabel(f"{currency} saved")
    axis.set_title(
        "Saved against no battery (the floor), up to perfect foresight (the ceiling)", loc="left", fontsize=11
    )
    axis.legend(loc="upper left", **LEGEND)


def _busiest_week(case: Case, played: dict[str, Played]) -> slice:
    """The seven days in which perfect foresight moves the most energy: there is most to see."""
    many = min(case.steps, WEEK_S // case.horizon.step_s)
    day = 86_400 // case.horizon.step_s
    moved = np.concatenate([[0.0], np.cumsum(np.abs(played[PERFECT].battery_w))])
    starts = range(0, case.steps - many + 1, day)
    first = max(starts, key=lambda start: float(moved[start + many] - moved[start]))
    return slice(first, first + many)


def _bounds(case: Case, part: slice) -> list[datetime]:
    """The start of every step of ``part``, and the end of the last one."""
    return [case.at(case.first + index) for index in range(part.start, part.stop + 1)]


def _to_the_end(values: Floats) -> Floats:
    """Values of steps as ``where="post"`` draws them at ``_bounds``: the last one up to the end of its step."""
    return np.append(values, values[-1:])


def _draw_site(axis: Any, case: Case, week: slice, currency: str) -> None:
    times, period = _bounds(case, week), case.period()
    sun_kw, load_kw = (_to_the_end(values[week]) / 1000.0 for values in (period.pv_w, period.load_w))
    axis.fill_between(times, sun_kw, step="post", color="#f2a900", alpha=0.6, linewidth=0, label="solar")
    axis.step(times, load_kw, where="post", color=INK, linewidth=1.2, label="load")
    axis.set_ylabel("kW")
    axis.set_title("A week of it: load, sun and the import price", loc="left", fontsize=11)
    prices = axis.twinx()
    bought = _to_the_end(period.import_price[week])
    prices.step(times, bought, where="post", color="#c8553d", linewidth=1.2, label="import price (right)")
    prices.set_ylabel(f"{currency} per kWh", color="#c8553d")
    prices.spines[["top"]].set_visible(False)
    handles, labels = (left + right for left, right in zip(axis.get_legend_handles_labels(),
                       prices.get_legend_handles_labels(), strict=True))  # fmt: skip
    axis.legend(handles, labels, ncols=3, **ABOVE)


def _draw_powers(axis: Any, case: Case, played: dict[str, Played], week: slice) -> None:
    for name, one in _closest(played).items():
        powers = _to_the_end(one.battery_w[week]) / 1000.0
        axis.step(_bounds(case, week), powers, where="post", color=COLOURS[name], label=name.replace("_", " "))
    axis.axhline(0, color="#9aa5b1", linewidth=0.8)
    axis.set_ylabel("battery kW")
    axis.set_title("Battery power, positive discharges", loc="left", fontsize=11)
    axis.legend(ncols=3, **ABOVE)


def _draw_soc(axis: Any, case: Case, played: dict[str, Played], week: slice) -> None:
    for name, one in _closest(played).items():
        soc_pct = one.soc_pct[week.start : week.stop + 1]  # at the bounds of the steps
        axis.plot(_bounds(case, week), soc_pct, color=COLOURS[name], label=name.replace("_", " "))
    axis.set_ylim(0, 100)
    axis.set_ylabel("SoC %")
    axis.set_title("State of charge", loc="left", fontsize=11)
    axis.legend(ncols=3, **ABOVE)


def _closest(played: dict[str, Played]) -> dict[str, Played]:
    """The agent, the rule and the ceiling, as far as they were played: more lines could not be read."""
    wanted = (SELF_CONSUMPTION, AS_CONTROLLED, PERFECT)
    return {name: played[name] for name in wanted if name in played}


def _tidy(axes: Any, timezone: str) -> None:
    from matplotlib import dates

    zone = ZoneInfo(timezone)
    for axis in axes:
        axis.grid(axis="y", color="#e4e7eb", linewidth=0.8)
        axis.set_axisbelow(True)
        axis.spines[["top", "right"]].set_visible(False)
        axis.margins(x=0)
        locator = dates.AutoDateLocator(tz=zone, minticks=6, maxticks=14)
        axis.xaxis.set_major_locator(locator)
        axis.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator, tz=zone))
    axes[-1].set_xlabel(f"local time, {timezone}")
