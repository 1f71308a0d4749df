"""What a SunSpec hybrid can be told: the models of its chain that take a setpoint, a cap, or a heartbeat."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from drivers.control_block import read_words
from drivers.device import ControlState, SteerResult, Transport
from drivers.errors import Refused
from drivers.families.sunspec_124_rates import Rates124
from drivers.families.sunspec_704_setpoint import Setpoint704
from drivers.families.sunspec_heartbeat import Heartbeat
from drivers.families.sunspec_hybrid_rows import Points
from drivers.families.sunspec_pv_cap import PvCap
from drivers.register import Register
from drivers.sunspec import Chain

_FIXED_W = 0b10  # of 702 CtrlModes: WSet and WSetPct are obeyed
_NOT_THERE = (1, 2, 3)  # exceptions of a model that is in the chain, but cannot be read


class Setpoint(Protocol):
    """A model that takes a battery power. ``resolution_w`` is the step of that."""

    reverts: bool
    resolution_w: float

    async def prepare(self) -> bool: ...

    async def read(self) -> ControlState: ...

    def state(self) -> ControlState: ...

    def found(self) -> dict[str, float]: ...

    async def set_power(self, power_w: float, hold_s: float, idle_w: float) -> SteerResult: ...

    async def release(self, found: Mapping[str, float]) -> None: ...


@dataclass(frozen=True, slots=True)
class Controls:
    """What the device of one chain can be told, and the rows that say whether it listens.

    ``heartbeats`` are what it wants to hear while its battery is steered.
    """

    chain: Chain
    setpoint: Setpoint | None
    cap: PvCap | None
    localities: tuple[Register, ...]
    heartbeats: tuple[Heartbeat, ...] = ()


async def offered(
    chain: Chain, transport: Transport, max_registers: int, wears: bool, writes: Counter[str]
) -> Controls:
    """What the device implements: the first of each kind that it can be told."""
    points, most = Points(chain), max_registers
    setpoints: list[Setpoint704 | Rates124] = []
    ratings = {
        704: _rows(points.row(702, "WMax"), points.row(702, "WMaxRtg")),
        123: _rows(points.row(121, "WMax"), points.row(120, "WRtg")),
    }
    if (model := points.model(704)) and await _obeys_a_power(points, transport, most):
        setpoints.append(Setpoint704(transport, model, ratings[704], most, wears, writes))
    if model := points.model(124):
        setpoints.append(Rates124(transport, model, most, wears, writes))
    caps = [
        PvCap(transport, model, rows, most, wears, writes) for i, rows in ratings.items() if (model := points.model(i))
    ]
    localities = _rows(points.row(715, "LocRemCtl"), points.row(802, "LocRemCtl"))
    setpoint, cap = await _first_able(setpoints), await _first_able(caps)
    heartbeats = () if setpoint is None else await _heartbeats(chain, transport, most, wears)
    return Controls(chain, setpoint, cap, localities, heartbeats)


async def _heartbeats(chain: Chain, transport: Transport, max_registers: int, wears: bool) -> tuple[Heartbeat, ...]:
    """That of the inverter where it has one, else those of its banks of batteries."""
    for models in (chain.all_of(715)[:1], chain.all_of(802)):
        heartbeats = [Heartbeat(transport, model, max_registers, wears) for model in models]
        there = [one for one in heartbeats if await _is_able(one)]
        if there:
            return tuple(there)
    return ()


async def _obeys_a_power(points: Points, transport: Transport, max_registers: int) -> bool:
    """Unless the device names its control modes and a fixed power is none: then model 704 takes a cap alone."""
    row = points.row(702, "CtrlModes")
    if row is None:
        return True
    try:
        modes = row.decode(await read_words(transport, [row], max_registers))
    except Refused as error:
        if error.code not in _NOT_THERE:
            raise
        return True
    return not modes or bool(int(modes) & _FIXED_W)


_Offer = TypeVar("_Offer", Setpoint704 | Rates124, PvCap)


async def _first_able(offers: Sequence[_Offer]) -> _Offer | None:
    for offer in offers:
        if await _is_able(offer):
            return offer
    return None


async def _is_able(offer: Setpoint704 | Rates124 | PvCap | Heartbeat) -> bool:
    try:
        return await offer.prepare()
    except Refused as error:
        if error.code not in _NOT_THERE:
            raise
    return False


def _rows(*found: Register | None) -> tuple[Register, ...]:
    return tuple(row for row in found if row is not None)
