"""How long a poll of each family takes on the wire, against the optimal partition of its rows under its limits."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from pathlib import Path

from drivers import datasheet_device, table_device
from drivers.device import Readable, Span, Table
from drivers.dumps.dump import Dump
from drivers.dumps.dump_file import read_dump
from drivers.errors import DriverError, Refused
from drivers.family import Family
from drivers.register import Register
from drivers.registry import FAMILIES, build
from drivers.spans import SpanLimits
from tests.bench.figures import Figure, Samples
from tests.bench.optimal_partition import least_time_s
from tests.drivers.memory import MemoryTransport
from tests.dumps.make import FOLDER, files

GOAL = 1.02
TABLE = Path("bench-out/partition.md")
# Everything else is polled over the network, where a request takes milliseconds whatever it asks for.
ON_RS485 = frozenset(
    {
        *("sdm120", "sdm630", "sdm72d_m_2", "carlo_gavazzi_em24", "carlo_gavazzi_em340", "schneider_iem3000"),
        *("janitza_umg", "abb_b2x", "deye_hybrid", "growatt_sph", "growatt_tl_xh"),
    }
)
NETWORK_REQUEST_S, NETWORK_REGISTER_S = 0.005, 0.000_02

READS_ANOTHERS = {"fronius_smart_meter": "gen24_200"}  # a family without a dump of its own
TABLES: tuple[Table, ...] = ("holding", "input")
LONGEST_READ = 125
POLLS_UNTIL_KNOWN = 8  # what a device does not have is found out by halves

ReadTime = Callable[[int], float]


def measure(table: Path = TABLE) -> list[Figure]:
    """One figure a family, of all its devices in ``tests/dumps``, and ``table``: one row a device.

    It is what a driver asks once it knows what its device has.
    """
    table.parent.mkdir(exist_ok=True)
    rows = [
        "| family | line | requests | registers | poll, ms | optimal, ms | ratio |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    figures = []
    dumps = [read_dump(path) for path in files()]
    dumps += [replace(read_dump(FOLDER / f"{name}.json"), family=family) for family, name in READS_ANOTHERS.items()]
    dumps.sort(key=lambda dump: dump.family)
    for name, there in groupby(dumps, key=lambda dump: dump.family):
        line, read_s = usual_line(FAMILIES[name])
        polls = [polled(dump) for dump in there]
        ours = [1000.0 * sum(read_s(span.count) for span in spans) for spans, _, _ in polls]
        best = [1000.0 * least_time_s(rows, limits, read_s) for _, rows, limits in polls]
        figure = Figure(
            f"{name}, a poll over {line}", "ms", Samples(tuple(ours)), Samples(tuple(best)), "optimal", GOAL
        )
        figures.append(figure)
        for (spans, _, _), our_ms, best_ms in zip(polls, ours, best, strict=True):
            registers = sum(span.count for span in spans)
            counts = f"{len(spans)} | {registers} | {our_ms:.1f} | {best_ms:.1f} | {our_ms / best_ms:.3f}"
            rows.append(f"| {name} | {line} | {counts} |")
    table.write_text("\n".join(rows) + "\n", "utf-8")
    return figures


def usual_line(family: Family) -> tuple[str, ReadTime]:
    """Its name, and the time of a read of so many registers there, s."""
    if family.name not in ON_RS485:
        return "TCP", lambda count: NETWORK_REQUEST_S + NETWORK_REGISTER_S * count
    line = family.link.serial[0]
    return f"{line.baud} 8{line.parity}{line.stop_bits}", lambda count: line.read_s(count, family.link.gap_s)


def polled(dump: Dump) -> tuple[Sequence[Span], Sequence[Register], SpanLimits]:
    """What the driver asks at each poll, for which rows and within which limits."""
    return asyncio.run(_polled(dump))


async def _polled(dump: Dump) -> tuple[Sequence[Span], Sequence[Register], SpanLimits]:
    transport = MemoryTransport(*(_registers(dump, table) for table in TABLES))
    transport.failure = lambda span: _refusal(dump, span)
    device = build(dump.family, dump.family, transport, dump.options)
    for _ in range(POLLS_UNTIL_KNOWN):
        await device.read()
    table, asked = _table_of(device), len(transport.reads)
    refusals = table.refusals
    await device.read()
    assert table.refusals == refusals, f"{dump.family} is still being found out"
    rows = [row for group in table._groups if not group.slow for row in group.rows]
    return transport.reads[asked:], rows, table._limits


def _registers(dump: Dump, table: Table) -> dict[int, int]:
    """Those of the first round, and 0 where a hole is that a read may go over: not every one was captured."""
    words = {at: series.at(0) for at, series in dump.words.get(table, {}).items()}
    for before, after in pairwise(sorted(words)):
        if after - before <= LONGEST_READ:
            words |= dict.fromkeys(range(before + 1, after), 0)
    return words


def _refusal(dump: Dump, span: Span) -> DriverError | None:
    asked = dump.asked.get(span)
    outcome = "answered" if asked is None else asked.outcomes.at(0)
    return Refused(outcome, f"reading {span}") if isinstance(outcome, int) else None


def _table_of(device: Readable) -> table_device.TableDevice:
    """The part of a device that its rows are read by; there is no door to it."""
    if isinstance(device, table_device.TableDevice):
        return device
    table: object = getattr(getattr(device, "_device", device), "_table", None)
    if isinstance(device, datasheet_device.DatasheetDevice) and device._known is not None:
        table = device._known.table
    assert isinstance(table, table_device.TableDevice), f"{device.name} is read by something else"
    return table
