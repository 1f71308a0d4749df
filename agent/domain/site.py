"""What stands on the site, and one frozen picture of what it does."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from drivers.reading import Quality


@dataclass(frozen=True, slots=True)
class Connection:
    """The point of common coupling (PCC). None is no limit. Limits are positive watts."""

    import_limit_w: float | None = None
    export_limit_w: float | None = None


@dataclass(frozen=True, slots=True)
class Failsafe:
    """``limits`` hold when nothing has been heard of the platform's grid limit for longer than ``after``."""

    limits: Connection
    after: timedelta


@dataclass(frozen=True, slots=True)
class Measured:
    """A value with its age in seconds and its quality. Missing is None, never 0."""

    value: float | None
    quality: Quality = Quality.GOOD
    age_s: float = 0.0

    @property
    def usable(self) -> bool:
        """Fit to be acted on."""
        return self.value is not None and self.quality in (Quality.GOOD, Quality.ESTIMATED, Quality.ASLEEP)

    @property
    def known(self) -> float | None:
        """The value where it is fit to be acted on, else None."""
        return self.value if self.usable else None


MISSING = Measured(None, Quality.MISSING)


@dataclass(frozen=True, slots=True)
class SiteState:
    """One picture of the site at ``at`` (UTC). What was not measured and cannot be derived is MISSING.

    Meter and battery show values of different instants. The ``aligned`` ones are of one instant, as of
    ``dispatch/same_instant.py``; control acts on them.
    """

    at: datetime
    grid_w: Measured = MISSING
    pv_w: Measured = MISSING
    battery_w: Measured = MISSING
    load_w: Measured = MISSING
    soc_pct: Measured = MISSING
    faults: tuple[str, ...] = field(default=())
    aligned_net_load: Measured = MISSING
    aligned_load: Measured = MISSING

    @property
    def net_load_w(self) -> float | None:
        """Load less solar, W: what battery and grid must cover together. None when it is not known."""
        if self.aligned_net_load.known is not None:
            return self.aligned_net_load.known
        grid_w, battery_w = self.grid_w.known, self.battery_w.known
        if grid_w is not None and battery_w is not None:
            return grid_w + battery_w
        load_w, pv_w = self.load_w.known, self.pv_w.known
        return None if load_w is None or pv_w is None else load_w - pv_w

    @property
    def load_to_cover_w(self) -> float | None:
        """The load that a cap of the solar power leaves to be covered, W. None when it is not known."""
        return self.load_w.known if self.aligned_load.known is None else self.aligned_load.known
