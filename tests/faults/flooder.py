"""Whoever may write to the broker and means no good: ``python -m tests.faults.flooder PORT SITE SECONDS``.

A thousand messages a second: forged commands, nonsense, topics that nobody has asked for, of this site and others. Some
are retained. Prints how many it has sent.
"""

import json
import sys
import time
from datetime import UTC, datetime
from random import Random

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from simulator.signer import Signer

PER_S = 1000


def main(port: int, site: str, seconds: float) -> int:
    chance, forger = Random(7), Signer("ops-1", bytes(32))
    forged = json.dumps(forger.command(site, "override", {"action": "discharge", "lease_s": 60}, datetime.now(UTC)))
    large = json.dumps({"schema": "tariff/1.0", "import_price": [0.1] * 12_000})
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="flooder", protocol=MQTTProtocolVersion.MQTTv5)
    client.connect("127.0.0.1", port)
    client.loop_start()
    began, sent = time.monotonic(), 0
    while time.monotonic() - began < seconds:
        topic, payload = chance.choice(
            (
                (f"ee/1/{site}/down/cmd/override", forged),
                (f"ee/1/{site}/down/cmd/{chance.randrange(10**6)}", "{}"),
                (f"ee/1/other-{chance.randrange(10**6)}/down/cmd/override", forged),
                (f"ee/1/{site}/down/input/tariff", large),
                (
                    f"ee/1/{site}/down/ack",
                    '{"schema": "ack/1.0", "ts": "2026-06-01T00:00:00Z", "streams": {"minute": 9}}',
                ),
                ("ee/1/_all/down/notice", "[" * 1000),
                (f"anything/{chance.randrange(10**6)}", "\x00" * 100),
            )
        )
        client.publish(topic, payload, qos=0, retain=chance.random() < 0.01)
        sent += 1
        ahead_s = sent / PER_S - (time.monotonic() - began)
        if ahead_s > 0.01:
            time.sleep(ahead_s)
    client.disconnect()
    client.loop_stop()
    print(sent)
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2], float(sys.argv[3])))
