"""What every device said in the newest minute, and whether that is as it should be."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from agent.adapters.store.console_reader import newest_points
from agent.console.reading.shapes import Document, local, rounded
from agent.domain.sentence import listed
from agent.domain.sentences import readings as say
from agent.settings.device_section import Device
from drivers.reading import Quantity

UNITS = {"w": "W", "wh": "Wh", "v": "V", "a": "A", "hz": "Hz", "pct": "%", "c": "°C", "factor": "", "state": ""}
# What EN 50160 allows at the terminals of a low-voltage site: 230 V +-10 %, 50 Hz +-1 %, 8 % of harmonics.
VOLTS, HERTZ, THD_PCT = (207.0, 253.0), (49.5, 50.5), (0.0, 8.0)
BOUNDS = {
    **dict.fromkeys((Quantity.VOLTAGE_L1_V, Quantity.VOLTAGE_L2_V, Quantity.VOLTAGE_L3_V), VOLTS),
    Quantity.FREQUENCY_HZ: HERTZ,
    Quantity.VOLTAGE_THD_PCT: THD_PCT,
}
OLD = timedelta(minutes=5)


def meters(store: Path, devices: Sequence[Device], now: datetime, zone: ZoneInfo) -> Document:
    """An entry a device and quantity. Raises StoreFailure.

    ``state`` is good, missing, outside (of ``low``..``high``), or old where the agent has written nothing for long.
    """
    found = newest_points(store)
    if found is None:
        return {"at": None, "age_s": None, "items": [], **listed("notes", [say.nothing_measured()])}
    end = found.at + timedelta(seconds=found.span_s)
    roles = {device.name: list(device.roles) for device in devices}
    is_old = now - end > OLD
    items = []
    for name, value in found.values:
        device, _, word = name.rpartition(".")
        quantity = next((one for one in Quantity if one.value == word), None)
        low, high = BOUNDS.get(quantity, (None, None)) if quantity is not None else (None, None)
        items.append(
            {
                "device": device,
                "roles": roles.get(device, []),
                "quantity": word,
                "unit": UNITS.get(quantity.unit, "") if quantity is not None else "",
                "value": rounded(value, 3),
                "at": local(found.at, zone),
                "state": _state(value, low, high, is_old),
                "low": low,
                "high": high,
            }
        )
    notes: list[str] = [say.newest_minute()]
    if is_old:
        notes.append(say.nothing_stored_since(last_at=end.astimezone(zone)))
    return {
        "at": local(found.at, zone),
        "age_s": rounded(max(0.0, (now - end).total_seconds()), 0),
        "items": items,
        **listed("notes", notes),
    }


def _state(value: float | None, low: float | None, high: float | None, is_old: bool) -> str:
    if value is None:
        return "missing"
    if is_old:
        return "old"
    outside = low is not None and high is not None and not low <= value <= high
    return "outside" if outside else "good"
