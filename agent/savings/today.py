"""What the battery has saved since midnight, by the minutes that were measured. Without numpy."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.domain.battery import Battery
from agent.domain.records import MinuteRow

KWH_PER_WS = 1.0 / 3.6e6


@dataclass(frozen=True, slots=True)
class SavedToday:
    """``saved`` is money against no battery over ``covered_s`` measured seconds, what is still stored not counted.

    ``stored_wh`` is how much more energy the battery could deliver at the end than at the beginning, Wh; None where
    its state of charge is not known at both.
    """

    saved: float
    stored_wh: float | None
    covered_s: float


def saved_today(minutes: Sequence[MinuteRow], battery: Battery, has_solar: bool) -> SavedToday | None:
    """The sum over ``minutes``, oldest first; None where not one has load, solar and battery power and both prices.

    A site without an array measures no solar power, and that is no hole.
    """
    saved, covered_s = 0.0, 0.0
    for row in minutes:
        gain = minute_gain(row, has_solar)
        if gain is not None:
            saved += gain
            covered_s += row.covered_s
    if covered_s <= 0.0:
        return None
    known_pct = [row.soc_pct for row in minutes if row.soc_pct is not None]
    stored_wh = battery.stored_wh(known_pct[-1] - known_pct[0]) if len(known_pct) > 1 else None
    return SavedToday(saved, None if stored_wh is None else stored_wh * battery.discharge_efficiency, covered_s)


def minute_gain(row: MinuteRow, has_solar: bool) -> float | None:
    """What the minute would have cost without the battery, less what it did cost; None where that is not known."""
    pv_w = row.pv_w if row.pv_w is not None or has_solar else 0.0
    bought, sold = row.import_price, row.export_price
    if row.load_w is None or pv_w is None or row.battery_w is None or bought is None or sold is None:
        return None
    net_w = row.load_w - pv_w
    usual, paid = (power_w * (bought if power_w > 0.0 else sold) for power_w in (net_w, net_w - row.battery_w))
    return (usual - paid) * row.covered_s * KWH_PER_WS
