"""The mains at the connection point: voltages, frequency, and how power lies on the three phases. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from simulator.noise import smooth

NOMINAL_V = 230.0
NOMINAL_HZ = 50.0
LOAD_SHARES = (0.42, 0.33, 0.25)  # a home's single-phase appliances are never spread evenly
EVEN_SHARES = (1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0)
_SQRT3 = 3.0**0.5


@dataclass(frozen=True, slots=True)
class Mains:
    """Phase voltages, V, and frequency, Hz."""

    voltages_v: tuple[float, float, float]
    frequency_hz: float

    @property
    def mean_v(self) -> float:
        return sum(self.voltages_v) / 3.0

    @property
    def line_voltages_v(self) -> tuple[float, float, float]:
        """Between phases 1-2, 2-3 and 3-1, V, taken at 120 degrees."""
        one, two, three = self.voltages_v
        return (one + two) / 2.0 * _SQRT3, (two + three) / 2.0 * _SQRT3, (three + one) / 2.0 * _SQRT3


def mains_at(epoch_s: float) -> Mains:
    """What a meter sees at ``epoch_s``: within some 3 V of nominal and 30 mHz of 50 Hz, never quite still."""
    common = 4.0 * (smooth(901, epoch_s / 900.0) - 0.5) + 0.8 * (smooth(902, epoch_s / 7.0) - 0.5)
    one, two, three = (NOMINAL_V + common + 1.2 * (smooth(903 + i, epoch_s / 60.0) - 0.5) for i in range(3))
    frequency_hz = NOMINAL_HZ + 0.05 * (smooth(911, epoch_s / 90.0) - 0.5) + 0.01 * (smooth(912, epoch_s / 3.0) - 0.5)
    return Mains((one, two, three), frequency_hz)


def on_phases(total_w: float, shares: Sequence[float]) -> tuple[float, float, float]:
    """A power split by ``shares``, which add up to 1, W."""
    first, second = total_w * shares[0], total_w * shares[1]
    return first, second, total_w - first - second
