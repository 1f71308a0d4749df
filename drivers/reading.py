"""What a device says: a closed list of quantities, and one reading of one of them."""

from dataclasses import dataclass
from enum import Enum


class Quantity(Enum):
    """Every quantity a driver may report. The value is the name under which it is stored and published.

    Signs: positive feeds the site's busbar. ``GRID_W`` > 0 is import, ``PV_W`` >= 0, ``BATTERY_W`` > 0 is discharge.
    ``AC_W`` is what an inverter delivers to its AC terminals (PV and battery together for a hybrid).
    ``POWER_FACTOR`` is of all phases, 0 to 1: some makers give it the sign of the power, others that of lead and lag.
    ``SWITCHED_ON`` is 1 while a relay is on, else 0.
    Total harmonic distortion is the mean of the phases, in per cent of the fundamental.
    """

    GRID_W = "grid_w"
    AC_W = "ac_w"
    PV_W = "pv_w"
    BATTERY_W = "battery_w"
    LOAD_W = "load_w"
    SOC_PCT = "soc_pct"
    SOH_PCT = "soh_pct"
    GRID_L1_W = "grid_l1_w"
    GRID_L2_W = "grid_l2_w"
    GRID_L3_W = "grid_l3_w"
    VOLTAGE_L1_V = "voltage_l1_v"
    VOLTAGE_L2_V = "voltage_l2_v"
    VOLTAGE_L3_V = "voltage_l3_v"
    CURRENT_L1_A = "current_l1_a"
    CURRENT_L2_A = "current_l2_a"
    CURRENT_L3_A = "current_l3_a"
    FREQUENCY_HZ = "frequency_hz"
    POWER_FACTOR = "power_factor"
    VOLTAGE_THD_PCT = "voltage_thd_pct"
    CURRENT_THD_PCT = "current_thd_pct"
    IMPORT_WH = "import_wh"
    EXPORT_WH = "export_wh"
    AC_WH = "ac_wh"
    BATTERY_V = "battery_v"
    TEMPERATURE_C = "temperature_c"
    STATE = "state"
    RATED_W = "rated_w"
    RATED_CHARGE_W = "rated_charge_w"
    RATED_DISCHARGE_W = "rated_discharge_w"
    RATED_WH = "rated_wh"
    SWITCHED_ON = "switched_on"

    __hash__ = object.__hash__  # that of Enum is Python, and each reading is looked up several times

    @property
    def unit(self) -> str:
        """The end of the name: ``w``, ``wh``, ``v``, ``a``, ``hz``, ``pct``, ``c``, ``factor``, ``on`` or ``state``."""
        return self.value.rsplit("_", 1)[-1]

    @property
    def is_counter(self) -> bool:
        """An energy that is added up for ever. A mean of it says nothing, and it cannot fall."""
        return self in (Quantity.IMPORT_WH, Quantity.EXPORT_WH, Quantity.AC_WH)

    @property
    def is_level(self) -> bool:
        """True for what has a mean over time; counters and codes are taken as they were last."""
        return not self.is_counter and self is not Quantity.STATE


class Quality(Enum):
    """How far a value can be trusted."""

    GOOD = "good"
    STALE = "stale"  # older than the site file allows
    FROZEN = "frozen"  # unchanged to the last digit while the world moved
    IMPLAUSIBLE = "implausible"  # outside what the device can physically do
    ESTIMATED = "estimated"  # derived from other readings
    ASLEEP = "asleep"  # a solar inverter after dark: it gives nothing, and need not say so
    MISSING = "missing"  # the device does not have it, or did not answer


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of one quantity.

    ``value`` is None exactly when ``quality`` is MISSING. ``at`` is the reader's monotonic clock in seconds, taken
    before the request was sent, so that the age of a value never looks smaller than it is.
    """

    quantity: Quantity
    value: float | None
    at: float
    quality: Quality = Quality.GOOD

    def __post_init__(self) -> None:
        if (self.value is None) != (self.quality is Quality.MISSING):
            raise ValueError(f"{self.quantity.value}: a reading is missing exactly when it has no value")
