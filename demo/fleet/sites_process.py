"""A part of the fleet's sites, in a process of its own."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from random import random
from typing import Any

import structlog

from agent.adapters.mqtt.mqtt_settings import MqttSettings
from demo.fleet.answering import answer, terms
from demo.fleet.fast_clock import FastClock, midnight
from demo.fleet.light_site import LightSite
from demo.fleet.light_store import EVERY_S
from demo.fleet.site_day import MINUTES, play_day

STREAMS = (*EVERY_S, "event")
STARTS_A_S = 60.0  # sites that this process connects a second at the beginning
Order = Callable[[Any], Awaitable[object]]
QUIET = 50  # what a site would log is counted instead


class Sites:
    """Answers orders about all sites of this process."""

    def __init__(self, asked: dict[str, Any]) -> None:
        self._clock = FastClock(midnight(), float(asked["speed"]))
        names: list[str] = asked["sites"]
        day = play_day(midnight(), int(asked["seed"]))
        self._sites = [
            LightSite(
                MqttSettings(asked["host"], int(asked["port"]), name, tls=False),
                self._clock,
                day,
                at * MINUTES // len(names),
            )
            for at, name in enumerate(names)
        ]
        self._marks: dict[str, dict[str, int]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, value: object) -> None:
        """Connect all, spread over a while."""
        over_s = len(self._sites) / STARTS_A_S
        self._tasks = [asyncio.create_task(site.run(over_s * random())) for site in self._sites]

    async def look(self, value: object) -> dict[str, int]:
        """How many are connected, how often that came about, and how many rows are on their way."""
        behind = [last - acked for site in self._sites for acked, last in (await site.store.backlog()).values()]
        return {
            "connected": sum(site.link.connected for site in self._sites),
            "connections": sum(site.link.connections for site in self._sites),
            "behind": sum(behind),
            "before_mark": await self._before_mark(),
            "failed": sum(task.done() for task in self._tasks),
            "rebuilt": sum(site.link.rebuilt for site in self._sites),
        }

    async def run_at(self, value: Any) -> None:
        """Let the wall time run so many times as fast as this machine's."""
        self._clock.run_at(float(value))

    async def mark(self, value: object) -> None:
        """Remember the last rows of now."""
        self._marks = await self.ends(None)

    async def freeze(self, value: object) -> None:
        """Make no more minutes and decisions."""
        self._clock.made_until = self._clock.now()

    async def passed(self, value: object) -> dict[str, Any]:
        """What all links carried so far, by topic, and the fleet's own time (seconds since its beginning)."""
        messages, octets = Counter[str](), Counter[str]()
        for site in self._sites:
            messages += site.counted.messages
            octets += site.counted.octets
        return {"messages": messages, "octets": octets, "at_s": (self._clock.now() - midnight()).total_seconds()}

    async def ends(self, value: object) -> dict[str, dict[str, int]]:
        """The last seq of every stream of every site."""
        return {site.site_id: {name: site.store.last(name) for name in STREAMS} for site in self._sites}

    async def end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(site.stop() for site in self._sites))

    async def _before_mark(self) -> int:
        """Rows up to the mark that are not acknowledged yet."""
        missing = 0
        for site in self._sites:
            backlog, marks = await site.store.backlog(), self._marks.get(site.site_id, {})
            missing += sum(max(0, last - backlog[name][0]) for name, last in marks.items())
        return missing


async def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(QUIET))
    sites = Sites(terms())
    orders: dict[str, Order] = {"start": sites.start, "look": sites.look, "run_at": sites.run_at, "mark": sites.mark}
    orders |= {"freeze": sites.freeze, "passed": sites.passed, "ends": sites.ends}
    while line := await asyncio.to_thread(sys.stdin.readline):
        order, value = json.loads(line)
        answer(await orders[order](value))
    await sites.end()


if __name__ == "__main__":
    asyncio.run(main())
