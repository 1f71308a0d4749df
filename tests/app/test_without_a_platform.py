"""A site without [cloud] owes its rows to nobody: their age alone ends them, and nothing is told of it."""

from datetime import timedelta
from pathlib import Path

import pytest

from agent.adapters.host.clock import VirtualClock
from agent.app import store_of
from agent.domain.records import Batch
from agent.settings.load import load
from tests.adapters.store.store_rows import START, minute
from tests.site_files import write_home

CLOUD = '\n[cloud]\nhost = "mqtt.example.org"\n'


@pytest.mark.parametrize(("cloud", "told"), [("", []), (CLOUD, ["10 unacknowledged rows of the stream minute"])])
async def test_what_has_become_too_old_is_lost_to_a_platform_alone(cloud: str, told: list[str], tmp_path: Path) -> None:
    config = write_home(tmp_path, inverter_port=1, meter_port=2, cloud=cloud)
    store = store_of(load(config), VirtualClock(START))
    await store.open()
    await store.write(Batch(minutes=tuple(minute(index) for index in range(10))))
    later = START + timedelta(days=60)
    sentences = await store.tidy(later)
    assert [sentence.partition(" from ")[0] for sentence in sentences] == told
    assert await store.pending("minute", 0, 20) == []
    await store.close()
