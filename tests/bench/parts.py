"""What the controller's memory and its start consist of: its imports one after the other, in one process each round."""

import json
import sys

from tests.bench.children import BARE_IMPORT, compile_sources, output_of
from tests.bench.figures import Figure, Samples

ROUNDS = 5
PARTS = (
    ("an empty interpreter", "pass"),
    ("the import line", BARE_IMPORT),
    ("pydantic's BaseModel, which `import pydantic` leaves for later", "from pydantic import BaseModel, TypeAdapter"),
    ("nouns of the domain", "import agent.domain.plan, agent.domain.wire, agent.domain.tariff, agent.ports"),
    ("drivers", "import drivers.registry"),
    ("the site file: sections, checks", "import agent.settings.load"),
    ("the store", "import agent.adapters.store.sqlite_store, agent.adapters.store.side_tables"),
    ("the platform: link, payloads, messages", "import agent.adapters.mqtt.mqtt_link, agent.adapters.mqtt.payloads"),
    ("cycles and pure rooms", "import agent.app, agent.cli.serve"),
    ("APScheduler (after READY)", "import agent.adapters.host.timetable"),
)
CHILD = """
import gc, json, sys, time
gc.disable()
def anonymous():
    with open("/proc/self/smaps_rollup") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Anonymous:")) / 1024
found, before, since = [], 0.0, 0.0
for part in json.loads(sys.argv[1]):
    exec(part)
    now, mib = time.process_time(), anonymous()
    found.append((mib - before, 1000 * (now - since)))
    before, since = mib, time.process_time()
print(json.dumps(found))
"""


def measure() -> list[Figure]:
    """Anonymous MiB and CPU ms that each part adds to those before it."""
    compile_sources()
    command = [sys.executable, "-c", CHILD, json.dumps([part for _, part in PARTS])]
    rounds = [json.loads(output_of(command, {"PYDANTIC_DISABLE_PLUGINS": "__all__"})) for _ in range(ROUNDS)]
    figures = []
    for index, (what, _) in enumerate(PARTS):
        memory, cpu = (Samples(column) for column in zip(*(found[index] for found in rounds), strict=True))
        figures += [Figure(f"memory: {what}", "MiB", memory), Figure(f"start: {what}", "ms", cpu)]
    return figures
