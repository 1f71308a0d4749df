"""How long the console takes to answer for a year of quarters, over HTTP."""

import gzip
import json
from statistics import quantiles

from tests.bench.children import BenchFailure
from tests.bench.console_site import ALLOWED, ANALYTICS, Asker, Shown, Site, console, year_of
from tests.bench.figures import Figure, Samples

ASKED = 20
P95_MS = 300.0


def figures(site: Site) -> list[Figure]:
    """Median, and 95th percentile beside what is allowed, of each analytics endpoint; they are asked in turns."""
    found: dict[str, list[float]] = {what: [] for what in ANALYTICS}
    steps: dict[str, str] = {}
    with console(site):
        Shown(site).show()
        asker = Asker(site)
        for place in range(ASKED + 1):
            for what in ANALYTICS:
                ms, body = asker.get(year_of(what, place))
                steps[what] = _step(body, what)
                if place:  # the first loads what it needs
                    found[what].append(ms)
        asker.close()
    return [figure for what in ANALYTICS for figure in _of_one(what, found[what], steps[what])]


def _of_one(what: str, found_ms: list[float], step: str) -> tuple[Figure, Figure]:
    p95_ms = quantiles(found_ms, n=20, method="inclusive")[18]
    named, note = f"console, a year of quarters: {what}", f"answered in steps of a {step}"
    return (
        Figure(named, "ms", Samples(tuple(found_ms)), note=note),
        Figure(f"{named}, p95", "ms", Samples((p95_ms,)), Samples((P95_MS,)), ALLOWED, goal=1.0),
    )


def _step(body: bytes, what: str) -> str:
    """In what the answer is. Raises BenchFailure for an empty one."""
    document = json.loads(gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body)
    if len(document["series"]["at"]) < 300:
        raise BenchFailure(f"the year that was asked for is not in the answer of {what}")
    return str(document["granularity"])
