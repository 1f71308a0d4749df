"""`enalysis-edge devices list`: the families that are known, and what their devices can be told."""

from argparse import ArgumentParser, Namespace

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agent.cli.ending import GOOD
from agent.cli.terminal import WIDTH_OF_A_FILE, terminal
from agent.discovery.found import actions_of
from drivers.family import Family
from drivers.registry import FAMILIES

CONFIDENCE = {
    "A": "two independent sources agree",
    "B": "one source",
    "C": "thin: try it on the device first",
}


def add_arguments(parser: ArgumentParser) -> None:
    """None."""


def run(_: Namespace) -> int:
    """0."""
    show(terminal(WIDTH_OF_A_FILE))
    return GOOD


def show(console: Console) -> None:
    """A row a family."""
    table = Table()
    table.add_column("family")
    table.add_column("devices and document")
    table.add_column("steers")
    for family in FAMILIES.values():
        table.add_row(escape(family.name), f"{escape(family.brand)}\n[dim]{escape(family.document)}[/]", steers(family))
    console.print(table)
    for letter, meaning in CONFIDENCE.items():
        if any(family.confidence == letter != "A" for family in FAMILIES.values()):
            console.print(f"confidence {letter}: {meaning}")


def steers(family: Family) -> str:
    """What its devices can be told, and how sure that is where it is not sure."""
    doubt = "" if family.confidence == "A" else f"\n[yellow]confidence {family.confidence}[/]"
    return (", ".join(actions_of(family)) or "[dim]only read[/]") + doubt
