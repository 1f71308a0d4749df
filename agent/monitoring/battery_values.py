"""A value of a battery, or the power of the grid, that is not there while its device answers.

Without its power nothing that is written can be verified, and without its state of charge it cannot be acted on: where
the site has several batteries the others go on, so nothing else shows that one of them is left out.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from agent.domain.sentence import Sentence
from agent.domain.sentences.batteries import battery_power_missing, grid_power_missing, soc_missing
from drivers.reading import Quantity, Reading

Readings = Mapping[Quantity, Reading]


@dataclass(slots=True)
class MissingValueWatch:
    """One instance a site and value. ``roles`` are those of its devices; times are monotonic seconds.

    ``is_there`` is asked of the readings of a device of the ``role`` that is not silent, and of the time since which
    they are fresh. It answers None where that is not to be judged. ``missing`` is the sentence about a device.
    """

    roles: Mapping[str, frozenset[str]]
    stale_s: float
    is_there: Callable[[Readings, float], bool | None]
    missing: Callable[[str, float], Sentence]
    role: str = "battery"
    _since: dict[str, float] = field(default_factory=dict)

    def update(
        self, readings: Mapping[str, Readings], silent: Collection[str], monotonic_s: float
    ) -> dict[str, str | None]:
        """One sentence for each device whose value is missing for longer than ``stale_s``, None where it is there.

        Left out is a device that is silent, which is lost, and what is not to be judged.
        """
        found: dict[str, str | None] = {}
        for name, roles in self.roles.items():
            is_judged = self.role in roles and name not in silent
            there = self.is_there(readings.get(name, {}), monotonic_s - self.stale_s) if is_judged else None
            if there is not False:
                self._since.pop(name, None)
            if there:
                found[name] = None
            elif there is False and monotonic_s - self._since.setdefault(name, monotonic_s) > self.stale_s:
                found[name] = self.missing(name, self.stale_s)
        return found


def power_watch(roles: Mapping[str, frozenset[str]], stale_s: float) -> MissingValueWatch:
    """Of the battery's power."""
    return MissingValueWatch(
        roles, stale_s, _power_is_there, lambda name, after_s: battery_power_missing(device=name, after_s=after_s)
    )


def soc_watch(roles: Mapping[str, frozenset[str]], stale_s: float) -> MissingValueWatch:
    """Of the state of charge."""
    return MissingValueWatch(
        roles, stale_s, _soc_is_there, lambda name, after_s: soc_missing(device=name, after_s=after_s)
    )


def grid_watch(roles: Mapping[str, frozenset[str]], stale_s: float) -> MissingValueWatch:
    """Of the grid's power."""
    return MissingValueWatch(
        roles,
        stale_s,
        _grid_is_there,
        lambda name, after_s: grid_power_missing(device=name, after_s=after_s),
        role="grid",
    )


def _grid_is_there(shown: Readings, since_s: float) -> bool | None:
    """Not judged: a device that has said nothing since the start, which is lost."""
    grid = shown.get(Quantity.GRID_W)
    return None if grid is None else _is_fresh(grid, since_s)


def _power_is_there(shown: Readings, since_s: float) -> bool | None:
    """Not judged: a device without any value (its state of charge is missing too), and one whose family has no such
    power, since there it is what closes the balance of the site."""
    fresh = [quantity for quantity, one in shown.items() if _is_fresh(one, since_s)]
    return Quantity.BATTERY_W in fresh if fresh and Quantity.BATTERY_W in shown else None


def _soc_is_there(shown: Readings, since_s: float) -> bool | None:
    """Not judged: a device whose family has no state of charge."""
    soc = shown.get(Quantity.SOC_PCT)
    return None if soc is None else _is_fresh(soc, since_s)


def _is_fresh(reading: Reading, since_s: float) -> bool:
    return reading.value is not None and reading.at >= since_s
