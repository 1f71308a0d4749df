"""What `status` says of battery, house, sun and grid: one line each, in words."""

from collections.abc import Iterator

from agent.cli.standing_alarms import span
from agent.domain.in_words import kw, pct
from agent.domain.site import Measured, SiteState
from drivers.reading import Quality

NOTHING_W = 10.0  # less than this at house, sun or grid is nothing
OLD_S = 60.0
MISSING = "not known"


def site_lines(state: SiteState, resting_w: float) -> Iterator[tuple[str, str]]:
    """(label, words) each. A battery that moves less than ``resting_w`` rests."""
    stored = "charge not known" if state.soc_pct.value is None else pct(state.soc_pct.value)
    yield "battery", f"{_battery(state, resting_w)}{_doubt(state.battery_w)}, {stored}{_doubt(state.soc_pct)}"
    yield "house", _of(state.load_w, _power)
    yield "sun", _of(state.pv_w, _power)
    yield "grid", _of(state.grid_w, _grid)


def battery_doing(battery_w: float, grid_w: float | None, resting_w: float) -> tuple[str, str]:
    """What the battery does and, where it charges and that is known, whence; e.g. ("charging", "from the sun")."""
    if abs(battery_w) < resting_w:
        return "resting", ""
    if battery_w > 0.0:
        return "discharging", ""
    if grid_w is None:
        return "charging", ""
    bought_w = max(0.0, grid_w)
    if bought_w < resting_w:
        return "charging", "from the sun"
    return "charging", "from the grid" if bought_w > -battery_w - resting_w else "from sun and grid"


def _battery(state: SiteState, resting_w: float) -> str:
    if state.battery_w.value is None:
        return MISSING
    doing, whence = battery_doing(state.battery_w.value, state.grid_w.known, resting_w)
    if doing == "resting":
        return doing
    return " ".join(word for word in (doing, whence, kw(abs(state.battery_w.value))) if word)


def _of(measured: Measured, words: "_Words") -> str:
    said = MISSING if measured.value is None else words(measured.value)
    return f"{said}{_doubt(measured)}"


class _Words:
    """How a power is told; ``directions`` are those of what is negative and positive."""

    def __init__(self, *directions: str) -> None:
        self._directions = directions

    def __call__(self, power_w: float) -> str:
        if abs(power_w) < NOTHING_W:
            return "nothing"
        if not self._directions:
            return kw(power_w)
        return f"{self._directions[power_w > 0.0]} {kw(abs(power_w))}"


_power, _grid = _Words(), _Words("exporting", "importing")


def _doubt(measured: Measured) -> str:
    """The quality where it is not good, and the age where that is old."""
    if measured.value is None or measured.quality is Quality.GOOD:
        return ""
    age = f", {span(measured.age_s)} old" if measured.age_s >= OLD_S else ""
    return f" ({measured.quality.value}{age})"
