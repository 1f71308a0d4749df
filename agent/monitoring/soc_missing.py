"""A state of charge that is not there while its device answers: without it the battery cannot be acted on."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from agent.domain.sentences.batteries import soc_missing
from drivers.reading import Quantity, Reading


@dataclass(slots=True)
class SocMissingWatch:
    """One instance a site. ``roles`` are those of its devices; times are monotonic seconds.

    Where the site has several batteries the others go on, so nothing else shows that one of them is left out.
    """

    roles: Mapping[str, frozenset[str]]
    stale_s: float
    _since: dict[str, float] = field(default_factory=dict)

    def update(
        self, readings: Mapping[str, Mapping[Quantity, Reading]], silent: Collection[str], monotonic_s: float
    ) -> dict[str, str | None]:
        """One sentence for each battery whose state of charge is missing for longer than ``stale_s``, else None.

        Left out is a device that is silent, which is lost, and one whose family has no state of charge.
        """
        found: dict[str, str | None] = {}
        for name, roles in self.roles.items():
            soc = readings.get(name, {}).get(Quantity.SOC_PCT)
            if "battery" not in roles or name in silent or soc is None:
                self._since.pop(name, None)
            elif soc.value is not None and monotonic_s - soc.at <= self.stale_s:
                self._since.pop(name, None)
                found[name] = None
            elif monotonic_s - self._since.setdefault(name, monotonic_s) > self.stale_s:
                found[name] = soc_missing(device=name, after_s=self.stale_s)
        return found
