"""A secret is in no log, no message, no store and no output, whatever goes wrong around it."""

import json
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest
from paho.mqtt import client as mqtt

from simulator.broker import find_mosquitto, start_broker
from tests.app.processes import daemon, enalysis_edge, quick_site, simulator, until
from tests.faults.catalogue import fault
from tests.home_assistant.listener import section
from tests.security.items import security
from tests.site_files import CLOUD, HOME_ID, free_ports

CANARY = "canary-Zx81-hunter2"
OTHER = "canary-Qy72-key"


def everything_said(port: int, heard: list[bytes]) -> "mqtt.Client":
    """A client that hears all messages of the broker."""
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="ear")
    client.username_pw_set("ear", "listens")
    client.on_connect = lambda *_: client.subscribe("#", qos=1)
    client.on_message = lambda _client, _data, message: heard.append(message.topic.encode() + message.payload)
    client.connect("127.0.0.1", port)
    client.loop_start()
    return client


@security(
    12, shows="canary grep of log, messages, store and output, with a broker that refuses and site files that are wrong"
)
@pytest.mark.broker
@pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed on this machine")
@fault(63, injected="a password, a private key and a password in the wrong place, with a broker that refuses it first")
def test_a_secret_is_said_nowhere(tmp_path: Path) -> None:
    inverter_port, meter_port = free_ports(2)
    (tmp_path / "broker").mkdir()
    (tmp_path / "secret").write_text(CANARY + "\n")
    broker = start_broker(tmp_path / "broker", users={HOME_ID: CANARY, "ear": "listens"})
    heard: list[bytes] = []
    ear = everything_said(broker.port, heard)
    said: list[str] = []

    def asked(*arguments: str | Path) -> None:
        found: subprocess.CompletedProcess[str] = enalysis_edge(*arguments)
        said.extend((found.stdout, found.stderr))

    secret = f'username = "{HOME_ID}"\npassword_file = "secret"\n'
    cloud = CLOUD.format(port=broker.port) + secret + section(broker.port, secret)
    config = quick_site(tmp_path, inverter_port, meter_port, cloud=cloud, log_level="debug")
    good = config.read_text("utf-8")
    try:
        with simulator(inverter_port, meter_port), daemon(config) as running:
            until(lambda: any(b"up/status" in one for one in heard), "the agent at the broker")
            until(lambda: any(b"homeassistant/" in one for one in heard), "the device for Home Assistant")
            until(lambda: any(b"up/data" in one or b"up/event" in one for one in heard), "rows at the broker")
            ear.publish(f"ee/1/{HOME_ID}/down/input/tariff", json.dumps({"password": OTHER}), qos=1)
            ear.publish(f"ee/1/{HOME_ID}/down/cmd/advice", OTHER, qos=1)
            until(lambda: running.said().count("message_refused") >= 2, "refusals")
            (tmp_path / "secret").write_text(OTHER + "\n")
            broker.kill()
            broker.restart()
            until(lambda: "link_down" in running.said(), "the link is refused with a wrong password")
            time.sleep(1.5)
            for command in ("status", "explain", "report"):
                asked(command, "--config", config)
            for mistake in (f'password = "{OTHER}"', f'password = "{OTHER}', f"password = {OTHER}", f'key = "{OTHER}"'):
                config.write_text(good.replace("tls = false", f"tls = false\n{mistake}"), "utf-8")
                asked("check", config)
                asked("status", "--config", config)
            running.stop()
            said.append(running.said())
    finally:
        ear.loop_stop()
        broker.stop()
    with closing(sqlite3.connect(tmp_path / "site.sqlite3")) as store:
        said.append("\n".join(store.iterdump()))
    everything = "\n".join(said).encode() + b"\n".join(heard)
    assert len(everything) > 10_000, "something was said"
    for secret in (CANARY, OTHER):
        assert secret.encode() not in everything.replace(b'{"password": "' + OTHER.encode() + b'"}', b"").replace(
            b"down/cmd/advice" + OTHER.encode(), b""
        ), "only what the test itself has sent may hold it"
