"""The meters' documents, written down a second time: what stands at each address, how it is coded, what it means."""

import struct
from dataclasses import dataclass, replace

from drivers.device import Table
from drivers.reading import Quantity
from tests.drivers.memory import MemoryTransport

Q = Quantity
NAN, I32_MAX, I16_MAX = float("nan"), 0x7FFFFFFF, 0x7FFF
U32_ONES, U64_ONES, I64_LOWEST = 2**32 - 1, 2**64 - 1, -(2**63)


@dataclass(frozen=True)
class Cell:
    """What a document says of one value: its address on the wire, struct code, a raw number, and what that means.

    Several raw numbers lie one after the other. ``absent`` is the raw number for "not available", where there is one.
    """

    quantity: Quantity
    address: int
    code: str
    raw: float | tuple[float, ...]
    value: float
    absent: float | tuple[float, ...] | None = None
    low_word_first: bool = False

    @property
    def end(self) -> int:
        """The address after its last register."""
        return self.address + struct.calcsize(f">{self.code}") // 2

    def words(self, raw: float | tuple[float, ...]) -> dict[int, int]:
        packed = struct.pack(f">{self.code}", *(raw if isinstance(raw, tuple) else (raw,)))
        found = [int.from_bytes(packed[i : i + 2], "big") for i in range(0, len(packed), 2)]
        return dict(enumerate(found[::-1] if self.low_word_first else found, start=self.address))


@dataclass(frozen=True)
class Sheet:
    """A family as its document describes it."""

    family: str
    cells: tuple[Cell, ...]
    table: Table = "holding"
    options: tuple[tuple[str, str], ...] = ()
    largest_read: int = 125
    even: bool = False
    holes: bool = True  # whether a request may touch addresses that are not listed

    def transport(self, absent: bool = False) -> MemoryTransport:
        words: dict[int, int] = {}
        if self.holes:
            words = dict.fromkeys(range(min(c.address for c in self.cells), max(c.end for c in self.cells)), 0)
        for cell in self.cells:
            words |= cell.words(cell.absent if absent and cell.absent is not None else cell.raw)
        return MemoryTransport(inputs=words) if self.table == "input" else MemoryTransport(words)


def eastron(quantity: Quantity, address: int, raw: float, value: float) -> Cell:
    return Cell(quantity, address, "f", raw, value, NAN)


SDM_PHASES = (
    eastron(Q.VOLTAGE_L1_V, 0x00, 231.5, 231.5),
    eastron(Q.VOLTAGE_L2_V, 0x02, 232.5, 232.5),
    eastron(Q.VOLTAGE_L3_V, 0x04, 233.5, 233.5),
    eastron(Q.CURRENT_L1_A, 0x06, 1.5, 1.5),
    eastron(Q.CURRENT_L2_A, 0x08, 2.5, 2.5),
    eastron(Q.CURRENT_L3_A, 0x0A, 3.5, 3.5),
    eastron(Q.GRID_L1_W, 0x0C, 100.0, 100),
    eastron(Q.GRID_L2_W, 0x0E, -200.0, -200),
    eastron(Q.GRID_L3_W, 0x10, -70000.0, -70000),
    eastron(Q.GRID_W, 0x34, -70100.0, -70100),
    eastron(Q.POWER_FACTOR, 0x3E, -0.75, 0.75),
    eastron(Q.FREQUENCY_HZ, 0x46, 49.75, 49.75),
    eastron(Q.IMPORT_WH, 0x48, 4210.5, 4_210_500),
    eastron(Q.EXPORT_WH, 0x4A, 1930.25, 1_930_250),
)
SDM630 = Sheet(
    "sdm630",
    (*SDM_PHASES, eastron(Q.VOLTAGE_THD_PCT, 0xF8, 2.25, 2.25), eastron(Q.CURRENT_THD_PCT, 0xFA, 11.5, 11.5)),
    table="input",
    largest_read=60,
    even=True,
)
SDM72D_M_2 = replace(SDM630, family="sdm72d_m_2", cells=SDM_PHASES)
SDM120 = replace(
    SDM630,
    family="sdm120",
    cells=(
        eastron(Q.VOLTAGE_L1_V, 0x00, 231.5, 231.5),
        eastron(Q.CURRENT_L1_A, 0x06, 1.5, 1.5),
        eastron(Q.GRID_W, 0x0C, -2500.0, -2500),
        eastron(Q.POWER_FACTOR, 0x1E, -0.5, 0.5),
        *SDM_PHASES[-3:],
    ),
)


