"""The tables that ``python -m training anomaly`` prints."""

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from agent.adapters.models.onnx_detector import DetectorCard
from training.anomaly.effect import Effect


def print_tables(card: DetectorCard, effects: Sequence[Effect], console: Console) -> None:
    """False alarms, detection, and what trouble does to a forecast."""
    alarms = _table(
        "days without injected trouble, %",
        "site",
        "days",
        "load lost",
        "solar lost",
        "unusual",
        caption="* learnt from",
    )
    for site in card.false_alarms:
        shares = (site.load_days_lost, site.solar_days_lost, site.days_unusual)
        alarms.add_row(site.site + " *" * site.seen_in_training, str(site.days), *map(_percent, shares))
    rates = _table("injected trouble, sites and periods not learnt from, %", "trouble", "events", "noticed", "left out")
    for rate in card.detection:
        rates.add_row(
            _named(rate.trouble, rate.data_fault), str(rate.events), _percent(rate.noticed), _percent(rate.left_out)
        )
    harm = _table(
        "pinball of persistence, 48 h, % of the mean", "trouble", "forecasts", "without", "with it", "examined"
    )
    for effect in effects:
        losses = (effect.clean, effect.troubled, effect.examined)
        harm.add_row(_named(effect.trouble, effect.data_fault), str(effect.forecasts), *map(_percent, losses))
    console.print(alarms, rates, harm)


def _table(title: str, first: str, *others: str, caption: str | None = None) -> Table:
    table = Table(title=title, caption=caption, box=box.SIMPLE, padding=(0, 1, 0, 0))
    table.add_column(first, no_wrap=True)
    for heading in others:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _named(trouble: str, data_fault: bool) -> str:
    return trouble if data_fault else f"{trouble} (stays in)"


def _percent(share: float) -> str:
    return f"{share * 100:.2f}"
