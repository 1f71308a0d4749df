"""The battery's round trip as it was measured, beside that of the site file. It is told and steers nothing."""

from datetime import datetime, timedelta
from pathlib import Path

from agent.adapters.store.row_reader import rollups
from agent.advice.battery_health import health, samples_of
from agent.domain.battery import Battery

SPAN_S = 900
LONGEST = timedelta(days=62)  # longer ago the battery may have been another
LEAST_RUNS = 10  # charges, and as many discharges: twenty half cycles
SURE = 2.0  # standard errors


def round_trip_note(store: Path, battery: Battery, now: datetime) -> str | None:
    """One sentence; None while too few whole charges and discharges are known. Raises StoreFailure."""
    quarters = rollups(store, "quarter", now - LONGEST, now)
    found = health(samples_of(quarters, SPAN_S)).round_trip
    if found is None or found.runs < LEAST_RUNS:
        return None
    days = round((quarters[-1].at - quarters[0].at) / timedelta(days=1))
    measured = f"measured round trip of the battery {found.value:z.2f} ± {SURE * found.error:z.2f} over {days} days"
    runs = f"at least {found.runs} charges and as many discharges"
    if abs(found.value - battery.round_trip) <= SURE * found.error:
        return f"{measured} ({runs}), as the site file says ({battery.round_trip:z.2f})"
    hint = "its charge_efficiency and discharge_efficiency steer, and are not changed by this"
    return f"{measured} ({runs}); the site file says {battery.round_trip:z.2f}: {hint}"
