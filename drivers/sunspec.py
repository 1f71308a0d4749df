"""SunSpec: the tables of its models, and their rows at the absolute addresses of a device.

Sources: SunSpec Device Information Model Specification 1.1 and SunSpec Information Models (document 12041, 1.9); the
tables in ``sunspec_models`` hold the offsets, types and scale factors of the alliance's published model definitions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType

from drivers.register import WIRE_TYPES, Register

COMMON_ID = 1
HEADER = 2  # registers of ID and L, which L does not count

_SAME_LAYOUT = {102: 101, 103: 101, 112: 111, 113: 111, 202: 201, 203: 201, 204: 201, 212: 211, 213: 211, 214: 211}
BLOCK_COUNTS = {160: "N", 714: "NPrt"}  # the point that says how often the group is repeated

# Kostal sends a negative number of Wh in an acc32: a count in the last 1/256 of the range is taken for one.
NEGATIVE_ACC32 = 0xFF000000


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One point of a model. ``offset`` counts from the model's ID register; ``wire`` is a SunSpec type name.

    ``scale`` is the name of the scale-factor point of the same model, or a fixed exponent, or empty. ``group`` is the
    repeated group that the point belongs to, or empty; offsets then are those of its first block.
    """

    offset: int
    name: str
    wire: str
    registers: int
    scale: str
    unit: str
    writable: bool
    group: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a repeated group: its label, the port type of model 714 (None elsewhere) and its own ID.

    ``number`` is None while the device says "not implemented", as it does of a module that is not up yet.
    """

    label: str = ""
    port_type: int | None = None
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """A model met on a device: its id, the address of its ID register, its L and the blocks of its repeated group.

    ``counted`` is how many blocks the model says it has, None where it does not say.
    """

    model_id: int
    address: int
    length: int
    blocks: tuple[Block, ...] = ()
    counted: int | None = None

    @property
    def end(self) -> int:
        """The address after its last register."""
        return self.address + HEADER + self.length


@dataclass(frozen=True, slots=True)
class Chain:
    """What a device says it is (common model: Mn, Md, Vr, SN) and the models it has, in the order of the addresses.

    ``remarks`` are what of the chain is not as the standard says, a sentence each.
    """

    base: int
    models: tuple[Model, ...]
    maker: str = ""
    product: str = ""
    version: str = ""
    serial: str = ""
    remarks: tuple[str, ...] = ()

    def all_of(self, model_id: int) -> tuple[Model, ...]:
        """Every model with this id."""
        return tuple(model for model in self.models if model.model_id == model_id)

    def first(self, *model_ids: int) -> Model | None:
        """The first model with the first of these ids that is there."""
        return next((model for wanted in model_ids for model in self.models if model.model_id == wanted), None)


def has_table(model_id: int) -> bool:
    """True when the points of the model are known here."""
    name = f"{_SAME_LAYOUT.get(model_id, model_id)}.tsv"
    return resources.files("drivers.sunspec_models").joinpath(name).is_file()


@cache
def model_rows(model_id: int) -> tuple[ModelRow, ...]:
    """The points of a model by offset. Raises ValueError for a model without a table."""
    layout = _SAME_LAYOUT.get(model_id, model_id)
    if layout != model_id:
        return model_rows(layout)
    if not has_table(model_id):
        raise ValueError(f"SunSpec model {model_id} has no table")
    text = resources.files("drivers.sunspec_models").joinpath(f"{model_id}.tsv").read_text(encoding="ascii")
    cells = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
    return tuple(_model_row(row) for row in cells if not row[1].startswith("group:"))


def _model_row(cells: list[str]) -> ModelRow:
    offset, name, wire, registers, scale, unit, access, _ = cells
    group = name.rpartition(".")[0]
    return ModelRow(int(offset), name, wire, int(registers), scale, unit, access == "RW", group)


def block_size(model_id: int) -> int:
    """Registers of one block of the model's repeated group, 0 without one."""
    rows = [row for row in model_rows(model_id) if row.group]
    if model_id not in BLOCK_COUNTS:
        return 0
    return rows[-1].offset + rows[-1].registers - rows[0].offset


def fits(model_id: int, length: int) -> bool:
    """True when the model has a table here and ``length`` is an L that it allows. The common model may have 65."""
    if not has_table(model_id):
        return False
    rows, size = model_rows(model_id), block_size(model_id)
    natural = rows[-1].offset + rows[-1].registers - HEADER
    if size:
        return length >= natural - size and (length - natural) % size == 0
    return length == natural or (model_id == COMMON_ID and length == natural - 1)


def registers_of(model: Model) -> Mapping[str, Register]:
    """The numeric points of ``model`` by name; those of a repeated group as ``module.1.DCW``, counted from 1.

    Left out are points that reach beyond the declared length, or whose scale factor does.
    """
    rows = [row for row in model_rows(model.model_id) if row.wire in WIRE_TYPES]
    scales = {row.name: model.address + row.offset for row in rows if row.wire == "sunssf"}
    size = block_size(model.model_id)
    found = {}
    for row in rows:
        for shift in range(len(model.blocks)) if row.group and size else (0,):
            name = f"{row.group}.{shift + 1}.{row.name.rpartition('.')[2]}" if row.group and size else row.name
            register = _register(row, name, model.address + row.offset + shift * size, scales)
            if _within(register, model):
                found[name] = register
    return MappingProxyType(found)


def _register(row: ModelRow, name: str, address: int, scales: Mapping[str, int]) -> Register:
    named = row.scale in scales
    return Register(
        name=name,
        address=address,
        wire=WIRE_TYPES[row.wire],
        scale=10.0 ** int(row.scale) if row.scale and not named else 1.0,
        scale_address=scales[row.scale] if named else None,
        writable=row.writable,
        unit=row.unit,
        missing_from=NEGATIVE_ACC32 if row.wire == "acc32" else None,
    )


def _within(register: Register, model: Model) -> bool:
    scale_fits = register.scale_address is None or register.scale_address < model.end
    return scale_fits and register.address + register.count <= model.end
