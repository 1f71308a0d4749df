"""Bad messages to a site at a broker of this machine: ``python -m tests.security.flood PORT SITE MESSAGES``.

It is a process of its own, so that it takes no time from who serves the site.
"""

import sys
import time

from paho.mqtt import client as mqtt

A_SECOND = 1000
BAD = (b"{", b'{"schema":"tariff/1.0","import_price":[]}', b"[" * 4000)
LARGE = b"\xff" * 60_000  # one in fifty
TOPICS = ("down/input/tariff", "down/ack", "down/cmd/advice")


def flood(port: int, site: str, messages: int) -> None:
    """Send them all, a thousand a second where the machine can."""
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="flood")
    client.connect("127.0.0.1", port)
    client.loop_start()
    began = time.monotonic()
    for sent in range(messages):
        payload = LARGE if sent % 50 == 49 else BAD[sent % 3]
        client.publish(f"ee/1/{site}/{TOPICS[sent % 3]}", payload, qos=0)
        if sent % 20 == 19:
            time.sleep(max(0.0, began + sent / A_SECOND - time.monotonic()))
    client.disconnect()
    client.loop_stop()


if __name__ == "__main__":
    flood(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
