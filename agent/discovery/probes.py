"""What is asked of an open port or a serial line: which unit ids, and which families may be there. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from drivers.family import Family, SerialLine

# Behind gateways and managers; SunSpec devices and meters are looked for there as well.
GATEWAY_UNITS = (*range(1, 11), 126, 200, *range(240, 248))
SERIAL_UNITS = (*range(1, 11), 247)
LONGEST_GAP_S = 0.2  # for all families of a port; one that needs more gets it when it is asked for
STRANGE_UNIT = 251  # beyond the ids of the standard: who answers here answers to any


@dataclass(frozen=True, slots=True)
class UnitProbe:
    """``families`` that may be at ``unit_id``; ``is_usual`` where it is the likeliest of one."""

    unit_id: int
    families: tuple[Family, ...]
    is_usual: bool


@dataclass(frozen=True, slots=True)
class LinkPlan:
    """The unit ids to ask on one port or line, the likeliest first, and the pauses that the families need."""

    units: tuple[UnitProbe, ...]
    settle_s: float
    gap_s: float


def tcp_ports(families: Iterable[Family]) -> tuple[int, ...]:
    """The ports that the families' facts name, most of them first."""
    named = [port for family in _known(families) for port in family.link.ports]
    return tuple(sorted(dict.fromkeys(named), key=lambda port: (-named.count(port), port)))


def on_port(port: int, families: Iterable[Family]) -> LinkPlan:
    """For a port of the families' facts."""
    return _plan([family for family in _known(families) if port in family.link.ports], GATEWAY_UNITS)


def on_any_port(families: Iterable[Family]) -> LinkPlan:
    """For a port that a person named: any family with a port may be there."""
    return _plan([family for family in _known(families) if family.link.ports], GATEWAY_UNITS)


def serial_lines(families: Iterable[Family]) -> tuple[SerialLine, ...]:
    """How lines of the families are set, most of them first."""
    named = [line for family in _known(families) for line in family.link.serial]
    return tuple(sorted(dict.fromkeys(named), key=lambda line: (-named.count(line), named.index(line))))


def on_line(line: SerialLine, families: Iterable[Family]) -> LinkPlan:
    """For a serial line that is set so. Every family of a line may have been given any id on it."""
    there = tuple(family for family in _known(families) if line in family.link.serial)
    units = tuple(UnitProbe(unit_id, there, is_usual=False) for unit_id in SERIAL_UNITS)
    return LinkPlan(units, 0.0, _gap_s(there))


def is_shared(family: Family) -> bool:
    """True where others are found behind the same address: meters, and devices of SunSpec."""
    return family.steering is None or (family.identity is not None and bool(family.identity.sunspec_models))


def _gap_s(there: Iterable[Family]) -> float:
    return max((gap_s for family in there if (gap_s := family.link.gap_s) <= LONGEST_GAP_S), default=0.0)


def _known(families: Iterable[Family]) -> list[Family]:
    return [family for family in families if family.identity is not None]


def _plan(there: Sequence[Family], gateway: Sequence[int]) -> LinkPlan:
    usual = dict.fromkeys(family.link.unit_ids[0] for family in there if family.link.unit_ids)
    others = (unit_id for family in there for unit_id in family.link.unit_ids)
    units = [
        UnitProbe(unit_id, tuple(one for one in there if _may_be_at(one, unit_id, gateway)), unit_id in usual)
        for unit_id in dict.fromkeys([*usual, *others, *gateway])
    ]
    return LinkPlan(
        tuple(unit for unit in units if unit.families),
        max((family.link.settle_after_connect_s for family in there), default=0.0),
        _gap_s(there),
    )


def _may_be_at(family: Family, unit_id: int, gateway: Sequence[int]) -> bool:
    return unit_id in family.link.unit_ids or (is_shared(family) and unit_id in gateway)
