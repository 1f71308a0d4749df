"""The locks of the devices that an edit would steer: of one that is not gone by, none is kept."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from agent.adapters.devices.device_lock import AlreadySteered, DeviceLocks
from agent.adapters.host.clock import VirtualClock
from agent.app import build
from agent.cycles.reload import CannotGoBy
from agent.reconfigure import Reconfigure
from agent.settings.load import load
from agent.settings.schema import Settings
from agent.settings.site_file import SiteFile
from tests.scenarios.stage import MIDNIGHT
from tests.settings.test_price_renewal import prices
from tests.site_files import free_ports, write_home

LIST = 'kind = "dynamic"\nfile = "prices.csv"\n'


@pytest.fixture(autouse=True)
def _folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with TemporaryDirectory() as folder:
        monkeypatch.setenv("ENALYSIS_EDGE_LOCKS", folder)
        yield


class Site:
    """An agent that is built and not started; ``moved`` are its settings with the inverter at another port."""

    def __init__(self, folder: Path) -> None:
        prices(folder, 0.1)
        here, there, meter = free_ports(3)
        self.moved = load(write_home(folder, inverter_port=there, meter_port=meter, import_tariff=LIST))
        path = write_home(folder, inverter_port=here, meter_port=meter, import_tariff=LIST)
        self.settings = load(path)
        self.locks = DeviceLocks(self.settings)
        self.parts = Reconfigure(build(self.settings, VirtualClock(MIDNIGHT)), SiteFile(path), self.locks)


def is_free(settings: Settings) -> bool:
    try:
        with DeviceLocks(settings):
            return True
    except AlreadySteered:
        return False


async def test_an_edit_that_cannot_be_made_ready_holds_no_lock(tmp_path: Path) -> None:
    site = Site(tmp_path)
    (tmp_path / "prices.csv").unlink()
    with site.locks:
        with pytest.raises(CannotGoBy, match=r"prices\.csv"):
            await site.parts.prepare(site.moved)
        assert is_free(site.moved)
        assert not is_free(site.settings)


async def test_an_edit_that_gave_way_to_the_next_one_holds_no_lock(tmp_path: Path) -> None:
    site = Site(tmp_path)
    with site.locks:
        await site.parts.prepare(site.moved)
        assert not is_free(site.moved)
        go_by = await site.parts.prepare(site.settings)
        await go_by()
        assert is_free(site.moved)
        assert not is_free(site.settings)
