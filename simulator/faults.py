"""Scripted faults: what goes wrong with which device, when and for how long.

A script is text with one fault a line, ``START DURATION DEVICE KIND [key=value ...]``, or a TOML or JSON list of tables
with the same words as keys. START is a time after the beginning (``90s``, ``1h30m``) or an ISO 8601 stamp with offset::

    10m   60s  inverter  no_answer
    1h    2m   meter     late_answer  seconds=1.5
    2h    5m   inverter  refused_write  code=6
"""

import json
import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, get_args

Kind = Literal[
    "no_answer",
    "late_answer",
    "late_values",
    "sentinel",
    "frozen",
    "refused_read",
    "refused_write",
    "ignored_write",
    "unheeded_write",
    "derate",
    "reboot",
    "wrong_unit",
    "night_sleep",
    "gives_nothing",
    "takes_nothing",
    "stuck_gauge",
    "wrong_gauge",
    "zero_counter",
    "moved_chain",
    "late_blocks",
    "absent_modules",
    "shifted_scale",
    "no_scale",
    "negative_counter",
    "noise",
    "lost_bytes",
    "echo",
    "own_numbers",
    "one_client",
    "scaled_power",
]
WHAT: dict[Kind, str] = {
    "no_answer": "requests are taken and never answered",
    "late_answer": "answers come seconds of real time late",
    "late_values": "measured values are those of seconds before",
    "sentinel": 'every measured value reads "not implemented"',
    "frozen": "measured values stay at their last digits",
    "refused_read": "reads are answered with exception code",
    "refused_write": "writes are answered with exception code",
    "ignored_write": "writes are answered and change nothing",
    "unheeded_write": "writes are stored and read back, and the device does not act on them",
    "derate": "the battery gives and takes no more than share of its rating",
    "reboot": "orders are forgotten; connections are dropped and there is no power until the end",
    "wrong_unit": "answers carry the next unit id",
    "night_sleep": "while there is no sun, reads are refused with exception code, or never answered with code 0",
    "gives_nothing": "the battery does not discharge, whatever its state of charge; it charges as before",
    "takes_nothing": "the battery does not charge, whatever its state of charge",
    "stuck_gauge": "the state of charge stays as it is shown at the beginning",
    "wrong_gauge": "the state of charge reads 100 x share %",
    "zero_counter": "energy counters read 0",
    "moved_chain": "the models of a SunSpec chain behind its second are 10 registers further",
    "late_blocks": "models 160 and 714 count half of their blocks",
    "absent_modules": "ID and power of the second half of the modules of model 160 read 0xFFFF",
    "shifted_scale": "the scale factors of powers are one more, their values have one digit less",
    "no_scale": "the scale factors of powers read 0x8000",
    "negative_counter": "the exported energy of a SunSpec meter is a negative number near 2^32",
    "noise": "a share of the answers has bytes in front that nobody sent",
    "lost_bytes": "a share of the answers has lost a byte",
    "echo": "every request comes back before its answer, as from an RS-485 adapter that hears itself",
    "own_numbers": "answers carry a transaction id of the gateway's own",
    "one_client": "a second connection to the port is closed at once",
    "scaled_power": "powers read factor times what they are: a scale factor, or with -1 a sign, that has changed",
}
Device = Literal["inverter", "meter", "sdm630"]

KINDS: tuple[Kind, ...] = get_args(Kind)
DEVICES: tuple[Device, ...] = get_args(Device)
_CODES = (1, 2, 3, 4, 5, 6, 7, 8, 10, 11)
_KEYS = ("kind", "device", "start", "duration", "seconds", "code", "share", "factor")
_LENGTH = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?")


class FaultScriptError(ValueError):
    """The script cannot be read. ``str()`` names the place and the reason."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault from ``start`` (aware) for ``duration_s``.

    ``seconds`` is for late answers and values, ``code`` for refusals, ``share`` (0..1) for a derated battery, a wrong
    gauge and a bad line, ``factor`` for powers that are shown wrong.
    """

    kind: Kind
    device: Device
    start: datetime
    duration_s: float
    seconds: float = 2.0
    code: int = 4
    share: float = 0.5
    factor: float = 10.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind!r} is not a kind of fault; there are {', '.join(KINDS)}")
        if self.device not in DEVICES:
            raise ValueError(f"{self.device!r} is not a device; there are {', '.join(DEVICES)}")
        if self.start.utcoffset() is None:
            raise ValueError("the start has no UTC offset")
        if not 0.0 < self.duration_s < math.inf:
            raise ValueError("the duration must be longer than 0 s")
        if not 0.0 <= self.seconds < math.inf:
            raise ValueError("seconds must not be negative")
        if self.code not in _CODES and not (self.kind == "night_sleep" and self.code == 0):
            raise ValueError(f"{self.code} is not a Modbus exception code")
        if not 0.0 <= self.share <= 1.0:
            raise ValueError("share must lie in 0..1")
        if not math.isfinite(self.factor):
            raise ValueError("factor must be a finite number")

    @property
    def end(self) -> datetime:
        """The first instant at which it is over."""
        return self.start + timedelta(seconds=self.duration_s)


