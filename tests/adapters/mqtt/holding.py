"""A process that holds a relay until it is killed: ``python -m tests.adapters.mqtt.holding PORT``."""

import asyncio
import sys

from tests.adapters.mqtt.relay_stage import HEATPUMP, bridge, settled


async def hold(port: int) -> None:
    relays = bridge(port, keepalive_s=2)
    await relays.start()
    await settled(relays)
    await relays.switch(HEATPUMP, False)
    print("held", flush=True)
    await asyncio.sleep(600.0)


if __name__ == "__main__":
    asyncio.run(hold(int(sys.argv[1])))
