"""Dumps of all simulated devices: ``python -m tests.dumps.make`` writes them anew, beside this file.

Nothing refuses their drift: they stand for what was captured once, as those of real devices do.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from drivers.device import Table, Transport
from drivers.dumps.capture import Capture
from drivers.dumps.dump import Dump
from drivers.dumps.dump_file import written
from drivers.endpoint import TcpEndpoint
from drivers.errors import DriverError, Refused
from drivers.family import Family
from drivers.modbus import Bus
from drivers.registry import FAMILIES
from simulator.meters.profiles import METERS, SUNSPEC
from simulator.profiles import PROFILES, UNIT_ID
from simulator.server import GEN24_METER_UNIT_ID, SimulatedSite
from tests.simulator.sites import Clock, flat_plant
from tests.simulator.vendors import NoWait

FOLDER = Path(__file__).parent
ROUNDS = 4
# What a device does not tell and a site file would, by the name of its dump.
OPTIONS: Mapping[str, Mapping[str, object]] = {
    "solax_g5": {"generation": 5},
    "sma_tripower": {"solar_strings": True},
    "meter_janitza_umg_604": {"list": "native"},
}


async def made(profile: str, meter: str | None = None) -> AsyncIterator[tuple[str, Dump]]:
    """The dump of each unit of the profile, by the name of its file; or of the ``meter`` where one is named."""
    clock = Clock()
    site = SimulatedSite(flat_plant(clock, load_w=8000.0, pv_w=1500.0), profile, meter_profile=meter or SUNSPEC)
    site.link = replace(site.link, settle_s=0.0)
    clock.move(60)
    async with site:
        unit_ids = [*site.units, *((GEN24_METER_UNIT_ID,) if profile == "gen24" else ())]
        units = [(profile if i == 0 else f"{profile}_{at}", site.inverter_port, at) for i, at in enumerate(unit_ids)]
        if meter is not None:
            units = [(f"meter_{meter}", site.meter_port, UNIT_ID)]
        for name, port, unit_id in units:
            pace = NoWait(clock)
            bus = Bus(TcpEndpoint("127.0.0.1", port), monotonic=pace.monotonic, sleep=pace.sleep)
            transport = bus.transport(unit_id)
            yield name, await captured(name, transport, unit_id, pace)
            await transport.close()


async def captured(name: str, transport: Transport, unit_id: int, pace: NoWait) -> Dump:
    """As the family takes it that ``name`` holds; else by that which reads most of it, of those that know it, or of all
    where none does."""
    found: list[tuple[bool, int, bool, Dump]] = []
    known_to = [family for family in FAMILIES.values() if family.name in name or await fits(transport, family)]
    for family in known_to or FAMILIES.values():
        options = {option: value for option, value in OPTIONS.get(name, {}).items() if option in family.options}
        capture = Capture(family.name, options, unit_id, transport, pace.monotonic, pace.sleep)
        with suppress(DriverError):
            await capture.run((ROUNDS - 0.5) * family.link.fastest_poll_s)
            dump = capture.dump()
            values = {} if dump.expected is None else dump.expected.values
            known = sum(value is not None for value in values.values())
            found.append((family.name in name, known, bool(family.identity and family.identity.begins), dump))
    return max(found, key=lambda one: one[:3])[3]


async def fits(transport: Transport, family: Family) -> bool:
    """Whether a device says that it is of the family."""
    if family.identity is None:
        return False
    words: dict[Table, dict[int, int]] = {"holding": {}, "input": {}}
    for span in family.identity.spans:
        with suppress(Refused):
            words[span.table].update(enumerate(await transport.read(span), start=span.address))
    return family.identity.recognise(words) is not None


def files() -> list[Path]:
    """All dumps that are here, those of reports included."""
    return sorted(FOLDER.glob("*.json"))


async def main() -> None:
    kinds = [*((profile, None) for profile in PROFILES), *((next(iter(PROFILES)), meter) for meter in METERS)]
    for profile, meter in kinds:
        async for name, dump in made(profile, meter):
            path = FOLDER / f"{name}.json"
            path.write_text(written(dump), encoding="utf-8")
            print(f"{path.name}: {dump.family}, {path.stat().st_size} bytes")


if __name__ == "__main__":
    asyncio.run(main())
