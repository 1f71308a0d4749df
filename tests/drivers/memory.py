"""Devices in memory: registers behind a Transport, and SunSpec maps laid out from the published tables."""

import asyncio
import dataclasses
from collections.abc import Callable, Mapping, Sequence

from drivers.device import Span
from drivers.errors import DriverError, Refused
from drivers.register import encode_string
from drivers.sunspec import HEADER, Block, Model, block_size, model_rows, registers_of

Answer = Callable[[Span], DriverError | None]


class MemoryTransport:
    """Registers by address. What is not there is refused with exception 2, as on a strict device."""

    def __init__(self, holding: Mapping[int, int] | None = None, inputs: Mapping[int, int] | None = None) -> None:
        self.tables: dict[str, dict[int, int]] = {"holding": dict(holding or {}), "input": dict(inputs or {})}
        self.coils: dict[int, bool] = {}
        self.reads: list[Span] = []
        self.writes: list[tuple[int, list[int]]] = []
        self.failure: Answer = lambda span: None
        self.closed = 0
        self.pauses: list[float] = []

    @property
    def words(self) -> dict[int, int]:
        return self.tables["holding"]

    async def read(self, span: Span) -> list[int]:
        await asyncio.sleep(0)  # a real link lets others run
        self.reads.append(span)
        failure = self.failure(span)
        if failure is not None:
            raise failure
        table = self.tables[span.table]
        addresses = range(span.address, span.address + span.count)
        if any(address not in table for address in addresses):
            raise Refused(2, f"reading {span}")
        return [table[address] for address in addresses]

    async def write(self, address: int, words: Sequence[int]) -> None:
        await asyncio.sleep(0)
        self.writes.append((address, list(words)))
        self.take(address, list(words))

    async def read_coil(self, address: int) -> bool:
        await asyncio.sleep(0)
        if address not in self.coils:
            raise Refused(2, f"reading coil {address}")
        return self.coils[address]

    async def write_coil(self, address: int, on: bool) -> None:
        await asyncio.sleep(0)
        self.writes.append((address, [int(on)]))
        self.coils[address] = on

    def take(self, address: int, words: list[int]) -> None:
        """What the device does with a write."""
        self.words.update(enumerate(words, start=address))

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    async def close(self) -> None:
        self.closed += 1


Values = Mapping[str, float | int | str]


class SunSpecMap:
    """A chain of models with sentinels everywhere but where values are given.

    ``add`` takes values in units; scale factors are given as the raw exponent under their own name.
    """

    def __init__(self, base: int = 40000) -> None:
        self.base = base
        self.words = {base: 0x5375, base + 1: 0x6E53}
        self.models: list[Model] = []
        self._next = base + 2

    def add(self, model_id: int, values: Values | None = None, *, length: int | None = None, blocks: int = 0) -> Model:
        rows = model_rows(model_id)
        size = max(
            row.offset + row.registers for row in rows if not (blocks == 0 and row.group and block_size(model_id))
        )
        if blocks:
            size += (blocks - 1) * block_size(model_id)
        length = size - HEADER if length is None else length
        model = Model(model_id, self._next, length, (Block(),) * blocks)
        area = dict.fromkeys(range(model.address, model.end), 0)
        whole = dataclasses.replace(model, length=max(length, size - HEADER))
        self._fill(area, whole, {"ID": model_id, "L": length, **(values or {})})
        self.words |= {address: word for address, word in area.items() if address < model.end}
        self.models.append(model)
        self._next = model.end
        return model

    def add_foreign(self, model_id: int, length: int) -> None:
        self.words |= {self._next: model_id, self._next + 1: length}
        self.words |= dict.fromkeys(range(self._next + 2, self._next + 2 + length), 0xAAAA)
        self._next += 2 + length

    def end(self, *marker: int) -> "SunSpecMap":
        """End the chain with these words; by default an end model with its L."""
        for word in marker or (0xFFFF, 0):
            self.words[self._next] = word
            self._next += 1
        return self

    def transport(self) -> MemoryTransport:
        return MemoryTransport(self.words)

    def address(self, model_id: int, name: str) -> int:
        model = next(model for model in self.models if model.model_id == model_id)
        return registers_of(model)[name].address

    def put(self, words: dict[int, int], model_id: int, name: str, value: float) -> None:
        model = next(model for model in self.models if model.model_id == model_id)
        register = registers_of(model)[name]
        words.update(enumerate(register.encode(value, words), start=register.address))

    def _fill(self, area: dict[int, int], model: Model, values: Values) -> None:
        registers = registers_of(model)
        for register in registers.values():
            width = 16 * register.count
            words = [register.wire.missing >> shift & 0xFFFF for shift in range(width - 16, -1, -16)]
            area.update(enumerate(words, start=register.address))
        for name in sorted(values, key=lambda name: not name.endswith("_SF")):  # factors before what they scale
            value = values[name]
            if isinstance(value, str):
                self._fill_text(area, model, name, value)
            else:
                register = registers[name]
                area.update(enumerate(register.encode(value, area), start=register.address))

    def _fill_text(self, area: dict[int, int], model: Model, name: str, value: str) -> None:
        group, _, rest = name.partition(".")
        number, _, point = rest.partition(".")
        row = next(row for row in model_rows(model.model_id) if row.name == (f"{group}.{point}" if point else name))
        shift = (int(number) - 1) * block_size(model.model_id) if point else 0
        start = model.address + row.offset + shift
        area.update(enumerate(encode_string(value, row.registers), start=start))


COMMON = {"Mn": "Maker", "Md": "Product", "Vr": "1.2", "SN": "0815"}
