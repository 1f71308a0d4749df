"""A broker that restarts again and again leaves no descriptor and no thread behind."""

import gc
import os
import threading
from contextlib import suppress

from agent.domain.envelope import Envelope
from agent.ports import LinkFailure
from tests.faults.cloud import linked
from tests.faults.picky_broker import PickyBroker
from tests.waiting import until

RESTARTS = 50  # `make bench` does 500 with mosquitto


def held() -> tuple[int, int]:
    """(descriptors, threads) of this process."""
    return len(os.listdir("/proc/self/fd")), threading.active_count()


async def test_restarts_of_the_broker_leave_nothing_behind() -> None:
    async with PickyBroker() as broker, linked(broker.port, longest_pause_s=0.02, apart_s=0.02) as link:
        await until(lambda: link.connected)
        await link.publish(Envelope("up/info", b"{}"))
        before = held()
        gc.disable()  # nothing may wait for the collector
        try:
            for turn in range(RESTARTS):
                await broker.stop()
                await until(lambda: not link.connected)
                with suppress(LinkFailure):
                    await link.publish(Envelope("up/info", b"{}"))
                await broker.start()
                await until(lambda turn=turn: link.connections >= turn + 2)  # type: ignore[misc]
                await link.publish(Envelope("up/info", b"{}"))
            await until(lambda: held() == before)  # what the last restart has closed goes a moment later
        finally:
            gc.enable()
        assert link.rebuilt == 0
        assert len(link._answers) == 0
