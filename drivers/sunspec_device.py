"""A SunSpec device: discovered before its first read and again whenever its link or its map has changed."""

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from drivers.device import Remark, Transport
from drivers.errors import BadFrame, LinkDown, NotSupported
from drivers.family import Option
from drivers.formula import Formula, rows_in
from drivers.identity import Identity, Sign, Text
from drivers.plausible import connection_bounds
from drivers.ratings import LEAST_W
from drivers.reading import Quantity, Reading
from drivers.register import WIRE_TYPES, Register
from drivers.spans import SpanLimits
from drivers.sunspec import BLOCK_COUNTS, HEADER, Chain, Model, has_table, registers_of
from drivers.sunspec_walk import Completeness, discover
from drivers.table_device import RATINGS, Constant, Grown, TableDevice

_WHOLE_MODELS = 125  # every register inside a model may be read, so any hole in it may be bridged

Choose = Callable[[Chain], Mapping[Quantity, Formula]]


@dataclass(frozen=True, slots=True)
class SunSpecOptions:
    """``base`` is the address of the marker where it is not a usual one; ``rated_w`` bounds what is plausible."""

    base: int | None = None
    max_registers: int = 125
    rated_w: float | None = None


SUNSPEC_OPTIONS = {
    "base": Option(int, None, "address of the SunSpec marker, where it is not 40000, 50000 or 0", low=0, high=65533),
    "max_registers": Option(int, 125, "most registers the device gives in one answer", low=2, high=125),
    "rated_w": Option(float, None, "rated power in W, where the device does not tell it", low=LEAST_W),
}


def options_from(options: Mapping[str, object]) -> SunSpecOptions:
    """The SunSpec options among checked ``options``."""
    base, rated_w, max_registers = options["base"], options["rated_w"], options["max_registers"]
    assert isinstance(max_registers, int)
    return SunSpecOptions(
        base if isinstance(base, int) else None,
        max_registers,
        float(rated_w) if isinstance(rated_w, int | float) else None,
    )


# St of models 101-113, in whose codes the state of a SunSpec inverter is given.
UNFIT_STATES = {1.0: "off", 2.0: "asleep", 3.0: "starting", 6.0: "shutting down", 7.0: "in fault"}

_COMMON_AT = 40002
COMMON_MODEL = Identity(
    (Sign(Register("SunSpec marker", 40000, WIRE_TYPES["uint32"]), (0x53756E53,)),),
    maker=Text(40004, 16),
    model=Text(40020, 16),
    firmware=Text(40044, 8),
    serial=Text(40052, 16),
)


def first_model(common_length: int, model_ids: Collection[int]) -> Sign:
    """The model behind a common model of this length, in the chain of ``COMMON_MODEL``, is one of these."""
    address = _COMMON_AT + HEADER + common_length
    return Sign(Register("ID", address, WIRE_TYPES["uint16"]), tuple(float(number) for number in sorted(model_ids)))


