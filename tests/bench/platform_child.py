"""The simulated platform in a process of its own: ``platform_child.py PORT [plain]``. A line in, a line of JSON out.

``plain``: it does not say that it reads a compressed backlog.
"""

import json
import sys
import time
from datetime import UTC, datetime
from typing import Any

from simulator.platform import Platform


class Watch(Platform):
    """Notes how late every ``up/live`` was when it came, in seconds by this machine's clock."""

    late_s: float = 0.0

    def _take_document(self, site_id: str, kind: str, body: dict[str, Any]) -> None:
        if kind == "live":
            sent_at = datetime.fromisoformat(body["at"])
            self.late_s = max(self.late_s, (datetime.now(UTC) - sent_at).total_seconds())
        super()._take_document(site_id, kind, body)


def main(port: int, form: str = "history") -> None:
    platform = Watch(port)
    platform.reads_history = form != "plain"
    platform.start()
    print("ready", flush=True)
    for _ in sys.stdin:
        streams = platform.streams.values()
        told = {
            "at": time.monotonic(),
            "rows": platform.counts["rows"],
            "twice": sum(stream.duplicates for stream in streams),
            "gaps": sum(stream.gaps for stream in streams),
            "late_s": platform.late_s,
        }
        print(json.dumps(told), flush=True)
    platform.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
