"""What the central platform sends down: prices, carbon, weather, a grid limit, and what it has received."""

from dataclasses import dataclass
from datetime import datetime

from agent.domain.advisory import AdviceRequest


@dataclass(frozen=True, slots=True)
class TariffInput:
    """Prices in the site's currency per kWh, one a step of ``step_s`` seconds from ``valid_from`` (UTC).

    ``export_price`` is None where the platform says nothing about it.
    """

    issued_at: datetime
    valid_from: datetime
    step_s: int
    import_price: tuple[float, ...]
    export_price: tuple[float, ...] | None


@dataclass(frozen=True, slots=True)
class CarbonInput:
    """Carbon intensity of imported energy, kg CO2 per kWh, one a step."""

    issued_at: datetime
    valid_from: datetime
    step_s: int
    kg_per_kwh: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class WeatherInput:
    """A weather forecast. Each column has one entry a step, or is empty when the feed does not have it."""

    issued_at: datetime
    valid_from: datetime
    step_s: int
    temperature_c: tuple[float | None, ...]
    ghi_w_m2: tuple[float | None, ...]
    cloud_pct: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class GridLimitInput:
    """Limits at the PCC, positive watts, from ``valid_from`` until before ``valid_to`` (UTC). None is no limit."""

    issued_at: datetime
    valid_from: datetime
    valid_to: datetime
    import_limit_w: float | None
    export_limit_w: float | None


PlatformInput = TariffInput | CarbonInput | WeatherInput | GridLimitInput


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """``streams``: per stream the highest seq up to which the platform has everything.

    ``resend_from``: per stream the first seq that the platform wants to have again.
    """

    issued_at: datetime
    streams: tuple[tuple[str, int], ...]
    resend_from: tuple[tuple[str, int], ...] = ()


Incoming = PlatformInput | Acknowledgement | AdviceRequest
