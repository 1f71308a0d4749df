"""Commissioning on the virtual clock, against a simulated site over real sockets."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agent.adapters.host.clock import VirtualClock
from agent.adapters.store.store_reader import kept
from agent.cli.commission_session import Session
from agent.domain.commissioning import Commissioning
from agent.domain.documents import STEERING
from agent.settings.load import load
from simulator.chain_unit import ChainOptions
from simulator.columns import MeasuredColumn
from simulator.faults import Fault, FaultScript
from simulator.physics import BatterySpec
from simulator.plant import Plant
from simulator.server import SimulatedSite
from simulator.traces import Trace
from tests import site_files
from tests.scenarios.test_several_batteries import Beside

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
FAMILIES = {
    "sunspec7xx": "sunspec_hybrid",
    "gen24": "fronius_gen24",
    "victron": "victron_gx",
    "huawei": "huawei_luna",
    "kostal": "kostal_plenticore",
    "sungrow": "sungrow_sh",
    "goodwe": "goodwe_et",
    "deye_3p": "deye_hybrid",
}
DAY_S = 86_400.0
FALLBACK_S = 60.0  # a Kostal's last order is 0 W, which lapses
SPEC = BatterySpec(10_000.0, 5000.0, 5000.0, idle_w=0.0)


@dataclass
class Play:
    """A simulated site with its site file, and what commissioning has said of it."""

    folder: Path
    clock: VirtualClock
    plant: Plant
    site: SimulatedSite
    path: Path
    said: list[str] = field(default_factory=list)

    def fault(self, kind: str, device: str, after_s: float = 0.0, for_s: float = DAY_S, **more: Any) -> None:
        start = datetime.fromtimestamp(self.clock.true_now().timestamp() + after_s, UTC)
        self.site.faults.add(Fault(kind, device, start, for_s, **more))  # type: ignore[arg-type]

    def session(self, say: Callable[[str], None] | None = None, agrees: bool = True) -> Session:
        async def confirm(_: object) -> bool:
            return agrees

        return Session(load(self.path), self.clock, "a test", say or self.said.append, confirm)

    async def run(self, **options: Any) -> Commissioning:
        """Commission the site once."""
        return await self.session(**options).run()

    @property
    def is_free(self) -> bool:
        """Whether the battery follows its own rule."""
        self.plant.bring_to_now()
        return self.plant.band is None

    @property
    def was_moved(self) -> bool:
        return bool(self.plant.orders)


async def must_be_free(play: Play) -> None:
    """The battery follows its own rule, and nothing is left to be given back."""
    await play.clock.sleep(FALLBACK_S)
    assert play.is_free, play.plant.mode()
    document = kept(play.folder / "site.sqlite3", STEERING.name)
    assert document is None or '"steering": true' not in document


def codes(report: Commissioning) -> set[str]:
    """Of the findings that stop."""
    return {finding.code for finding in report.findings if finding.stops}


def steady(load_w: float, pv_w: float) -> Trace:
    first = int(NOON.timestamp())
    return Trace(
        {"load_w": MeasuredColumn(first, 3600, [load_w] * 48), "pv_w": MeasuredColumn(first, 3600, [pv_w] * 48)}
    )


@asynccontextmanager
async def played(  # noqa: PLR0913 what there is to choose of a site, by keyword
    folder: Path,
    profile: str | ChainOptions = "sunspec7xx",
    *,
    load_w: float = 1200.0,
    pv_w: float = 700.0,
    soc_pct: float = 50.0,
    meter_lag_s: float = 0.0,
    swapped: bool = False,
    family: str | None = None,
    host: str = "127.0.0.1",
    beside: Plant | None = None,
    clock: VirtualClock | None = None,
    **words: object,
) -> AsyncIterator[Play]:
    """A site of ``profile`` that runs; ``words`` are those of ``site_files.write_home``.

    What the battery of the plant ``beside`` gives is seen by inverter and meter as a load that is smaller.
    """
    clock = clock or VirtualClock(NOON)
    trace = steady(load_w, pv_w) if beside is None else Beside(steady(load_w, pv_w), beside)
    plant = Plant(trace, SPEC, 6000.0, clock.true_now, soc_pct=soc_pct)
    site = SimulatedSite(plant, profile, FaultScript(), host=host, meter_lag_s=meter_lag_s)
    site.link = replace(site.link, settle_s=0.0, answer_s=0.0)
    async with site:
        ports = [site.inverter_port, site.meter_port]
        own: dict[str, object] = {
            "usable_wh": 10_000,
            "charge_w": 5000,
            "discharge_w": 5000,
            "step_s": 1,
            "hold_s": 60,
            "stale_s": 15,
        }
        own |= {"import_tariff": site_files.FLAT_TARIFF, "inverter": {"family": family or FAMILIES[site.profile]}}
        own |= {"inverter_unit": next(iter(site.units)), "timeout_s": 1.0}
        own |= dict(zip(("inverter_port", "meter_port"), reversed(ports) if swapped else ports, strict=True))
        path = site_files.write_home(folder, **{**own, **words})
        yield Play(folder, clock, plant, site, path)
