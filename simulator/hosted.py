"""One unit as a server sees it: its requests, and what its faults make of them."""

from typing import Protocol, cast

from pymodbus.constants import ExcCodes
from pymodbus.simulator import DataType, SimData, SimDevice

from simulator.distortion import Distortion
from simulator.faults import Device, Fault, Kind
from simulator.plant import Plant
from simulator.units import Unit

_WRITE_SINGLE, _WRITE_MANY = 6, 16


class Site(Protocol):
    """What a unit must know of the site that it is of."""

    plant: Plant
    meter_lag_s: float

    def bring_to_now(self) -> None: ...

    def kinds(self, device: Device) -> frozenset[str]: ...

    def fault(self, device: Device, kind: Kind) -> Fault | None: ...


class Hosted:
    """One unit as a server sees it: its requests, and what its faults make of them."""

    def __init__(self, site: Site, device: Device, unit: Unit) -> None:
        self._site = site
        self._unit = unit
        self.device = device
        self._echo: list[int] = []
        self._stuck: tuple[Fault, float] | None = None  # since when the gauge shows what

    def as_sim_device(self, unit_id: int) -> SimDevice:
        """The same unit for pymodbus, which checks addresses and keeps the words between the hook and the answer."""
        first, last = self._unit.reach
        words = SimData(first, count=last + 1 - first, values=0, datatype=DataType.REGISTERS)
        return SimDevice(unit_id, [words], action=self._on_request)

    def fault(self, kind: Kind) -> Fault | None:
        return self._site.fault(self.device, kind)

    def _late_s(self) -> float:
        """How old the values are that this unit shows, s."""
        late = self.fault("late_values")
        if late is not None:
            return late.seconds
        return 0.0 if self.device == "inverter" else self._site.meter_lag_s

    async def _on_request(
        self,
        function_code: int,
        start: int,
        address: int,
        count: int,
        registers: list[int],
        written: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        """pymodbus' hook, called before a request is served from ``registers``."""
        if function_code not in self._unit.function_codes:
            return ExcCodes.ILLEGAL_FUNCTION
        self._site.bring_to_now()
        self._unit.odd = self._site.kinds(self.device)
        self._unit.refresh(self.fault("frozen") is not None, self._distortion(), self._late_s())
        if written is not None:
            words = [int(word) for word in written]
            self._echo = words
            if not self._unit.takes(address, count):
                return ExcCodes.ILLEGAL_ADDRESS
            code = self._write(function_code, address, words)
            cast(list[int], written)[:] = self._unit.read(_WRITE_MANY, address, count)
            return None if code is None else ExcCodes(code)
        if function_code == _WRITE_SINGLE:  # a device echoes the request, whatever became of it
            registers[address - start : address - start + count] = self._echo
            return None
        refused = self.fault("refused_read") or self._sleep()
        code = refused.code if refused is not None else self._unit.refuses_read(function_code, address, count)
        if code:
            return ExcCodes(code)
        found = self._unit.read(function_code, address, count, as_missing=self.fault("sentinel") is not None)
        registers[address - start : address - start + count] = found
        return None

    def is_silent(self) -> bool:
        """Whether requests are taken and never answered now."""
        asleep = self._sleep()
        return self.fault("no_answer") is not None or (asleep is not None and asleep.code == 0)

    def _sleep(self) -> Fault | None:
        return self.fault("night_sleep") if self._site.plant.state.pv_available_w <= 0.0 else None

    def _distortion(self) -> Distortion:
        scaled, gauge, stuck = self.fault("scaled_power"), self.fault("wrong_gauge"), self.fault("stuck_gauge")
        soc_pct = None if gauge is None else 100.0 * gauge.share
        if stuck is None:
            self._stuck = None
        else:
            if self._stuck is None or self._stuck[0] != stuck:
                self._stuck = (stuck, self._site.plant.state.soc_pct)
            soc_pct = self._stuck[1]
        factor = 1.0 if scaled is None else scaled.factor
        return Distortion(soc_pct, self.fault("zero_counter") is not None, factor)

    def _write(self, function_code: int, address: int, words: list[int]) -> int | None:
        refused = self.fault("refused_write")
        if refused is not None:
            return refused.code
        if self.fault("ignored_write") is not None:
            return None
        code = self._unit.write(function_code, address, words, heeded=self.fault("unheeded_write") is None)
        self._unit.refresh(frozen=True)
        return code
