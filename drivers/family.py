"""What a family of devices tells about itself, so that a site file can be checked and a device built."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from drivers.device import Readable, Transport

Monotonic = Callable[[], float]
Build = Callable[[str, Transport, Mapping[str, object], Monotonic], Readable]


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a family: its type, what it is when left out, and the values or the range it may have."""

    kind: type
    default: object
    meaning: str
    choices: tuple[object, ...] = ()
    low: float | None = None
    high: float | None = None

    def check(self, place: str, value: object) -> None:
        """Raise ValueError with one sentence when ``value`` is not allowed. An int passes for a float."""
        allowed = (int, float) if self.kind is float else (self.kind,)
        if not isinstance(value, allowed) or (isinstance(value, bool) and self.kind is not bool):
            raise ValueError(f"{place} is {value!r}: it must be {self.kind.__name__}")
        if self.choices and value not in self.choices:
            raise ValueError(f"{place} is {value!r}: it must be one of {', '.join(map(repr, self.choices))}")
        if isinstance(value, int | float) and not self._in_range(value):
            raise ValueError(f"{place} is {value!r}: it must be {self._range()}")

    def _in_range(self, value: float) -> bool:
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)

    def _range(self) -> str:
        ends = (
            f"at least {self.low:g}" if self.low is not None else "",
            self.high is not None and f"at most {self.high:g}",
        )
        return " and ".join(end for end in ends if end)


@dataclass(frozen=True, slots=True)
class Family:
    """``build`` takes checked options, complete with their defaults. ``document`` is where the rows come from."""

    name: str
    build: Build
    steerable: bool
    document: str
    options: Mapping[str, Option]

    def complete(self, given: Mapping[str, object]) -> dict[str, object]:
        """``given`` with the defaults of the options left out. Raises ValueError for one that is not allowed."""
        for name, value in given.items():
            if name not in self.options:
                known = ", ".join(sorted(self.options)) or "none"
                raise ValueError(f"family {self.name} has no option {name!r}: allowed are {known}")
            self.options[name].check(f"option {name} of family {self.name}", value)
        return {name: given.get(name, option.default) for name, option in self.options.items()}