def gavazzi(quantity: Quantity, address: int, raw: int, value: float, code: str = "i") -> Cell:
    return Cell(quantity, address, code, raw, value, I32_MAX if code == "i" else I16_MAX, low_word_first=True)


GAVAZZI_PHASES = (
    gavazzi(Q.VOLTAGE_L1_V, 0x00, 2315, 231.5),
    gavazzi(Q.VOLTAGE_L2_V, 0x02, 2325, 232.5),
    gavazzi(Q.VOLTAGE_L3_V, 0x04, 2335, 233.5),
    gavazzi(Q.CURRENT_L1_A, 0x0C, 1500, 1.5),
    gavazzi(Q.CURRENT_L2_A, 0x0E, 2500, 2.5),
    gavazzi(Q.CURRENT_L3_A, 0x10, 70500, 70.5),
    gavazzi(Q.GRID_L1_W, 0x12, 1005, 100.5),
    gavazzi(Q.GRID_L2_W, 0x14, -2005, -200.5),
    gavazzi(Q.GRID_L3_W, 0x16, -700005, -70000.5),
    gavazzi(Q.GRID_W, 0x28, -701005, -70100.5),
)
EM340 = Sheet(
    "carlo_gavazzi_em340",
    (
        *GAVAZZI_PHASES,
        gavazzi(Q.POWER_FACTOR, 0x31, -985, 0.985, "h"),
        gavazzi(Q.FREQUENCY_HZ, 0x33, 499, 49.9, "h"),
        gavazzi(Q.IMPORT_WH, 0x34, 421051, 42_105_100),
        gavazzi(Q.EXPORT_WH, 0x4E, 19302, 1_930_200),
    ),
    largest_read=50,
)
EM24 = replace(
    EM340,
    family="carlo_gavazzi_em24",
    cells=(
        *GAVAZZI_PHASES,
        gavazzi(Q.POWER_FACTOR, 0x35, 985, 0.985, "h"),
        gavazzi(Q.FREQUENCY_HZ, 0x37, 501, 50.1, "h"),
        gavazzi(Q.IMPORT_WH, 0x3E, 421051, 42_105_100),
        gavazzi(Q.EXPORT_WH, 0x5C, 19302, 1_930_200),
    ),
)
# Numbers of the guide less 1.
IEM3000 = Sheet(
    "schneider_iem3000",
    (
        Cell(Q.CURRENT_L1_A, 2999, "f", 1.5, 1.5, NAN),
        Cell(Q.CURRENT_L2_A, 3001, "f", 2.5, 2.5, NAN),
        Cell(Q.CURRENT_L3_A, 3003, "f", 3.5, 3.5, NAN),
        Cell(Q.VOLTAGE_L1_V, 3027, "f", 231.5, 231.5, NAN),
        Cell(Q.VOLTAGE_L2_V, 3029, "f", 232.5, 232.5, NAN),
        Cell(Q.VOLTAGE_L3_V, 3031, "f", 233.5, 233.5, NAN),
        Cell(Q.GRID_L1_W, 3053, "f", 0.5, 500, NAN),
        Cell(Q.GRID_L2_W, 3055, "f", -0.25, -250, NAN),
        Cell(Q.GRID_L3_W, 3057, "f", -1.5, -1500, NAN),
        Cell(Q.GRID_W, 3059, "f", -1.25, -1250, NAN),
        Cell(Q.POWER_FACTOR, 3083, "f", -1.25, 0.75, NAN),
        Cell(Q.FREQUENCY_HZ, 3109, "f", 50.25, 50.25, NAN),
        Cell(Q.IMPORT_WH, 3203, "q", 5_000_000_123, 5_000_000_123, I64_LOWEST),
        Cell(Q.EXPORT_WH, 3207, "q", 1_930_250, 1_930_250, I64_LOWEST),
    ),
    holes=False,
)
JANITZA = Sheet(
    "janitza_umg",
    (
        Cell(Q.VOLTAGE_L1_V, 19000, "f", 231.5, 231.5, NAN),
        Cell(Q.VOLTAGE_L2_V, 19002, "f", 232.5, 232.5, NAN),
        Cell(Q.VOLTAGE_L3_V, 19004, "f", 233.5, 233.5, NAN),
        Cell(Q.CURRENT_L1_A, 19012, "f", 1.5, 1.5, NAN),
        Cell(Q.CURRENT_L2_A, 19014, "f", 2.5, 2.5, NAN),
        Cell(Q.CURRENT_L3_A, 19016, "f", 3.5, 3.5, NAN),
        Cell(Q.GRID_L1_W, 19020, "f", 500.0, 500, NAN),
        Cell(Q.GRID_L2_W, 19022, "f", -250.0, -250, NAN),
        Cell(Q.GRID_L3_W, 19024, "f", -1500.0, -1500, NAN),
        Cell(Q.GRID_W, 19026, "f", -1250.0, -1250, NAN),
        Cell(Q.FREQUENCY_HZ, 19050, "f", 50.25, 50.25, NAN),
        Cell(Q.IMPORT_WH, 19068, "f", 4_210_500.0, 4_210_500, NAN),
        Cell(Q.EXPORT_WH, 19076, "f", 1_930_250.0, 1_930_250, NAN),
        Cell(Q.VOLTAGE_THD_PCT, 19110, "fff", (1.5, 2.5, 3.5), 2.5, (1.5, NAN, 3.5)),
        Cell(Q.CURRENT_THD_PCT, 19116, "fff", (8.0, 12.0, 16.0), 12.0, (NAN, NAN, NAN)),
    ),
)
NATIVE = replace(
    JANITZA,
    options=(("list", "native"),),
    cells=(
        Cell(Q.VOLTAGE_L1_V, 1317, "f", 231.5, 231.5, NAN),
        Cell(Q.VOLTAGE_L2_V, 1319, "f", 232.5, 232.5, NAN),
        Cell(Q.VOLTAGE_L3_V, 1321, "f", 233.5, 233.5, NAN),
        Cell(Q.CURRENT_L1_A, 1325, "f", 1.5, 1.5, NAN),
        Cell(Q.CURRENT_L2_A, 1327, "f", 2.5, 2.5, NAN),
        Cell(Q.CURRENT_L3_A, 1329, "f", 3.5, 3.5, NAN),
        Cell(Q.GRID_L1_W, 1333, "f", 500.0, 500, NAN),
        Cell(Q.GRID_L2_W, 1335, "f", -250.0, -250, NAN),
        Cell(Q.GRID_L3_W, 1337, "f", -1500.0, -1500, NAN),
        Cell(Q.GRID_W, 1369, "f", -1250.0, -1250, NAN),
        Cell(Q.FREQUENCY_HZ, 1439, "f", 50.25, 50.25, NAN),
        Cell(Q.IMPORT_WH, 9851, "f", 4_210_500.0, 4_210_500, NAN),
        Cell(Q.EXPORT_WH, 9863, "f", 1_930_250.0, 1_930_250, NAN),
    ),
)
ABB = Sheet(
    "abb_b2x",
    (
        Cell(Q.IMPORT_WH, 0x5000, "Q", 500_000_000_012, 5_000_000_000_120, U64_ONES),
        Cell(Q.EXPORT_WH, 0x5004, "Q", 193_025, 1_930_250, U64_ONES),
        Cell(Q.VOLTAGE_L1_V, 0x5B00, "I", 2315, 231.5, U32_ONES),
        Cell(Q.VOLTAGE_L2_V, 0x5B02, "I", 2325, 232.5, U32_ONES),
        Cell(Q.VOLTAGE_L3_V, 0x5B04, "I", 2335, 233.5, U32_ONES),
        Cell(Q.CURRENT_L1_A, 0x5B0C, "I", 150, 1.5, U32_ONES),
        Cell(Q.CURRENT_L2_A, 0x5B0E, "I", 250, 2.5, U32_ONES),
        Cell(Q.CURRENT_L3_A, 0x5B10, "I", 700_050, 7000.5, U32_ONES),
        Cell(Q.GRID_W, 0x5B14, "i", -7_010_050, -70100.5, I32_MAX),
        Cell(Q.GRID_L1_W, 0x5B16, "i", 10_050, 100.5, I32_MAX),
        Cell(Q.GRID_L2_W, 0x5B18, "i", -20_050, -200.5, I32_MAX),
        Cell(Q.GRID_L3_W, 0x5B1A, "i", -7_000_050, -70000.5, I32_MAX),
        Cell(Q.FREQUENCY_HZ, 0x5B2C, "H", 4998, 49.98, 0xFFFF),
        Cell(Q.POWER_FACTOR, 0x5B3A, "h", -985, 0.985, I16_MAX),
    ),
)
SHEETS = (SDM630, SDM72D_M_2, SDM120, EM340, EM24, IEM3000, JANITZA, NATIVE, ABB)
