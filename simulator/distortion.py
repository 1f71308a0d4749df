"""What a unit shows wrong while it answers: its gauge, its energy counters, its powers."""

from collections.abc import MutableMapping
from dataclasses import dataclass

_GAUGES = ("713.SoC", "802.SoC", "124.ChaState", "SoC")
_SUNSPEC_POWERS = ("W", "DCW", "WphA", "WphB", "WphC")

Values = MutableMapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Distortion:
    """``soc_pct`` is what the gauge reads instead, None for the truth; ``power_factor`` multiplies every power."""

    soc_pct: float | None = None
    zero_counters: bool = False
    power_factor: float = 1.0

    def apply(self, values: Values) -> None:
        """Change ``values``, which go by point name (``713.SoC``), in place."""
        for name, value in values.items():
            if value is None:
                continue
            if self.soc_pct is not None and name in _GAUGES:
                values[name] = self.soc_pct
            elif self.zero_counters and is_counter(name):
                values[name] = 0.0
            elif self.power_factor != 1.0 and is_power(name):
                values[name] = value * self.power_factor


NOTHING = Distortion()


def is_counter(name: str) -> bool:
    """Whether a point adds up energy."""
    point = name.rpartition(".")[2]
    return point.endswith("_Wh") or point in ("WH", "DCWH", "ActWh") or point.startswith(("TotWh", "DCWh"))


def is_power(name: str) -> bool:
    """Whether a point is an active power."""
    model, _, point = name.rpartition(".")
    return point in (_SUNSPEC_POWERS if model else ("W", "W1", "W2", "W3"))
