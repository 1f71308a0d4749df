"""What cannot be meant by the wear of a battery by depth."""

from collections.abc import Iterator

from agent.settings.problems import Finding
from agent.settings.schema import Settings
from agent.settings.words import number

DEPTH, BELOW = ("battery", "deep_wear_per_kwh"), ("battery", "deep_below_pct")


def wear_findings(settings: Settings) -> Iterator[Finding]:
    """A cost of depth needs a SoC within the window below which it counts, and no demand charge beside it."""
    found = settings.battery
    below_pct, low, high = found.deep_below_pct, found.soc_min_pct, found.soc_max_pct
    if below_pct is None:
        if found.deep_wear_per_kwh > 0.0:
            yield Finding(
                DEPTH, "is given without deep_below_pct", f"add deep_below_pct, such as {_between(low, high)}"
            )
        return
    if 0 < below_pct < 1:
        hint = f"it is a percentage: did you mean {number(below_pct * 100)}?"
        yield Finding(BELOW, f"is {number(below_pct)}", hint)
    elif not low < below_pct < high:
        reason = f"is {number(below_pct)}, which is not between soc_min_pct ({number(low)}) and soc_max_pct"
        yield Finding(
            BELOW, f"{reason} ({number(high)})", f"set it to where depth begins, such as {_between(low, high)}"
        )
    if found.deep_wear_per_kwh > 0.0 and settings.demand_charge is not None:
        reason = "is given beside [demand_charge], whose plan does not know what depth costs"
        yield Finding(DEPTH, reason, "leave it out, and raise soc_min_pct where the depth must not be used")


def _between(low: float, high: float) -> str:
    return number(round((2.0 * low + high) / 3.0))
