"""The simulated platform of the fleet, in a process of its own: it can be away, and counts every row it was sent."""

import json
import sys
from collections.abc import Mapping
from typing import Any

from demo.fleet.answering import answer, terms
from simulator.platform import Platform, ReceivedStream

_ROW: dict[str, Any] = {}


class CountedStream(ReceivedStream):
    """Keeps which rows came and not what stands in them."""

    def take(self, batch: Mapping[str, Any]) -> None:
        super().take(batch)
        for values in batch["rows"]:
            self.rows[values[0]] = _ROW


class FleetPlatform(Platform):
    """A platform for many sites."""

    def stream(self, site_id: str, name: str) -> ReceivedStream:
        with self._lock:
            return self.streams.setdefault((site_id, name), CountedStream())


class Service:
    """Answers orders. What it has received outlasts its being away."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._platform = FleetPlatform(port)
        self._platform.start()

    def away(self, value: object) -> None:
        """Leave the broker, which keeps what comes as far as it likes to."""
        self._platform.stop()

    def back(self, value: object) -> None:
        """Come back with all that was known."""
        before, self._platform = self._platform, FleetPlatform(self._port)
        self._platform.streams, self._platform.counts = before.streams, before.counts
        self._platform.start()

    def totals(self, value: object) -> dict[str, int]:
        """Sums over all sites."""
        streams = list(self._platform.streams.values())
        return {
            **self._platform.counts,
            "again": sum(stream.duplicates for stream in streams),
            "gaps": sum(stream.gaps for stream in streams),
            "declared_lost": sum(stream.declared_lost for stream in streams),
        }

    def compare(self, ends: dict[str, dict[str, int]]) -> dict[str, int]:
        """What is here beside the last seqs of all streams."""
        return compare(self._platform.streams, ends)

    def end(self) -> None:
        self._platform.stop()


def compare(here: Mapping[tuple[str, str], ReceivedStream], ends: dict[str, dict[str, int]]) -> dict[str, int]:
    """Rows 1 to the last of every stream beside those that are ``here``: how many lack, how many nobody has made."""
    made = {
        (site, name, seq) for site, lasts in ends.items() for name, last in lasts.items() for seq in range(1, last + 1)
    }
    come = {(site, name, seq) for (site, name), stream in here.items() for seq in stream.rows}
    return {"made": len(made), "lost": len(made - come), "strange": len(come - made)}


def main() -> None:
    service = Service(int(terms()["port"]))
    orders = {"away": service.away, "back": service.back, "totals": service.totals, "compare": service.compare}
    for line in sys.stdin:
        order, value = json.loads(line)
        answer(orders[order](value))
    service.end()


if __name__ == "__main__":
    main()
