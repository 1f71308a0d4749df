"""A battery's power that is not there while its device answers: without it nothing that is written can be verified."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from agent.domain.sentences.batteries import battery_power_missing
from drivers.reading import Quantity, Reading


@dataclass(slots=True)
class BatteryPowerWatch:
    """One instance a site. ``roles`` are those of its devices; times are monotonic seconds."""

    roles: Mapping[str, frozenset[str]]
    stale_s: float
    _since: dict[str, float] = field(default_factory=dict)

    def update(
        self, readings: Mapping[str, Mapping[Quantity, Reading]], silent: Collection[str], monotonic_s: float
    ) -> dict[str, str | None]:
        """One sentence for each battery whose power is missing for longer than ``stale_s``, None where it is there.

        Left out is a device that is silent, which is lost, or gives no value (``SocMissingWatch``), and one
        whose family has no such power: there it is what closes the balance of the site.
        """
        found: dict[str, str | None] = {}
        for name, roles in self.roles.items():
            shown = {} if name in silent else readings.get(name, {})
            fresh = [one for one in shown.values() if monotonic_s - one.at <= self.stale_s and one.value is not None]
            if "battery" not in roles or Quantity.BATTERY_W not in shown or not fresh:
                self._since.pop(name, None)
            elif any(one.quantity is Quantity.BATTERY_W for one in fresh):
                self._since.pop(name, None)
                found[name] = None
            elif monotonic_s - self._since.setdefault(name, monotonic_s) > self.stale_s:
                found[name] = battery_power_missing(device=name, after_s=self.stale_s)
        return found
