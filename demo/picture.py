"""The picture of the days that were played."""

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from demo.track import Track

INK = "#1f2933"
SUN, BATTERY, GRID, PLAN = "#f2a900", "#2a9d8f", "#c8553d", "#7b6fd0"
LEGEND: dict[str, Any] = {
    "framealpha": 0.85,
    "edgecolor": "none",
    "borderaxespad": 0.2,
    "loc": "lower right",
    "bbox_to_anchor": (1.0, 1.0),
}  # above the axes: it hides nothing


def draw(track: Track, path: Path, title: str, currency: str, timezone: str) -> None:
    """Write a PNG with power, state of charge and prices over local time, plan against actual."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib import dates

    zone = ZoneInfo(timezone)
    mpl.rcParams.update({"font.size": 10, "axes.edgecolor": "#9aa5b1", "text.color": INK, "axes.labelcolor": INK})
    figure, axes = plt.subplots(
        4, 1, figsize=(13, 12), sharex=True, height_ratios=(3, 2.2, 1.8, 1.4), layout="constrained"
    )
    times = track.times()
    kw = {name: [w / 1000 for w in track.column(name)] for name in ("load_w", "pv_w", "battery_w", "grid_w")}
    _draw_supply(axes[0], times, kw)
    _draw_battery(axes[1], times, track)
    _draw_soc(axes[2], times, track)
    _draw_prices(axes[3], times, track, currency)
    for axis in axes:
        axis.grid(axis="y", color="#e4e7eb", linewidth=0.8)
        axis.set_axisbelow(True)
        axis.spines[["top", "right"]].set_visible(False)
        axis.margins(x=0)
    locator = dates.AutoDateLocator(tz=zone, minticks=8, maxticks=14)
    axes[-1].xaxis.set_major_locator(locator)
    axes[-1].xaxis.set_major_formatter(dates.ConciseDateFormatter(locator, tz=zone))
    axes[-1].set_xlabel(f"local time, {timezone}")
    figure.suptitle(title, fontsize=15, fontweight="bold", x=0.01, ha="left", color=INK)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _draw_supply(axis, times, kw) -> None:  # type: ignore[no-untyped-def]
    """Who feeds the load: sun, battery and grid stacked above zero; what is stored or exported below it."""
    sun = kw["pv_w"]
    out = [max(0.0, w) for w in kw["battery_w"]]
    bought = [max(0.0, w) for w in kw["grid_w"]]
    stored = [min(0.0, w) for w in kw["battery_w"]]
    sold = [min(0.0, w) for w in kw["grid_w"]]
    axis.stackplot(times, sun, out, bought, colors=(SUN, BATTERY, GRID), alpha=0.75, linewidth=0,
                   labels=("solar", "from the battery", "from the grid"))  # fmt: skip
    axis.stackplot(times, stored, sold, colors=(BATTERY, GRID), alpha=0.35, linewidth=0,
                   labels=("stored", "sold"))  # fmt: skip
    axis.plot(times, kw["load_w"], color=INK, linewidth=1.1, label="load")
    axis.axhline(0, color="#9aa5b1", linewidth=0.8)
    axis.set_ylabel("kW")
    axis.set_title("Who feeds the load; below zero: stored and sold", loc="left", fontsize=11)
    axis.legend(ncols=6, **LEGEND)


def _draw_battery(axis, times, track: Track) -> None:  # type: ignore[no-untyped-def]
    actual = [w / 1000 for w in track.column("battery_w")]
    planned = [w / 1000 for w in track.column("planned_battery_w")]
    axis.fill_between(times, actual, 0, color=BATTERY, alpha=0.5, linewidth=0, label="battery, actual")
    axis.step(times, planned, where="post", color=PLAN, linewidth=1.4, label="battery, as last planned")
    axis.axhline(0, color="#9aa5b1", linewidth=0.8)
    axis.set_ylabel("kW")
    axis.set_title("Battery power, positive discharges", loc="left", fontsize=11)
    axis.legend(ncols=2, **LEGEND)


def _draw_soc(axis, times, track: Track) -> None:  # type: ignore[no-untyped-def]
    axis.plot(times, track.column("soc_pct"), color=BATTERY, linewidth=2, label="state of charge")
    axis.plot(
        times, track.column("planned_soc_pct"), color=PLAN, linewidth=1.2, linestyle="--", label="as last planned"
    )
    axis.set_ylim(0, 100)
    axis.set_ylabel("%")
    axis.set_title("State of charge", loc="left", fontsize=11)
    axis.legend(ncols=2, **LEGEND)


def _draw_prices(axis, times, track: Track, currency: str) -> None:  # type: ignore[no-untyped-def]
    axis.step(times, track.column("import_price"), where="post", color=GRID, linewidth=1.6, label="import price")
    axis.step(times, track.column("export_price"), where="post", color=SUN, linewidth=1.6, label="export price")
    axis.set_ylabel(f"{currency} per kWh")
    carbon = axis.twinx()
    intensity = [1000 * kg for kg in track.column("carbon_kg_per_kwh")]
    lines = carbon.plot(times, intensity, color="#9aa5b1", linewidth=1.0, label="carbon intensity of the grid")
    carbon.set_ylabel("g CO₂ per kWh", color="#7b8794")
    carbon.spines[["top"]].set_visible(False)
    axis.set_title("Prices, and the carbon intensity of the grid (right)", loc="left", fontsize=11)
    axis.legend(handles=[*axis.get_lines(), *lines], ncols=3, **LEGEND)