class SunSpecDevice:
    """Implements ``Readable`` and ``Remarked``. ``choose`` says what each quantity is made of on a device with a chain.

    Addresses are no constants: a firmware update or another number format moves the models. So the chain is walked
    after each break of the link and after each refused address, every read checks the ids of the models it uses, and
    what was learnt about the device is kept only while the chain stays the same. ``completeness`` chooses among
    several chains, by default any with a quantity; of the models in ``growing`` every read checks the blocks too, and
    where there are others now it walks and reads again.
    """

    def __init__(
        self,
        name: str,
        transport: Transport,
        choose: Choose,
        options: SunSpecOptions,
        monotonic: Callable[[], float],
        completeness: Completeness | None = None,
        growing: Collection[int] = (),
    ) -> None:
        self.name = name
        self.transport = transport
        self._choose = choose
        self._completeness = completeness or (lambda chain: float(bool(choose(chain))))
        self._growing = frozenset(growing)
        self._options = options
        self._monotonic = monotonic
        self._lock = asyncio.Lock()
        self._chain: Chain | None = None
        self._is_current = False
        self._table: TableDevice | None = None

    @property
    def remarks(self) -> tuple[Remark, ...]:
        found = () if self._chain is None else self._chain.remarks
        return tuple(Remark("chain_irregular", f"{self.name}: {text}") for text in found)

    async def read(self) -> list[Reading]:
        try:
            return await self._read()
        except Grown:
            return await self._read()

    async def _read(self) -> list[Reading]:
        table = await self._ready()
        refusals = table.refusals
        try:
            return await table.read()
        except (LinkDown, BadFrame):
            self.forget()
            raise
        finally:
            if table.refusals > refusals:  # the models may have moved away
                self.forget()

    async def close(self) -> None:
        self.forget()
        await self.transport.close()

    async def chain(self) -> Chain:
        """The chain of the device, walked now if it is not known. Raises NotSupported for a device without one."""
        await self._ready()
        assert self._chain is not None
        return self._chain

    def forget(self) -> None:
        """Walk again before the next read."""
        self._is_current = False

    async def _ready(self) -> TableDevice:
        async with self._lock:
            if self._table is None or not self._is_current:
                found = await discover(self.transport, self._options.base, self._completeness)
                if self._table is None or found != self._chain:
                    self._table = self._built(found)
                    self._chain = found
                self._is_current = True
            return self._table

    def _built(self, chain: Chain) -> TableDevice:
        formulas = self._choose(chain)
        if not formulas:
            raise NotSupported(f"{self.name}: none of the SunSpec models {_ids(chain)} is of use here")
        limits = SpanLimits(
            self._options.max_registers, _WHOLE_MODELS, barriers=tuple(model.address for model in chain.models)
        )
        rated_w, is_inverter = self._options.rated_w, Quantity.AC_W in formulas
        ratings = {Quantity.RATED_W: rated_w} if is_inverter and rated_w is not None else connection_bounds(rated_w)
        try:
            return TableDevice(
                self.name,
                self.transport,
                formulas,
                limits,
                constants=(*_model_ids(chain, formulas), *self._blocks(chain)),
                ratings=ratings,
                monotonic=self._monotonic,
            )
        except ValueError as error:
            raise NotSupported(f"{self.name}: {error}") from error

    def _blocks(self, chain: Chain) -> Iterator[Constant]:
        for model in chain.models:
            if model.model_id in self._growing:
                yield from _as_walked(model)


def _ids(chain: Chain) -> str:
    return ", ".join(str(model.model_id) for model in chain.models)


def _model_ids(chain: Chain, formulas: Mapping[Quantity, Formula]) -> Iterator[Constant]:
    """The ID registers of the models that are read, each as often as its points are."""
    often = {
        row.address for quantity, formula in formulas.items() if quantity not in RATINGS for row in rows_in(formula)
    }
    seldom = {row.address for quantity in RATINGS if quantity in formulas for row in rows_in(formulas[quantity])}
    for model in chain.models:
        of_model = range(model.address, model.end)
        if has_table(model.model_id) and not (often | seldom).isdisjoint(of_model):
            yield Constant(registers_of(model)["ID"], model.model_id, slow=often.isdisjoint(of_model))


def _as_walked(model: Model) -> Iterator[Constant]:
    """What a read shows of the blocks: how many there are, their types, and the IDs of those not up yet."""
    rows = registers_of(model)
    known: dict[str, float | None] = {BLOCK_COUNTS[model.model_id]: model.counted}
    for i, block in enumerate(model.blocks, start=1):
        known[f"Prt.{i}.PrtTyp"] = block.port_type
        known |= {} if block.number is not None else {f"module.{i}.ID": None, f"Prt.{i}.ID": None}
    return (Constant(rows[name], value, grows=True) for name, value in known.items() if name in rows)