class FaultScript:
    """All faults of a run. Several may be active at once, also on one device."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self.faults: list[Fault] = sorted(faults, key=lambda fault: fault.start)

    def add(self, fault: Fault) -> None:
        """Add a fault while the script is played."""
        self.faults.append(fault)
        self.faults.sort(key=lambda one: one.start)

    def kinds(self, device: str, now: datetime) -> frozenset[str]:
        """The kinds of all faults on that device at ``now``."""
        faults = (fault for fault in self.faults if fault.device == device and fault.start <= now < fault.end)
        return frozenset(fault.kind for fault in faults)

    def active(self, device: str, kind: Kind, now: datetime) -> Fault | None:
        """The fault of that kind on that device at ``now``, if any."""
        for fault in self.faults:
            if fault.kind == kind and fault.device == device and fault.start <= now < fault.end:
                return fault
        return None


def read_script(path: str | Path, beginning: datetime) -> FaultScript:
    """Read ``path``: TOML (list ``fault``) or JSON by its suffix, else lines. Raises FaultScriptError."""
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise FaultScriptError(f"{file}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise FaultScriptError(f"{file}: cannot be read: it is no text in UTF-8") from error
    if file.suffix not in (".toml", ".json"):
        return parse_lines(text, beginning, file.name)
    try:
        document = tomllib.loads(text) if file.suffix == ".toml" else json.loads(text)
    except (tomllib.TOMLDecodeError, json.JSONDecodeError) as error:
        raise FaultScriptError(f"{file.name}: {error}") from error
    entries = document.get("fault") if isinstance(document, dict) else document
    if not isinstance(entries, list):
        raise FaultScriptError(f"{file.name}: there is no list of faults ([[fault]] in TOML, [..] in JSON)")
    return FaultScript(_from_entry(entry, beginning, f"{file.name} fault {i}") for i, entry in enumerate(entries, 1))


def parse_lines(text: str, beginning: datetime, name: str = "faults") -> FaultScript:
    """Faults from lines of text; blank lines and what follows ``#`` are left out. Raises FaultScriptError."""
    faults = []
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split("#", 1)[0].split()
        if not words:
            continue
        place = f"{name} line {number}"
        if len(words) < 4:
            raise FaultScriptError(f"{place}: expected START DURATION DEVICE KIND, found {' '.join(words)!r}")
        entry: dict[str, object] = dict(zip(("start", "duration", "device", "kind"), words, strict=False))
        for word in words[4:]:
            key, equals, value = word.partition("=")
            if not equals:
                raise FaultScriptError(f"{place}: {word!r} is not key=value")
            if key in entry:
                raise FaultScriptError(f"{place}: {key} is given twice")
            entry[key] = value
        faults.append(_from_entry(entry, beginning, place))
    return FaultScript(faults)


def _from_entry(entry: object, beginning: datetime, place: str) -> Fault:
    if not isinstance(entry, Mapping):
        raise FaultScriptError(f"{place}: a fault must be a table of {', '.join(_KEYS)}")
    for key in entry:
        if key not in _KEYS:
            raise FaultScriptError(f"{place}: {key!r} is not known; there are {', '.join(_KEYS)}")
    for key in ("kind", "device", "start", "duration"):
        if key not in entry:
            raise FaultScriptError(f"{place}: {key} is missing")
    try:
        return Fault(
            kind=entry["kind"],
            device=entry["device"],
            start=_start(entry["start"], beginning),
            duration_s=_seconds(entry["duration"], "the duration"),
            seconds=_seconds(entry.get("seconds", 2.0), "seconds"),
            code=_code(entry.get("code", 4)),
            share=_number(entry.get("share", 0.5), "share"),
            factor=_number(entry.get("factor", 10.0), "factor"),
        )
    except ValueError as error:
        raise FaultScriptError(f"{place}: {error}") from None


def _start(value: object, beginning: datetime) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, str) and "-" in value:
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            raise ValueError(f"{value!r} is not an ISO 8601 time stamp") from None
    return beginning + timedelta(seconds=_seconds(value, "the start"))


def _seconds(value: object, what: str) -> float:
    """A length of time: a number of seconds, or text such as 90, 90s, 5m, 1h30m."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str):
        if re.fullmatch(r"\d+(\.\d+)?", value):
            return float(value)
        found = _LENGTH.fullmatch(value)
        if found is not None and value:
            return sum(float(part or 0) * unit for part, unit in zip(found.groups(), (3600, 60, 1), strict=True))
    raise ValueError(f"{what} is {value!r}, not a length of time such as 90s or 1h30m")


def _code(value: object) -> int:
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError(f"code is {value!r}, not a number")


def _number(value: object, what: str) -> float:
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        try:
            return float(value)
        except ValueError:
            pass
    raise ValueError(f"{what} is {value!r}, not a number")
