"""The picture of a report: what was saved, and where the rest of what could have been saved went."""

from collections.abc import Mapping
from pathlib import Path

from agent.adapters.host.picture_file import save
from agent.domain.ledger import MICRO, Amounts

PARTS = (
    ("saved", "saved", "#2a9d8f"),
    ("forecast", "lost to the forecast", "#f2a900"),
    ("plan", "lost to the plan", "#7b6fd0"),
    ("execution", "lost in execution", "#c8553d"),
)
INK = "#1f2933"
MOST_LABELS = 24


class NoPicture(Exception):
    """matplotlib is not installed. ``str()`` says what to install."""


def draw(sums: Mapping[str, Amounts], path: Path, title: str, currency: str) -> None:
    """A bar a period, its parts stacked. Raises NoPicture, and OSError where it cannot be written."""
    try:
        import matplotlib as mpl

        mpl.use("Agg")
        import matplotlib.pyplot as plt
    except ImportError:
        raise NoPicture("no picture: matplotlib is missing, install the extra enalysis-edge[demo]") from None
    places = range(len(sums))
    with mpl.rc_context({"font.size": 10, "axes.edgecolor": "#9aa5b1", "text.color": INK, "axes.labelcolor": INK}):
        figure, axes = plt.subplots(figsize=(13, 6), layout="constrained")
        above, below = [0.0] * len(sums), [0.0] * len(sums)
        for name, label, colour in PARTS:
            values = [getattr(amounts, name) / MICRO for amounts in sums.values()]
            bottoms = [above[i] if value >= 0 else below[i] for i, value in enumerate(values)]
            axes.bar(places, values, bottom=bottoms, color=colour, label=label, width=0.8)
            for i, value in enumerate(values):
                (above if value >= 0 else below)[i] += value
        achievable = [amounts.achievable / MICRO for amounts in sums.values()]
        by_rule = [amounts.saved_by_rule / MICRO for amounts in sums.values()]
        axes.plot(places, achievable, "_", color=INK, markersize=14, label="achievable")
        axes.plot(places, by_rule, "o", color="white", markeredgecolor=INK, label="the self-consumption rule")
        every = -(-len(sums) // MOST_LABELS)
        axes.set_xticks(list(places)[::every], list(sums)[::every], rotation=45, ha="right")
        axes.set_ylabel(currency)
        axes.axhline(0.0, color="#9aa5b1", linewidth=0.8)
        axes.spines[["top", "right"]].set_visible(False)
        axes.margins(y=0.08)
        figure.legend(loc="outside lower center", ncols=6, edgecolor="none", fontsize=9)
        axes.set_title(title, loc="left", fontsize=14, fontweight="bold")
        save(figure, path)
        plt.close(figure)
