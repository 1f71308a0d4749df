"""``python -m tests.bench``: measures, prints one table, writes the raw numbers. Nothing fails for being slow."""

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.children import BenchFailure
from tests.bench.figures import Figure, Samples

NAMES = (
    *("controller", "dead_devices", "start", "polling", "planner", "lp", "store", "payload", "sync", "decisions"),
    *("drain", "restarts", "month", "parts", "partition", "fifty_devices", "steps"),
    *("console", "console_control", "console_view", "home_assistant", "reload"),
)
WIDTH = 140  # of the table where the output is no terminal


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when everything was measured, 1 when something could not be."""
    asked = _parser().parse_args(arguments)
    if sys.platform != "linux":
        print("the bench reads /proc and runs on Linux only", file=sys.stderr)
        return 1
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    began = time.monotonic()
    measured: dict[str, list[Figure]] = {}
    failures: dict[str, str] = {}
    chosen = tuple(asked.only or NAMES)
    for number, name in enumerate(chosen, 1):
        with console.status(f"measuring {name} ({number} of {len(chosen)})"):
            started = time.monotonic()
            try:
                measured[name] = _measure(name)()
            except BenchFailure as failure:
                failures[name] = str(failure)
        console.print(f"{name}: {time.monotonic() - started:.0f} s", style="dim", highlight=False)
    console.print(_table(measured))
    for name, reason in failures.items():
        console.print(f"[red]{name} was not measured:[/] {reason}", highlight=False)
    _write(asked.out, measured, failures)
    console.print(f"raw numbers in {asked.out}; {time.monotonic() - began:.0f} s in all", highlight=False)
    return 1 if failures else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="What the agent costs.")
    parser.add_argument("--only", action="append", choices=NAMES, help="measure this one; may be given again")
    parser.add_argument("--out", type=Path, default=Path("bench-out/bench.json"), metavar="FILE")
    return parser


def _measure(name: str) -> Callable[[], list[Figure]]:
    """The measurement of that name, imported only now: what is not asked for is not loaded."""
    measure: Callable[[], list[Figure]] = import_module(f"tests.bench.{name}").measure
    return measure


def _table(measured: dict[str, list[Figure]]) -> Table:
    table = Table(title="median (lowest to highest) of ours and of a yardstick measured in this run")
    table.add_column("what")
    for heading in ("ours", "yardstick", "ratio", "goal"):
        table.add_column(heading, justify="right")
    table.add_column("against")
    for figures in measured.values():
        for figure in figures:
            table.add_row(*_cells(figure))
        table.add_section()
    return table


def _cells(figure: Figure) -> tuple[str, ...]:
    ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
    if figure.goal is not None and figure.ratio is not None:
        ratio = f"[{'red' if figure.over else 'green'}]{ratio}[/]"
    goal = "" if figure.goal is None else f"<= {figure.goal:g}"
    what = figure.what + (f"\n[dim]{figure.note}[/]" if figure.note else "")
    return what, _shown(figure.ours, figure.unit), _shown(figure.yardstick, figure.unit), ratio, goal, figure.against


def _shown(samples: Samples | None, unit: str) -> str:
    if samples is None:
        return ""
    if samples.low == samples.high:
        return f"{samples.median:.4g} {unit}"
    return f"{samples.median:.4g} {unit}\n({samples.low:.4g} to {samples.high:.4g})"


def _write(path: Path, measured: dict[str, list[Figure]], failures: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figures = [
        {"name": name, **asdict(figure), "ratio": figure.ratio} for name, there in measured.items() for figure in there
    ]
    machine = {"python": platform.python_version(), "system": platform.platform(), "machine": platform.machine()}
    text = json.dumps({"machine": machine, "figures": figures, "failures": failures}, indent=1)
    path.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
