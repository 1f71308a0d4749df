"""Which points of a SunSpec inverter say what we want to know, best first. Pure.

Source: SunSpec models 101-103, 111-113, 120, 124, 160, 701, 702, 713, 714 and 802 of the alliance's published model
definitions; the battery channels of model 160 and their labels are Fronius GEN24 practice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from drivers import sentences as say
from drivers.device import Action, Remark
from drivers.family import SteeringFacts
from drivers.formula import FirstOf, Formula, Mean, OnlyWhile, Sum
from drivers.reading import Quality, Quantity, Reading
from drivers.register import Register
from drivers.sunspec import Block, Chain, Model, registers_of

INVERTERS = (101, 102, 103, 111, 112, 113)
STORAGE = (124, 713, 802)
STEERED_BY = (704, 124)
_FIRST_ONLY = (120, 121, 123, 124, 701, 702, 704)
_PV_PORT, _BATTERY_PORT = 0, 1  # model 714 PrtTyp
_PHASES_701 = {"L1": ("VL1", "AL1"), "L2": ("VL2", "AL2"), "L3": ("VL3", "AL3")}
_PHASES_10X = {"L1": ("PhVphA", "AphA"), "L2": ("PhVphB", "AphB"), "L3": ("PhVphC", "AphC")}


class Points:
    """The points of a chain by model and name. ``battery_sign`` -1: models 714 and 802 count charging as positive."""

    def __init__(self, chain: Chain, battery_sign: int = 1) -> None:
        self._chain = chain
        self.battery_sign = battery_sign
        self._rows: dict[Model, Mapping[str, Register]] = {}

    def model(self, *model_ids: int) -> Model | None:
        return self._chain.first(*model_ids)

    def row(self, model_ids: int | Sequence[int], name: str) -> Register | None:
        """The point of the first model with one of these ids, None where there is none."""
        model = self.model(*([model_ids] if isinstance(model_ids, int) else model_ids))
        return None if model is None else self._of(model).get(name)

    def rows(self, model_id: int, name: str) -> tuple[Register, ...]:
        """The point of every model with this id that has it."""
        models = self._chain.all_of(model_id)
        return tuple(row for model in models if (row := self._of(model).get(name)) is not None)

    def total(self, model_id: int, name: str) -> Register | Sum | None:
        """The point, or its sum where several models with this id have it."""
        rows = self.rows(model_id, name)
        return Sum(rows) if len(rows) > 1 else next(iter(rows), None)

    def mean(self, model_id: int, name: str, weight: str) -> Register | Mean | None:
        """The point, or its mean by ``weight`` where several models with this id have it."""
        rows = self.rows(model_id, name)
        return Mean(rows, self.rows(model_id, weight)) if len(rows) > 1 else next(iter(rows), None)

    def blocks(self, model_id: int) -> tuple[tuple[Block, Mapping[str, Register]], ...]:
        """The blocks of all models with this id, each with its own points by their bare name."""
        return tuple(
            (block, {name.rpartition(".")[2]: row for name, row in self._of(model).items() if f".{i}." in name})
            for model in self._chain.all_of(model_id)
            for i, block in enumerate(model.blocks, start=1)
        )

    def _of(self, model: Model) -> Mapping[str, Register]:
        if model not in self._rows:
            self._rows[model] = registers_of(model)
        return self._rows[model]


STEERING = SteeringFacts(
    actions=frozenset({Action.SETPOINT, Action.HOLD, Action.CHARGE, Action.DISCHARGE, Action.CURTAIL}),
    verify="every point is read back, then the measured power",
    timer_step_s=1.0,
    reverts_to="its own self-consumption, where it has the reversion timer of model 704 or 124",
)


def choose(chain: Chain, battery_sign: int = 1) -> dict[Quantity, Formula]:
    """The formulas of every quantity that a device with this chain has.

    A battery whose power is in none of its points has a formula without rows: its power is missing, not absent. The
    standard does not say which way it counts in models 714 and 802: ``battery_sign`` -1 turns it.
    """
    points = Points(chain, battery_sign)
    found: dict[Quantity, Formula | None] = {
        Quantity.AC_W: _first(points.row(701, "W"), points.row(INVERTERS, "W")),
        Quantity.BATTERY_W: _battery_w(points),
        Quantity.PV_W: _pv_w(points),
        Quantity.SOC_PCT: _first(*(points.mean(i, "SoC", "WHRtg") for i in (713, 802)), points.row(124, "ChaState")),
        Quantity.SOH_PCT: _first(*(points.mean(i, "SoH", "WHRtg") for i in (713, 802))),
        Quantity.BATTERY_V: _first(points.row(802, "V"), points.row(124, "InBatV")),
        Quantity.FREQUENCY_HZ: _first(points.row(701, "Hz"), points.row(INVERTERS, "Hz")),
        Quantity.AC_WH: _first(points.row(701, "TotWhInj"), points.row(INVERTERS, "WH")),
        Quantity.TEMPERATURE_C: _temperature(points),
        Quantity.STATE: _state(points),
        **_phases(points),
        **_ratings(points),
    }
    return {quantity: formula for quantity, formula in found.items() if formula is not None}


def _first(*choices: Register | Sum | Mean | OnlyWhile | None) -> Formula | None:
    there = tuple(choice for choice in choices if choice is not None)
    return FirstOf(there) if len(there) > 1 else next(iter(there), None)


def _battery_w(points: Points) -> Formula | None:
    found = _first(*_signed(points), *_charge_and_discharge(points))
    return Sum(()) if found is None and has_battery(points) else found


def _signed(points: Points) -> tuple[Sum, ...]:
    """The battery's power where it has a direction of its own, by model 714 and by 802; positive discharges."""
    found = (_ports(points, _BATTERY_PORT), _summed(points.rows(802, "W")))
    return tuple(_times(one, points.battery_sign) for one in found if one is not None)


