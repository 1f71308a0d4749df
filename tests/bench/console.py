"""What the console costs and how soon it answers, with a year in its store."""

import asyncio
import tempfile
from pathlib import Path

from tests.bench import console_memory, console_year
from tests.bench.children import compile_sources
from tests.bench.console_site import fill_year, last_hour, make_site
from tests.bench.figures import Figure


def measure() -> list[Figure]:
    """Memory and processor time of `python -m agent console`, then its answers."""
    compile_sources()
    with tempfile.TemporaryDirectory(prefix="bench-console-") as name:
        site = make_site(Path(name))
        asyncio.run(fill_year(site, last_hour()))
        return [*console_memory.figures(site), *console_year.figures(site)]
