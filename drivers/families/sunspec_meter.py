"""A SunSpec meter at the connection point: models 201-204 (integers) and 211-214 (floats).

Source: SunSpec Information Models (document 12041, 1.9), meter models. They leave the sign to the maker: Fronius counts
import as positive, SolarEdge export ("SunSpec implementation technical note", version 3.2), hence the option ``sign``.
It turns powers and currents; the energies are counted by name, imported and exported, whatever the sign.
"""

from collections.abc import Mapping
from dataclasses import replace

from drivers.device import Transport
from drivers.family import Family, LinkFacts, Monotonic, Option, SerialLine
from drivers.formula import FirstOf, Formula, Sum
from drivers.reading import Quantity
from drivers.register import Register
from drivers.sunspec import Chain, registers_of
from drivers.sunspec_device import COMMON_MODEL, SUNSPEC_OPTIONS, SunSpecDevice, options_from

METERS = frozenset({201, 202, 203, 204, 211, 212, 213, 214})

_POWERS = {
    Quantity.GRID_W: "W",
    Quantity.GRID_L1_W: "WphA",
    Quantity.GRID_L2_W: "WphB",
    Quantity.GRID_L3_W: "WphC",
    Quantity.CURRENT_L1_A: "AphA",
    Quantity.CURRENT_L2_A: "AphB",
    Quantity.CURRENT_L3_A: "AphC",
}
_UNSIGNED = {
    Quantity.VOLTAGE_L1_V: "PhVphA",
    Quantity.VOLTAGE_L2_V: "PhVphB",
    Quantity.VOLTAGE_L3_V: "PhVphC",
    Quantity.FREQUENCY_HZ: "Hz",
}
_PHASES = ("PhA", "PhB", "PhC")


def choose(chain: Chain, sign: int, number: int) -> dict[Quantity, Formula]:
    """The quantities of the meter ``number`` of the chain, counted from 1; none where it has fewer."""
    meters = [model for model in chain.models if model.model_id in METERS]
    if len(meters) < number:
        return {}
    rows = registers_of(meters[number - 1])
    found: dict[Quantity, Formula] = {
        quantity: replace(rows[name], sign=sign) for quantity, name in _POWERS.items() if name in rows
    }
    found |= {quantity: rows[name] for quantity, name in _UNSIGNED.items() if name in rows}
    return found | _energy(rows, Quantity.IMPORT_WH, "TotWhImp") | _energy(rows, Quantity.EXPORT_WH, "TotWhExp")


def _energy(rows: Mapping[str, Register], quantity: Quantity, name: str) -> dict[Quantity, Formula]:
    """The total, or the sum of the phases where a meter counts only these."""
    if name not in rows:
        return {}
    phases = tuple(rows[name + phase] for phase in _PHASES if name + phase in rows)
    return {quantity: FirstOf((rows[name], Sum(phases))) if len(phases) == len(_PHASES) else rows[name]}


def _build(name: str, transport: Transport, options: Mapping[str, object], monotonic: Monotonic) -> SunSpecDevice:
    sign, number = options["sign"], options["number"]
    assert isinstance(sign, int)
    assert isinstance(number, int)
    return SunSpecDevice(name, transport, lambda chain: choose(chain, sign, number), options_from(options), monotonic)


FAMILY = Family(
    name="sunspec_meter",
    build=_build,
    brand="SunSpec meter: Fronius Smart Meter, SolarEdge and others",
    document="SunSpec Information Models 12041 1.9, models 201-204 and 211-214",
    confidence="A",
    link=LinkFacts(unit_ids=(1, 200, 240, 2), serial=(SerialLine(), SerialLine(115200))),
    identity=replace(COMMON_MODEL, sunspec_models=tuple(sorted(METERS))),
    options={
        **SUNSPEC_OPTIONS,
        "sign": Option(int, 1, "1 where the meter counts import as positive, -1 where it counts export", (1, -1)),
        "number": Option(int, 1, "which meter of the device, counted from 1", low=1, high=10),
    },
)
