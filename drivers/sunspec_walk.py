"""The walk along the chain of models of a SunSpec device, with the odd ends and lengths met in the field.

Source: SunSpec Device Information Model Specification 1.1, sections on discovery; the deviations are those reported
for Fronius and SolarEdge (common model of length 65, some declaring 66), Kostal (a single zero as end) and SMA (a
shorter model 714).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import pairwise

from drivers.device import Span, Transport
from drivers.errors import BadFrame, LinkDown, NoAnswer, NotSupported, Refused
from drivers.register import decode_string
from drivers.sunspec import BLOCK_COUNTS, COMMON_ID, HEADER, Block, Chain, Model, ModelRow, block_size, fits, model_rows

BASES = (40000, 50000, 0)
MARKER = [0x5375, 0x6E53]  # "SunS"
END_ID = 0xFFFF
MAX_MODELS = 64

_COMMON_LENGTHS = (65, 66)
_REACH = 3  # registers from where the next model should be to where it is looked for
_NO_SUCH_ADDRESS = frozenset({1, 2, 3, 4})  # beyond the chain; any other code says nothing about the address
_MISSING = 0xFFFF

Completeness = Callable[[Chain], float]
_Header = tuple[int, int, int]  # id, address, L


async def discover(transport: Transport, base: int | None = None, completeness: Completeness = lambda _: 1.0) -> Chain:
    """Find a marker (at ``base`` only, if given) and walk its chain.

    ``completeness`` says how much of what is needed a chain holds, 0..1: the first with 1 is taken, else the fullest.
    Raises NotSupported where there is no SunSpec device, or the error of a link that fails on the way.
    """
    bases = BASES if base is None else (base,)
    chains: list[Chain] = []
    for address in bases:
        try:
            if await _read_or_none(transport, address, 2) != MARKER:
                continue
            chains.append(await _walk(transport, address))
        except (NoAnswer, BadFrame, LinkDown):
            if not any(completeness(chain) > 0 for chain in chains):
                raise
            continue  # a device of use is known; some devices say nothing, or hang up, where they have no registers
        if completeness(chains[-1]) >= 1:
            break
    if not chains:
        raise NotSupported(f"there is no SunSpec device at register {' or '.join(map(str, bases))}")
    best = max(chains, key=completeness)
    left_out = tuple(
        f"there is another chain at {chain.base} with models {_ids(chain)}, which holds less of what is needed"
        for chain in chains
        if chain is not best
    )
    return replace(best, remarks=best.remarks + left_out)


def _ids(chain: Chain) -> str:
    return ", ".join(str(model.model_id) for model in chain.models) or "none"


async def _walk(transport: Transport, base: int) -> Chain:
    header = await _header(transport, base + len(MARKER))
    models: list[Model] = []
    remarks: list[str] = []
    texts: dict[str, str] = {}
    while header is not None and len(models) < MAX_MODELS:
        model = Model(*header)
        end, header = await _next(transport, model)
        if end != model.end:
            remarks.append(_wrong_length(model, end))
            model = replace(model, length=end - model.address - HEADER)
        if model.model_id == COMMON_ID and not texts:
            texts = await _common_texts(transport, model)
        model = await _with_blocks(transport, model)
        remarks += _cut_blocks(model)
        models.append(model)
    maker, product, version, serial = (texts.get(name, "") for name in ("Mn", "Md", "Vr", "SN"))
    return Chain(base, tuple(models), maker, product, version, serial, tuple(remarks))


def _wrong_length(model: Model, end: int) -> str:
    length = end - model.address - HEADER
    header = ": its length counts the header" if model.length == length + HEADER else ""
    return (
        f"model {model.model_id} at {model.address} says that {model.length} registers follow its length, "
        f"and {length} do{header}"
    )


def _cut_blocks(model: Model) -> Iterator[str]:
    if model.counted is not None and model.counted != len(model.blocks):
        yield (
            f"model {model.model_id} at {model.address} counts {model.counted} blocks, and {len(model.blocks)} "
            "can be read"
        )


async def _header(transport: Transport, address: int) -> _Header | None:
    """The header of the model at ``address``, None at the end of the chain, however it is marked."""
    words = await _read_or_none(transport, address, 2)
    if words is None:  # many end markers have no L
        words = await _read_or_none(transport, address, 1)
    if words is None or len(words) < 2:
        return None
    return _header_of(address, *words)


def _header_of(address: int, model_id: int, length: int) -> _Header | None:
    if model_id in (0, END_ID) or address + HEADER + length > 0xFFFF:
        return None
    return model_id, address, length


async def _next(transport: Transport, model: Model) -> tuple[int, _Header | None]:
    """Where the model after ``model`` begins, and its header (None at the end of the chain).

    That is where the length of ``model`` leads to, unless no known model is there and one is nearby.
    """
    regular = await _header(transport, model.end)
    if _is_known(regular):
        return model.end, regular
    nearby = await _nearby(transport, model)
    if nearby is not None:
        return nearby[1], nearby
    if regular is not None and _is_plausible(regular[0]):
        return model.end, regular
    for length in _COMMON_LENGTHS if model.model_id == COMMON_ID else ():
        found = await _header(transport, model.address + HEADER + length)
        if found is not None and _is_plausible(found[0]):
            return found[1], found
    return model.end, regular


def _is_known(header: _Header | None) -> bool:
    return header is not None and fits(header[0], header[2])


def _is_plausible(model_id: int) -> bool:
    return 1 <= model_id < 1000 or 64000 <= model_id < END_ID


async def _nearby(transport: Transport, model: Model) -> _Header | None:
    """The known model nearest to the end of ``model``, within reach of it."""
    first = max(model.address + HEADER, model.end - _REACH)
    words = await _read_or_none(transport, first, model.end + _REACH + HEADER - first)
    if words is None:  # the chain ends here; what may still be is a model that began before
        words = await _read_or_none(transport, first, model.end + 1 - first) or []
    pairs = enumerate(pairwise(words), start=first)
    found = [header for at, pair in pairs if (header := _header_of(at, *pair)) is not None and _is_known(header)]
    return min(found, key=lambda header: abs(header[1] - model.end), default=None)


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
    grouped = {name: row for name, row in rows.items() if row.group}
    size = block_size(model.model_id)
    room = max(0, (model.length + HEADER - next(iter(grouped.values())).offset) // size)
    words = await _read_or_none(transport, model.address + rows[BLOCK_COUNTS[model.model_id]].offset, 1)
    counted = None if words is None or words[0] == _MISSING else words[0]
    blocks: list[Block] = []
    for i in range(room if counted is None else min(room, counted)):
        block = await _block(transport, model.address + i * size, grouped)
        if block is None:
            break
        blocks.append(block)
    return replace(model, blocks=tuple(blocks), counted=counted)


async def _block(transport: Transport, address: int, rows: Mapping[str, ModelRow]) -> Block | None:
    """The label, type and ID of the block whose model would start at ``address`` if it were the first."""
    found = {name.rpartition(".")[2]: row for name, row in rows.items()}
    label, first = found["IDStr"], min(row.offset for row in rows.values())
    words = await _read_or_none(transport, address + first, label.offset + label.registers - first)
    if words is None:
        return None

    def number(name: str) -> int | None:
        word = words[found[name].offset - first] if name in found else _MISSING
        return None if word == _MISSING else word

    return Block(decode_string(words[label.offset - first :]), number("PrtTyp"), number("ID"))


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
