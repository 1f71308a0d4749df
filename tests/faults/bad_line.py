"""A site whose line to the platform has 8 kbit/s, is 600 ms late and loses a fifth of its packets.

Run in a network namespace of its own (``unshare --net``): it sets the rule of nft that drops. Prints one JSON object.
"""

import asyncio
import json
import subprocess
import tempfile
import time
from pathlib import Path

import structlog

from agent.domain.envelope import Envelope
from agent.platform import Platform as Way
from simulator.broker import start_broker
from tests import site_files
from tests.faults.cloud import Proxy, everything_arrives, platform_at
from tests.scenarios.stage import Stage, staged

BYTES_PER_S, DELAY_S, LOSS_PCT = 1000.0, 0.6, 20
WATCHED_S = 25.0
LONGEST_S = 100.0  # while no minute has come through: the loss is by chance
BULK = "up/data/minute"


def lose_packets(port: int) -> None:
    """A fifth of the packets to and from ``port`` is dropped."""
    rules = ["add table inet line", "add chain inet line inwards { type filter hook input priority 0; }"]
    rules += [
        f"add rule inet line inwards tcp {side} {port} numgen random mod 100 < {LOSS_PCT} drop"
        for side in ("sport", "dport")
    ]
    subprocess.run(["nft", "-f", "-"], input="\n".join(rules) + "\n", text=True, check=True)


async def watch(stage: Stage, way: Way, sent: list[tuple[str, int]]) -> list[float]:
    """Let control go on for a while, with sync beside it. Returns how long its steps took, in seconds."""
    link = way.link
    publish = link.publish

    async def noted(envelope: Envelope) -> None:
        await publish(envelope)
        sent.append((envelope.topic, len(envelope.payload)))

    link.publish = noted  # type: ignore[method-assign]

    async def send() -> None:
        while True:
            await way.sync.step()
            await asyncio.sleep(0.1)

    sending = asyncio.create_task(send())
    minute = (stage.clock.now() - stage.beginning).total_seconds() / 60.0
    spent, begun = [], time.monotonic()
    while time.monotonic() < begun + (WATCHED_S if any(topic == BULK for topic, _ in sent) else LONGEST_S):
        minute += 1 / 3
        began = time.monotonic()
        await stage.play(minute)
        spent.append(time.monotonic() - began)
        await asyncio.sleep(0.1)
    sending.cancel()
    link.publish = publish  # type: ignore[method-assign]
    return spent


async def main(folder: Path) -> dict[str, object]:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    (folder / "broker").mkdir()
    broker = start_broker(folder / "broker")
    sent: list[tuple[str, int]] = []
    try:
        async with Proxy(broker.port, BYTES_PER_S, DELAY_S) as line, platform_at(broker.port) as platform:
            lose_packets(line.port)
            async with staged(folder, cloud=site_files.CLOUD.format(port=line.port)) as stage:
                way = stage.app.platform
                assert way is not None
                stage.app.platform = None  # else control on the virtual clock takes turns with it
                await stage.play(120.0)
                idle = len(stage.seen)
                spent = await watch(stage, way, sent)
                stage.app.platform = way
                rungs = sorted({moment.rung.value for moment in stage.seen[idle:]})
                steps = len(stage.seen) - idle
                line.rate(None, 0.0)
                subprocess.run(["nft", "flush", "ruleset"], check=True)
                lost = await everything_arrives(stage, platform, site_files.HOME_ID, 60.0)
    finally:
        broker.stop()
    return {"sent": sent, "rungs": rungs, "steps": steps, "slowest_s": max(spent), "lost": lost}


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    with tempfile.TemporaryDirectory(prefix="bad-line-") as name:
        print(json.dumps(asyncio.run(main(Path(name)))))