def _summed(rows: tuple[Register, ...]) -> Sum | None:
    return Sum(rows) if rows else None


def _times(total: Sum, sign: int) -> Sum:
    return replace(total, parts=tuple(replace(row, sign=sign * row.sign) for row in total.parts))


def has_battery(points: Points) -> bool:
    """True when a model of the chain speaks of a battery, whatever it says of it."""
    ports = any(block.port_type == _BATTERY_PORT for block, _ in points.blocks(714))
    return ports or points.model(*STORAGE) is not None or bool({"charge", "discharge"} & set(_uses(points)))


def _ports(points: Points, port_type: int) -> Sum | None:
    found = (rows.get("DCW") for block, rows in points.blocks(714) if block.port_type == port_type)
    rows = tuple(row for row in found if row is not None)
    return Sum(rows, any_part=True) if rows else None


def _charge_and_discharge(points: Points) -> tuple[Sum | OnlyWhile, ...]:
    """Model 160 is unsigned, so the direction is in separate inputs.

    Where one of two is missing, the other tells the power while it has some: 0 W of it alone may be either direction.
    """
    charge, discharge = _inputs(points, "charge"), _inputs(points, "discharge")
    if not charge or not discharge:
        return ()
    negative = tuple(replace(row, sign=-1) for row in charge)
    alone = [(discharge[0], discharge[0]), (negative[0], charge[0])] if len(charge + discharge) == 2 else []
    return (Sum(discharge + negative), *(OnlyWhile(row, witness, low=1.0) for row, witness in alone))


def _inputs(points: Points, use: str) -> tuple[Register, ...]:
    """The powers of the inputs of model 160 with this use."""
    pairs = zip(_uses(points), points.blocks(160), strict=True)
    return tuple(rows["DCW"] for found, (_, rows) in pairs if found == use and "DCW" in rows)


def _uses(points: Points) -> tuple[str, ...]:
    blocks = [block for block, _ in points.blocks(160)]
    return tuple(input_uses(blocks, points.model(*STORAGE) is not None).values())


def input_uses(blocks: Sequence[Block], has_storage: bool) -> dict[int, str]:
    """What each input of model 160 is, counted from 1: "pv", "charge" or "discharge".

    Their labels tell; where they do not and the device has storage, inputs 3 and 4 of four are the battery's. Inputs of
    several models 160 are counted on.
    """
    uses = {i: _labelled(block.label) for i, block in enumerate(blocks, start=1)}
    if has_storage and len(blocks) == 4 and not {"charge", "discharge"} & set(uses.values()):
        return {1: "pv", 2: "pv", 3: "charge", 4: "discharge"}
    return uses


