"""Why a step of the plan is as it is: a code and its numbers, and an English sentence of them. Pure."""

from dataclasses import dataclass

from agent.domain.plan import PlanStep

IDLE_W = 25.0  # below it a battery stands still, and a grid is balanced
NEAR_PCT = 0.75

SENTENCES = {
    "charge_from_solar": "stores {kw:.2f} kW of solar power: stored energy is worth {value:.3f} per kWh, feeding in "
    "pays {export_price:.3f}",
    "charge_from_grid": "charges with {kw:.2f} kW, also from the grid at {import_price:.3f} per kWh: stored energy is "
    "worth {value:.3f}",
    "discharge_to_home": "covers {kw:.2f} kW of the home: the grid costs {import_price:.3f} per kWh, stored energy is "
    "worth {value:.3f}",
    "discharge_to_grid": "feeds in, with {kw:.2f} kW from the battery: that pays {export_price:.3f} per kWh, stored "
    "energy is worth {value:.3f}",
    "hold_full": "holds: the battery is as full as it may be ({soc_pct:.0f} %)",
    "hold_reserve": "holds: what is left ({soc_pct:.0f} %) is kept in reserve",
    "hold_for_later": "holds: stored energy is worth {value:.3f} per kWh later, the grid costs {import_price:.3f} now",
    "hold_export": "holds: feeding solar power in pays {export_price:.3f} per kWh, stored energy is worth {value:.3f}",
    "hold": "holds: neither charging nor discharging earns anything",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """``code`` is a key of SENTENCES; ``numbers`` are what its sentence names: kW, %, money per kWh."""

    code: str
    numbers: dict[str, float]

    @property
    def text(self) -> str:
        return SENTENCES[self.code].format(**self.numbers)


def reason_of(step: PlanStep, floor_pct: float, top_pct: float) -> Reason:
    """``floor_pct``..``top_pct`` is what may be used of the battery in this step."""
    numbers = {
        "kw": abs(step.battery_w) / 1000.0,
        "value": step.energy_value_per_kwh,
        "import_price": step.import_price,
        "export_price": step.export_price,
        "soc_pct": step.soc_pct,
    }
    return Reason(_code(step, floor_pct, top_pct), numbers)


def _code(step: PlanStep, floor_pct: float, top_pct: float) -> str:
    if step.charge_w > IDLE_W:
        return "charge_from_grid" if step.import_w > IDLE_W else "charge_from_solar"
    if step.discharge_w > IDLE_W:
        return "discharge_to_grid" if step.export_w > IDLE_W else "discharge_to_home"
    if step.import_w > IDLE_W and step.soc_pct <= floor_pct + NEAR_PCT:
        return "hold_reserve"
    if step.export_w > IDLE_W:
        return "hold_full" if step.soc_pct >= top_pct - NEAR_PCT else "hold_export"
    return "hold_for_later" if step.import_w > IDLE_W else "hold"
