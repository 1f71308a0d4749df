"""What was seen of a site before anything is written: the input of ``plausibility``."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.domain.battery import Battery
from agent.domain.site import Connection, SiteState
from drivers.device import Action
from drivers.identity import Found
from drivers.reading import Quantity, Reading

NOTHING_SAID = Found(None, None, None, None)


@dataclass(frozen=True, slots=True)
class DeviceSeen:
    """A device of the site file.

    ``fits``: it is recognised as one of its family; None where that family cannot be. ``fits_other`` is the family that
    recognises it while its own does not, and ``is_another`` whether that shuts out its own. ``answers``: something does
    at its place. ``samples`` are its readings, one after the other; ``order`` is what the battery is
    forced to now, by the datasheet's names, and ``unfit`` names the codes of its state in which it cannot be tested.
    """

    name: str
    family: str
    brand: str
    roles: frozenset[str]
    place: str
    endpoint: str
    unit_id: int
    samples: tuple[Mapping[Quantity, Reading], ...] = ()
    trouble: str | None = None
    fits: bool | None = None
    fits_other: str | None = None
    is_another: bool = False
    answers: bool = True
    said: Found = NOTHING_SAID
    order: Mapping[str, float] = field(default_factory=dict)
    unfit: Mapping[float, str] = field(default_factory=dict)
    actions: frozenset[Action] = frozenset()
    remarks: tuple[str, ...] = ()

    @property
    def steers(self) -> bool:
        return bool(self.actions)

    def value(self, quantity: Quantity) -> float | None:
        """The newest value, None where there is none."""
        reading = self.samples[-1].get(quantity) if self.samples else None
        return None if reading is None else reading.value


@dataclass(frozen=True, slots=True)
class BatterySeen:
    """A battery that is to be tested with ``test_w`` in phases of ``phase_s``; ``battery`` with the reserve of now.

    ``free_within_s``: so long after an order that is not refreshed it is free by its datasheet; None: it never is.
    """

    device: str
    battery: Battery
    test_w: float
    phase_s: float
    free_within_s: float | None = None


@dataclass(frozen=True, slots=True)
class SiteSeen:
    """``states`` are the estimates of the site at each sample; ``solar_w`` is the rating of the site file."""

    devices: tuple[DeviceSeen, ...]
    batteries: tuple[BatterySeen, ...]
    states: tuple[SiteState, ...]
    connection: Connection
    solar_w: float | None = None

    def device(self, name: str) -> DeviceSeen:
        return next(device for device in self.devices if device.name == name)

    @property
    def state(self) -> SiteState | None:
        return self.states[-1] if self.states else None
