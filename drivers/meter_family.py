"""What the families of meters that are read wholly by rows have in common: their options, and how one is built."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from drivers.device import Transport
from drivers.family import Confidence, Family, LinkFacts, Monotonic, Option
from drivers.formula import Formula
from drivers.identity import Identity, Sign
from drivers.plausible import connection_bounds
from drivers.ratings import LEAST_W
from drivers.reading import Quantity
from drivers.register import Register
from drivers.spans import SpanLimits
from drivers.table_device import TableDevice

Formulas = Mapping[Quantity, Formula]
Options = Mapping[str, object]

_TURNED = (Quantity.GRID_W, Quantity.GRID_L1_W, Quantity.GRID_L2_W, Quantity.GRID_L3_W)
_OPTIONS = {
    "rated_w": Option(float, None, "rated power of the connection in W, for plausibility", low=LEAST_W),
    "sign": Option(int, 1, "-1 where the meter is mounted the other way round and counts import as export", (1, -1)),
}


def meter_family(
    name: str,
    brand: str,
    document: str,
    rows: Formulas | Callable[[Options], Formulas],
    limits: SpanLimits,
    *,
    confidence: Confidence = "A",
    link: LinkFacts | None = None,
    identity: Identity | None = None,
    options: Mapping[str, Option] | None = None,
) -> Family:
    """A family of meters. ``rows`` are those of a meter that counts import as positive; they may hang on options.

    What a request costs is taken from its usual serial line, which a gateway has behind it as well.
    """
    facts = link or LinkFacts()
    if facts.serial:
        limits = replace(limits, request_registers=facts.serial[0].request_registers(facts.gap_s))

    def build(device: str, transport: Transport, given: Options, monotonic: Monotonic) -> TableDevice:
        rated_w, sign = given["rated_w"], given["sign"]
        formulas = rows(given) if callable(rows) else rows
        return TableDevice(
            device,
            transport,
            formulas if sign == 1 else turned(formulas),
            limits,
            ratings=connection_bounds(float(rated_w) if isinstance(rated_w, int | float) else None),
            monotonic=monotonic,
        )

    return Family(
        name=name,
        build=build,
        brand=brand,
        document=document,
        options={**_OPTIONS, **(options or {})},
        confidence=confidence,
        link=facts,
        identity=identity,
    )


def looks_alive(frequency: Register, voltage: Register) -> Identity:
    """What tells a meter that does not name itself: a mains frequency and a voltage where its document has them."""
    return Identity((Sign(frequency, low=45.0, high=65.0), Sign(voltage, low=80.0, high=300.0)))


def turned(formulas: Formulas) -> dict[Quantity, Formula]:
    """The rows of a meter that sees the current the other way: powers change sign, and import is what it calls export.

    Currents stay: these meters show their size.
    """
    found = dict(formulas)
    for quantity in _TURNED:
        row = formulas.get(quantity)
        if isinstance(row, Register):
            found[quantity] = replace(row, sign=-row.sign)
    for ours, theirs in ((Quantity.IMPORT_WH, Quantity.EXPORT_WH), (Quantity.EXPORT_WH, Quantity.IMPORT_WH)):
        found.pop(ours, None)
        if theirs in formulas:
            found[ours] = formulas[theirs]
    return found