def _labelled(label: str) -> str:
    text = label.lower().replace(" ", "")
    if "discha" in text:
        return "discharge"
    return "charge" if "stcha" in text or "charge" in text else "pv"


def _pv_w(points: Points) -> Formula | None:
    """Measured at the inputs, else what the inverter delivers beyond its battery."""
    measured = _first(_pv_inputs(points), _ports(points, _PV_PORT))
    if measured is not None:
        return measured
    ac_w = points.row(701, "W") or points.row(INVERTERS, "W")
    if ac_w is None:
        return None
    if points.model(*STORAGE) is None:
        return Sum((ac_w,), floor=0.0)  # a PV inverter without a battery
    battery = next(iter(_signed(points)), None)
    return None if battery is None else Sum((ac_w, *_times(battery, -1).parts), estimated=True, floor=0.0)


def _pv_inputs(points: Points) -> Sum | None:
    rows = _inputs(points, "pv")
    return Sum(rows, any_part=True) if rows else None


def _temperature(points: Points) -> Formula | None:
    names = ("TmpCab", "TmpSnk")
    return _first(*(points.row(701, name) for name in names), *(points.row(INVERTERS, name) for name in names))


def _state(points: Points) -> Formula | None:
    """In the codes of models 101-113 (1 off ... 4 running ... 7 fault, 8 standby); those of 701 are one less."""
    state = points.row(701, "InvSt")
    return _first(None if state is None else replace(state, offset=1.0), points.row(INVERTERS, "St"))


def _phases(points: Points) -> dict[Quantity, Formula | None]:
    found: dict[Quantity, Formula | None] = {}
    for phase, (voltage, current) in _PHASES_701.items():
        old_voltage, old_current = _PHASES_10X[phase]
        found[Quantity[f"VOLTAGE_{phase}_V"]] = _first(points.row(701, voltage), points.row(INVERTERS, old_voltage))
        found[Quantity[f"CURRENT_{phase}_A"]] = _first(points.row(701, current), points.row(INVERTERS, old_current))
    return found


def _ratings(points: Points) -> dict[Quantity, Formula | None]:
    row = points.row
    return {
        Quantity.RATED_W: _first(row(702, "WMaxRtg"), row(120, "WRtg")),
        Quantity.RATED_CHARGE_W: _battery_rating(points, "WChaRteMax"),
        Quantity.RATED_DISCHARGE_W: _battery_rating(points, "WDisChaRteMax"),
        Quantity.RATED_WH: _first(points.total(713, "WHRtg"), points.total(802, "WHRtg"), row(120, "WHRtg")),
    }


def _battery_rating(points: Points, name: str) -> Formula | None:
    inverter = (points.row(702, name), points.row(702, f"{name}Rtg"))
    return _first(*inverter, points.total(802, name), points.row(124, "WChaMax"))


def completeness(chain: Chain) -> float:
    """How much of a hybrid the chain holds, 0..1: 1 with a battery's power and a model that steers it."""
    formulas = choose(chain)
    battery = formulas.get(Quantity.BATTERY_W, Sum(()))
    if battery != Sum(()) and chain.first(*STEERED_BY) is not None:
        return 1.0
    return len(formulas) / (1 + len(Quantity))


def remarks(name: str, chain: Chain, readings: Mapping[Quantity, Reading]) -> tuple[Remark, ...]:
    """What a person should know of the hybrid ``name``: models of which only the first is used, a power not there."""
    found = [
        Remark("model_repeated", say.model_repeated(device=name, number=number, times=len(chain.all_of(number))))
        for number in (*INVERTERS, *_FIRST_ONLY)
        if len(chain.all_of(number)) > 1
    ]
    battery = readings.get(Quantity.BATTERY_W)
    if battery is not None and battery.quality is Quality.MISSING:
        found.append(Remark("battery_power_missing", _why_missing(name, chain)))
    return tuple(found)


def _why_missing(name: str, chain: Chain) -> str:
    ids = ", ".join(str(number) for number in (*STORAGE, 160, 714) if chain.all_of(number))
    if choose(chain).get(Quantity.BATTERY_W) == Sum(()):
        return say.battery_power_nowhere(device=name, models=ids)
    return say.battery_power_not_now(device=name, models=ids)
