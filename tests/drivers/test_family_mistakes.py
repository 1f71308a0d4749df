"""Mistakes of somebody who writes a family: each is a sentence when its file is loaded, and no wrong number later."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from drivers.datasheet import Control, Order, Steering
from drivers.device import Action
from drivers.family import Option, SteeringFacts
from drivers.formula import Mean
from drivers.identity import Identity
from drivers.register import WIRE_TYPES, Register
from drivers.spans import SpanLimits

_U16, _I32 = WIRE_TYPES["uint16"], WIRE_TYPES["int32"]
ROW = Register("setpoint", 100, _I32, unit="W")
FACTS = SteeringFacts(frozenset({Action.SETPOINT}), "by the measured power")


def steering(*controls: Control, **more: object) -> Steering:
    rules: dict[str, object] = {
        "order": lambda power_w, hold_s, seen: Order((), power_w),
        "neutral": lambda seen, found: (),
        "forced": lambda seen: {},
        "owners": lambda seen: {},
    }
    return Steering(FACTS, controls, **{**rules, **more})  # type: ignore[arg-type]


MISTAKES: dict[str, tuple[Callable[[], object], str]] = {
    "a type by another name": (lambda: WIRE_TYPES["u32"], "there is no type 'u32': known are int16, uint16"),
    "a table by another name": (lambda: replace(ROW, table="coils"), 'setpoint: its table is "coils": it must be one'),
    "an address below 0": (
        lambda: replace(ROW, address=-1),
        "setpoint: it is from -1 on, but addresses are 0 to 65535",
    ),
    "an address in maker's numbers": (lambda: replace(ROW, address=440101), "addresses are 0 to 65535"),
    "a second word behind the last one": (lambda: replace(ROW, address=65535), "addresses are 0 to 65535"),
    "a scale register behind the last one": (lambda: replace(ROW, scale_address=65536), "addresses are 0 to 65535"),
    "a scale of zero": (lambda: replace(ROW, scale=0.0), "setpoint: its scale is 0: nothing could be told from it"),
    "a scale that is no number": (lambda: replace(ROW, scale=float("nan")), "its scale is nan"),
    "a sign of zero": (lambda: replace(ROW, sign=0), "setpoint: its sign is 0: it must be 1 or -1"),
    "a sign that is a scale": (lambda: replace(ROW, sign=-10), "its sign is -10"),
    "a missing value as a signed number": (lambda: replace(ROW, sentinel=-32768), "no int32 is -0x8000"),
    "a missing value of a wider type": (
        lambda: replace(ROW, wire=_U16, sentinel=0x7FFFFFFF),
        "no uint16 is 0x7fffffff",
    ),
    "another one of a wider type": (lambda: replace(ROW, wire=_U16, also_missing=(0xFFFFFD,)), "no uint16 is 0xfffffd"),
    "words that do not add up": (lambda: replace(ROW, scattered=(100,)), "setpoint: a int32 has 2 words"),
    "a weight too many": (lambda: Mean((ROW,), (ROW, ROW)), "1 values and 2 weights"),
    "too many registers a request": (lambda: SpanLimits(126), "a request holds 1 to 125 registers"),
    "an odd border": (lambda: SpanLimits(barriers=(125,), even=True), "barriers must be even"),
    "a measurement that is written": (lambda: Control(replace(ROW, table="input")), "is an input register"),
    "ends the other way round": (lambda: Control(ROW, 5000, -5000), "setpoint takes nothing: 5000 is above -5000"),
    "a read-back by another name": (lambda: Control(ROW, shown=replace(ROW, name="shown")), "names must be the same"),
    "two rows of one name": (
        lambda: steering(Control(ROW), looked_at=(replace(ROW, address=200),)),
        "setpoint is the name of two rows, at 100 and 200",
    ),
    "two controls of one name": (
        lambda: steering(Control(ROW, reads_back=False), Control(replace(ROW, address=200), reads_back=False)),
        "setpoint is the name of two rows, at 100 and 200",
    ),
    "nothing to be told": (lambda: replace(FACTS, actions=frozenset()), "can be told nothing"),
    "renewed after its end": (
        lambda: replace(FACTS, reverts_after_s=60.0, refresh_s=90.0),
        "an order ends after 60 s, so it cannot be written again after 90 s",
    ),
    "a default that is not allowed": (lambda: Option(int, 3, "which", (1, 2)), "the default of an option is 3"),
    "a default of another type": (lambda: Option(float, "fast", "how"), "the default of an option is 'fast'"),
    "a default out of range": (lambda: Option(float, 5.0, "how long", low=10), "it must be at least 10"),
    "every device's identity": (Identity, "an identity without a sign or a name is that of every device"),
}


@pytest.mark.parametrize(("mistake", "sentence"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_a_sentence(mistake: Callable[[], object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence.replace("(", r"\(")):
        mistake()
