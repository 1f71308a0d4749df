"""What a SunSpec chain serves wrong while its faults last: counts, scale factors, sentinels, counters, addresses.

Each is the behaviour of a real device: blocks that are counted late and modules that are not up, a scale factor that
follows the power (SolarEdge) or is not implemented, an export counter that is a negative number (Kostal), models that
are 10 registers further after a change of the number format (Fronius).
"""

from collections.abc import Callable, Collection, Mapping

from drivers.register import Register, scale_exponent
from drivers.sunspec import BLOCK_COUNTS, HEADER, Model, registers_of
from simulator.registers import Image

MOVED_BY = 10  # registers of the model that comes in between
_VENDOR_ID = 64001
_MISSING = 0xFFFF
_NEGATIVE_WH = 2**32 - 500_000
_POWER_FACTORS = ("W_SF", "DCW_SF")

Words = dict[int, int]


def odd_words(image: Image, words: Words, kinds: Collection[str]) -> None:
    """Change ``words``, which are those of ``image`` by address, as the faults of these ``kinds`` do."""
    for kind, change in _CHANGES.items():
        if kind in kinds:
            for model in image.models:
                change(model, words)


def cut_of(image: Image) -> int:
    """The address from which on a moved chain is further: behind its second model."""
    return image.models[1].end if len(image.models) > 1 else image.end


def vendor_words() -> list[int]:
    """The model that comes in between in a chain that has moved."""
    return [_VENDOR_ID, MOVED_BY - HEADER, *[0] * (MOVED_BY - HEADER)]


def _count_half(model: Model, words: Words) -> None:
    if model.model_id in BLOCK_COUNTS:
        words[registers_of(model)[BLOCK_COUNTS[model.model_id]].address] = len(model.blocks) // 2


def _absent(model: Model, words: Words) -> None:
    """The second half of the blocks of model 160: neither ID nor power."""
    rows, count = registers_of(model), len(model.blocks) if model.model_id == 160 else 0
    for i in range(count // 2 + 1, count + 1):
        words[rows[f"module.{i}.ID"].address] = words[rows[f"module.{i}.DCW"].address] = _MISSING


def _shift_scale(model: Model, words: Words) -> None:
    """Powers with one digit less and a scale factor of one more."""
    rows = registers_of(model)
    for factor in _factors(rows, words):
        for row in rows.values():
            value = row.decode(words) if row.scale_address == factor.address else None
            if value is not None:
                shifted = {factor.address: (words[factor.address] + 1) & 0xFFFF}
                words.update(enumerate(row.encode(value, shifted), start=row.address))
        words[factor.address] = (words[factor.address] + 1) & 0xFFFF


def _no_scale(model: Model, words: Words) -> None:
    for factor in _factors(registers_of(model), words):
        words[factor.address] = 0x8000


def _factors(rows: Mapping[str, Register], words: Words) -> list[Register]:
    found = [rows[name] for name in _POWER_FACTORS if name in rows]
    return [row for row in found if scale_exponent(words[row.address]) is not None]


def _negative_export(model: Model, words: Words) -> None:
    row = registers_of(model).get("TotWhExp")
    if row is not None and row.wire.name == "acc32":
        words.update({row.address: _NEGATIVE_WH >> 16, row.address + 1: _NEGATIVE_WH & 0xFFFF})


_CHANGES: Mapping[str, Callable[[Model, Words], None]] = {
    "late_blocks": _count_half,
    "absent_modules": _absent,
    "shifted_scale": _shift_scale,
    "no_scale": _no_scale,
    "negative_counter": _negative_export,
}
