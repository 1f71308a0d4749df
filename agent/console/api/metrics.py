"""/metrics: what is known now in the text format of Prometheus. What is not known has no sample, and says so."""

from collections.abc import Iterable, Iterator

from agent.console.reading.shapes import Document
from agent.console.reading.site import energy_flow, status
from agent.console.source import Source

GAUGES = (
    ("enalysis_grid_watts", "state", "grid_w", "Power from the grid, above 0 imports."),
    ("enalysis_solar_watts", "state", "pv_w", "Power of the sun."),
    ("enalysis_battery_watts", "state", "battery_w", "Power of the battery, above 0 discharges."),
    ("enalysis_load_watts", "state", "load_w", "Power of the home."),
    ("enalysis_battery_soc_percent", "state", "soc_pct", "State of charge."),
)
FIGURES = (
    ("enalysis_running", "running", "1 while the agent runs."),
    ("enalysis_live_age_seconds", "live_age_s", "Age of what the agent shows."),
    ("enalysis_store_age_seconds", "store_age_s", "Age of the newest commit."),
    ("enalysis_alarms", "alarms", "Alarms that stand."),
    ("enalysis_advisories_open", "advisories_open", "Recommendations that are open."),
)
PRICES = (
    ("enalysis_import_price", "import_price", "What a kWh costs, in the site's currency."),
    ("enalysis_export_price", "export_price", "What a kWh brings."),
    ("enalysis_stored_energy_value", "energy_value_per_kwh", "What a stored kWh is worth."),
)


def metrics(source: Source) -> str:
    """Raises StoreFailure."""
    flow, found = energy_flow(source), status(source)
    return "".join(f"{line}\n" for line in _lines(source.settings.site.id, flow, found))


def _lines(site: str, flow: Document, found: Document) -> Iterator[str]:
    label = f'site="{site}"'
    missing = []
    state = (flow["state"] or {}) if flow["running"] else {}  # what an agent that stopped has seen last is not now
    for name, _, quantity, words in GAUGES:
        measured = state.get(quantity) or {"value": None, "quality": "missing"}
        yield from _gauge(name, words, [(label, measured["value"])])
        if measured["value"] is None:
            missing.append(quantity)
    nobody = [(f'{label},quantity="{one}"', 1) for one in missing]
    yield from _gauge("enalysis_missing", "1 for each quantity that nobody measures now.", nobody)
    for name, key, words in FIGURES:
        yield from _gauge(name, words, [(label, found[key])])
    for name, key, words in PRICES:
        yield from _gauge(name, words, [(label, (flow["prices"] or {}).get(key))])
    depths = [(f'{label},stream="{stream}"', depth) for stream, depth in found["outbox"].items()]
    yield from _gauge("enalysis_outbox_rows", "Rows that wait for the platform.", depths)


def _gauge(name: str, words: str, samples: Iterable[tuple[str, float | bool | None]]) -> Iterator[str]:
    yield f"# HELP {name} {words}"
    yield f"# TYPE {name} gauge"
    for label, value in samples:
        if value is not None:
            yield f"{name}{{{label}}} {float(value):.12g}"
