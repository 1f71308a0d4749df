"""The walk along the chain of models of a SunSpec device, with the odd ends and lengths met in the field.

Source: SunSpec Device Information Model Specification 1.1, sections on discovery; the deviations are those reported
for Fronius and SolarEdge (common model of length 65), Kostal (a single zero as end) and SMA (a shorter model 714).
"""

from collections.abc import Mapping

from drivers.device import Span, Transport
from drivers.errors import NotSupported, Refused
from drivers.register import decode_string
from drivers.sunspec import BLOCK_COUNTS, COMMON_ID, HEADER, Block, Chain, Model, ModelRow, block_size, model_rows

BASES = (40000, 50000, 0)
MARKER = [0x5375, 0x6E53]  # "SunS"
END_ID = 0xFFFF
MAX_MODELS = 64

_COMMON_LENGTHS = (65, 66)  # without the Pad register first: taken for 66, it would hide the next model's id
_NO_SUCH_ADDRESS = frozenset({1, 2, 3, 4})  # beyond the chain; any other code says nothing about the address


async def discover(transport: Transport, base: int | None = None) -> Chain:
    """Find the marker (at ``base`` only, if given) and walk the chain.

    Raises NotSupported where there is no SunSpec device, or the error of a link that fails on the way.
    """
    bases = BASES if base is None else (base,)
    for found in bases:
        if await _read_or_none(transport, found, 2) == MARKER:
            return await _walk(transport, found)
    raise NotSupported(f"there is no SunSpec device at register {' or '.join(map(str, bases))}")


async def _walk(transport: Transport, base: int) -> Chain:
    address = base + len(MARKER)
    models: list[Model] = []
    texts: dict[str, str] = {}
    while len(models) < MAX_MODELS:
        header = await _header(transport, address)
        if header is None:
            break
        model = Model(*header) if models else await _first_model(transport, Model(*header))
        if model.model_id == COMMON_ID and not texts:
            texts = await _common_texts(transport, model)
        models.append(await _with_blocks(transport, model))
        address = model.end
    return Chain(base, tuple(models), *(texts.get(name, "") for name in ("Mn", "Md", "Vr", "SN")))


async def _header(transport: Transport, address: int) -> tuple[int, int, int] | None:
    """(id, address, L) of the model at ``address``, None at the end of the chain, however it is marked."""
    words = await _read_or_none(transport, address, 2)
    if words is None:  # many end markers have no L
        words = await _read_or_none(transport, address, 1)
    if words is None or words[0] in (0, END_ID) or len(words) < 2:
        return None
    model_id, length = words
    return None if address + HEADER + length > 0xFFFF else (model_id, address, length)


async def _first_model(transport: Transport, model: Model) -> Model:
    """The common model with a length that leads to a next model: some devices declare a wrong one."""
    if model.model_id != COMMON_ID:
        return model
    for length in (model.length, *_COMMON_LENGTHS):
        candidate = Model(COMMON_ID, model.address, length)
        following = await _read_or_none(transport, candidate.end, 1)
        if following is not None and (1 <= following[0] < 1000 or 64000 <= following[0] < END_ID):
            return candidate
    return model


async def _common_texts(transport: Transport, model: Model) -> dict[str, str]:
    start = model.address + HEADER
    words = await _read_or_none(transport, start, min(model.length, 64)) or []
    return {
        row.name: decode_string(words[row.offset - HEADER : row.offset - HEADER + row.registers])
        for row in model_rows(COMMON_ID)
        if row.wire == "string"
    }


async def _with_blocks(transport: Transport, model: Model) -> Model:
    """``model`` with the blocks of its group: as many as it counts, as L has room for, and as can be read."""
    if model.model_id not in BLOCK_COUNTS:
        return model
    rows = {row.name: row for row in model_rows(model.model_id)}
    first = next(row for row in rows.values() if row.group)
    size = block_size(model.model_id)
    room = (model.length + HEADER - first.offset) // size
    counted = await _read_or_none(transport, model.address + rows[BLOCK_COUNTS[model.model_id]].offset, 1)
    count = room if counted is None or counted[0] == 0xFFFF else min(room, counted[0])
    blocks = []
    for i in range(max(0, count)):
        block = await _block(
            transport, model.address + i * size, {name: rows[name] for name in rows if rows[name].group}
        )
        if block is None:
            break
        blocks.append(block)
    return Model(model.model_id, model.address, model.length, tuple(blocks))


async def _block(transport: Transport, address: int, rows: Mapping[str, ModelRow]) -> Block | None:
    """The label and type of the block whose model would start at ``address`` if it were the first."""
    found = {name.rpartition(".")[2]: row for name, row in rows.items()}
    label, first = found["IDStr"], min(row.offset for row in rows.values())
    words = await _read_or_none(transport, address + first, label.offset + label.registers - first)
    if words is None:
        return None
    port = found.get("PrtTyp")
    return Block(decode_string(words[label.offset - first :]), None if port is None else words[port.offset - first])


async def _read_or_none(transport: Transport, address: int, count: int) -> list[int] | None:
    """The registers, or None where the device has no such address. Raises what says nothing about the address."""
    if count < 1 or address + count > 0x10000:
        return None
    try:
        return await transport.read(Span("holding", address, count))
    except Refused as error:
        if error.code not in _NO_SUCH_ADDRESS:
            raise
        return None
