"""A made-up battery on a made-up map, in memory: every rule that a datasheet can have."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from drivers.control_registers import ControlRegisters
from drivers.datasheet import Condition, Control, Datasheet, GridLost, Order, Steering, Values, Write, within
from drivers.datasheet_device import SteeredDevice
from drivers.device import Action
from drivers.errors import NotSupported
from drivers.family import SteeringFacts
from drivers.reading import Quantity
from drivers.register import WIRE_TYPES, Register
from tests.drivers.memory import MemoryTransport

U16, I32 = WIRE_TYPES["uint16"], WIRE_TYPES["int32"]
POWER = Register("power", 100, I32, low_word_first=True)
MINUTES = Register("minutes", 102, U16)
COMMAND = Register("command", 103, U16)
FLOOR = Register("floor", 110, U16, persistent=True)
SUN = Register("sun", 111, U16)
PULSE = Register("pulse", 120, U16)
REMOTE = Register("remote", 130, U16)
MOST = Register("most", 131, U16)
GRID = Register("grid", 132, U16)
BATTERY = Register("battery", 140, WIRE_TYPES["int16"], sign=-1)

FACTS = SteeringFacts(
    actions=frozenset({Action.SETPOINT, Action.CURTAIL}),
    verify="every register is read back",
    timer_step_s=60.0,
    refresh_s=60.0,
    settle_s=0.5,
)


def order(power_w: float, hold_s: float, seen: Values) -> Order:
    held_w, reason = within(power_w, seen["most"], seen["most"])
    if seen["most"] == 0:
        raise NotSupported("the battery is away")
    group: Write = (("power", held_w), ("minutes", -(-hold_s // 60)), ("command", 1.0))
    return Order(((("floor", 5.0),), group, (("pulse", 1.0),)), held_w, reason, "power")


def neutral(seen: Values, found: Mapping[str, float]) -> tuple[Write, ...]:
    return (("command", 0.0),), (("floor", found.get("floor", 10.0)),)


def forced(seen: Values) -> Mapping[str, float]:
    names = ("command", "power") if seen["command"] else ()
    return {name: value for name in names if (value := seen[name]) is not None}


def owners(seen: Values) -> Mapping[str, float]:
    return {} if seen["floor"] is None else {"floor": seen["floor"]}


def cap(pv_w: float | None, seen: Values) -> tuple[Write, ...]:
    return ((("sun", 9000.0 if pv_w is None else pv_w),),)


STEERING = Steering(
    facts=FACTS,
    controls=(
        Control(POWER, low=-5000, high=5000),
        Control(MINUTES, low=1, high=1440),
        Control(COMMAND, choices=(0, 1)),
        Control(FLOOR, low=0, high=100),
        Control(SUN, low=0, high=9000),
        Control(PULSE, choices=(1,), reads_back=False),
    ),
    order=order,
    neutral=neutral,
    forced=forced,
    owners=owners,
    cap=cap,
    looked_at=(MOST,),
    conditions=(Condition(REMOTE, (2.0,), "let the installer choose external control"),),
    grid_lost=GridLost(GRID, (0.0,)),
)
SHEET = Datasheet({Quantity.BATTERY_W: BATTERY}, steering=STEERING)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Battery(MemoryTransport):
    """``ignores`` are the registers that keep their value, whatever is written."""

    def __init__(self) -> None:
        held = {100: 0, 101: 0, 102: 0, 103: 0, 110: 20, 111: 9000, 130: 2, 131: 4000, 132: 1, 140: 0}
        super().__init__(held)
        self.ignores: set[int] = set()
        self.clock = Clock()

    def take(self, address: int, words: list[int]) -> None:
        kept = {at: word for at, word in enumerate(words, start=address) if at in self.words and at not in self.ignores}
        self.words.update(kept)

    def device(self, sheet: Datasheet = SHEET, **facts: float) -> SteeredDevice:
        steering = sheet.steering
        assert steering is not None
        changed = replace(steering, facts=replace(steering.facts, **facts))  # type: ignore[arg-type]
        return SteeredDevice("made-up", self, replace(sheet, steering=changed), self.clock, changed.facts)

    def registers(self) -> ControlRegisters:
        return ControlRegisters(self, STEERING, SHEET.limits, Counter(), self.clock)
