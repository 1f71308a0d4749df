"""A model is delivered to the real daemon, which is killed in the middle of the download and goes on by Range."""

import os
import signal
import time
from pathlib import Path

import pytest
import trustme

from agent.adapters.models.model_archive import fingerprint_of
from simulator.broker import Broker
from simulator.platform import Platform
from tests.adapters.models.model_folders import candidate
from tests.adapters.models.model_server import KEYS, Answer, Send, Served, members_of, packed, serve
from tests.app.processes import Daemon, daemon, enalysis_edge, quick_site, simulator, until
from tests.site_files import HOME_ID, free_ports

CLOUD = """
[cloud]
host = "127.0.0.1"
port = {port}
tls = false
keys_file = "{folder}/keys"
models_ca_file = "{folder}/ca.pem"
"""
AT_ONCE = """
import sys
from agent.cycles import model_delivery
model_delivery.DELAY_S = 0.0
from agent.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


def half_and_then_nothing(served: Served) -> Answer:
    def answer(send: Send, headers: dict[str, str]) -> None:
        send(served.head(headers) + served.content[: len(served.content) // 2])
        time.sleep(60.0)

    return answer


def kill_with_children(daemon: Daemon) -> None:
    """As systemd does with all of a unit."""
    children = Path(f"/proc/{daemon.process.pid}/task/{daemon.process.pid}/children").read_text().split()
    assert children, "a process that fetches"
    daemon.kill()
    for child in children:
        os.kill(int(child), signal.SIGKILL)


def told(platform: Platform, word: str) -> list[str]:
    rows = list(platform.stream(HOME_ID, "event").rows.values())
    return [str(row["text"]) for row in rows if word in str(row["text"])]


@pytest.mark.broker
def test_a_daemon_that_is_killed_in_a_download_goes_on_with_it(
    tmp_path: Path, broker: Broker, platform: Platform
) -> None:
    authority, command = trustme.CA(), ("-c", AT_ONCE)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    (tmp_path / "keys").write_text(KEYS)
    (tmp_path / "made").mkdir()
    content, card_size = packed(candidate(tmp_path / "made", "own", version="3.1.4"))
    inverter_port, meter_port = free_ports(2)
    config = quick_site(tmp_path, inverter_port, meter_port, CLOUD.format(port=broker.port, folder=tmp_path))
    incoming = tmp_path / "models" / ".incoming"

    def arrived() -> int:
        return sum(path.stat().st_size for path in incoming.glob("*.part"))

    with serve(content, authority.issue_cert("127.0.0.1")) as served, simulator(inverter_port, meter_port):
        served.answer = half_and_then_nothing(served)
        platform.send_model(HOME_ID, members_of(content, card_size, served.url))
        with daemon(config, command=command) as killed:
            until(lambda: arrived() == len(content) // 2, "half of the file", 60.0)
            kill_with_children(killed)
        served.answer = served.well
        with daemon(config, command=command) as again:
            until(lambda: bool(told(platform, "is here")), "a word about the model", 60.0)
            assert again.stop() == 0
    assert served.asked[-1]["range"] == f"bytes={len(content) // 2}-"
    assert fingerprint_of(tmp_path / "models" / "own") == fingerprint_of(tmp_path / "made" / "own")
    listed = enalysis_edge("models", "list", "--config", config, COLUMNS="200").stdout
    assert "from the platform: own, delivery 1" in listed
