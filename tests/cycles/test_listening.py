"""What the platform says is heard for as long as we run, whatever one message does."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.adapters.store.store_rows import new_store
from tests.cycles.hand_clock import HandClock
from tests.cycles.platform_wire import PlatformWire
from tests.cycles.test_sync import HandLink


class TwiceHeard(HandLink):
    """The same message twice, and then silence."""

    def __init__(self, topic: str, body: dict[str, object]) -> None:
        super().__init__()
        self.waiting = [(topic, json.dumps(body).encode(), False)] * 2
        self.ended = asyncio.Event()

    async def incoming(self) -> tuple[str, bytes, bool]:
        if not self.waiting:
            self.ended.set()
            await asyncio.Event().wait()
        return self.waiting.pop()


async def test_a_message_that_meets_a_defect_does_not_end_the_hearing_of_all_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = TwiceHeard(
        "down/input/gridlimit",
        {
            "schema": "gridlimit/1.0",
            "issued_at": "2026-06-01T10:00:00Z",
            "valid_from": "2026-06-01T10:00:00Z",
            "valid_to": "2026-06-01T12:00:00Z",
            "import_limit_w": 4000.0,
        },
    )
    wire = PlatformWire(HandClock(), new_store(tmp_path / "site.db"), link, "site-1")
    take = wire.listening.take
    met: list[str] = []

    async def defective(topic: str, payload: bytes, retained: bool = False) -> None:
        if not met:
            met.append(topic)
            raise KeyError(topic)
        await take(topic, payload, retained)

    monkeypatch.setattr(wire.listening, "take", defective)
    hearing = asyncio.create_task(wire.listening.listen())
    await asyncio.wait([hearing, asyncio.create_task(link.ended.wait())], return_when=asyncio.FIRST_COMPLETED)
    assert not hearing.done()
    assert len(wire.inputs) == 1
    hearing.cancel()
