"""The laboratory of ``compose.yaml``: its text, and what its services run, at a real broker with its own configuration.

Docker is not at hand here: images and networks are not tried, the commands and the broker's files are.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.adapters.mqtt.mqtt_link import MqttLink
from agent.domain.envelope import Envelope
from agent.ports import EnvelopeRefused
from demo.laboratory.__main__ import reach
from demo.laboratory.certificates import site_names
from simulator.broker import Broker, _free_port, _launch, find_mosquitto
from tests.waiting import until

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "demo" / "laboratory"
BIRTH = b'{"session": "s", "status": "online", "ts": "2026-06-01T00:00:00.000Z"}'
needs_mosquitto = pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed on this machine")


def read_compose() -> dict[str, Any]:
    """The YAML that the file keeps to: mappings by two spaces, lists of strings, JSON in one line."""
    root: dict[str, Any] = {}
    open_ones: list[tuple[int, Any]] = [(-1, root)]
    for line in (ROOT / "compose.yaml").read_text("utf-8").splitlines():
        text, depth = line.strip(), len(line) - len(line.lstrip())
        if not text or text.startswith("#"):
            continue
        while open_ones[-1][0] >= depth:
            open_ones.pop()
        inside = open_ones[-1][1]
        if text.startswith("- "):
            inside.setdefault("", []).append(json.loads(text[2:]))
            continue
        name, _, value = text.partition(":")
        assert depth % 2 == 0, line
        assert name not in inside, f"{name} stands twice"
        inside[name] = (json.loads(value) if value.strip().startswith("[") else value.strip()) if value else {}
        open_ones.append((depth, inside[name]))
    return root


def test_the_file_is_whole() -> None:
    compose = read_compose()
    services = compose["services"]
    assert set(services) == {"certificates", "broker", "platform", "sites"}
    assert services["broker"]["depends_on"] == {"certificates": {"condition": "service_completed_successfully"}}
    assert {name: services[name]["depends_on"] for name in ("platform", "sites")} == {
        "platform": ["broker"],
        "sites": ["broker"],
    }
    volumes = {name: one["volumes"].get("", []) if isinstance(one["volumes"], dict) else one["volumes"]
               for name, one in services.items()}  # fmt: skip
    for mounted in (volume.split(":") for mounts in volumes.values() for volume in mounts):
        assert (ROOT / mounted[0]).is_file() if mounted[0].startswith(".") else mounted[0] in compose["volumes"]
    assert [name for name, mounts in volumes.items() if "certificates:/certificates" in mounts] == ["certificates"]
    assert services["broker"]["ports"] == ["127.0.0.1:8883:8883"], "nobody else reaches it"
    build = services["certificates"]["build"]
    assert (ROOT / build["dockerfile"]).is_file()
    assert {one["image"] for name, one in services.items() if name != "broker"} == {services["certificates"]["image"]}


def test_the_file_is_yaml() -> None:
    yaml = pytest.importorskip("yaml", reason="no YAML parser is installed (the demo extra brings one)")
    own, real = read_compose(), yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
    assert set(own["services"]) == set(real["services"])
    assert own["services"]["sites"] == real["services"]["sites"]


def test_what_is_copied_into_the_image_is_there() -> None:
    copied = [line.split()[1] for line in (FOLDER / "Dockerfile").read_text("utf-8").splitlines() if "COPY" in line]
    assert copied
    assert all((ROOT / name).is_dir() for name in copied)
    assert (ROOT / "lock" / "demo.txt").is_file()


class Laboratory:
    """Its services on this machine: the same commands, the same broker's files, other folders and ports."""

    def __init__(self, folder: Path) -> None:
        self.certificates, self.port = folder / "certificates", _free_port()
        self._stack, self._services = ExitStack(), read_compose()["services"]
        self.run("certificates").wait(60)
        config = (FOLDER / "mosquitto.conf").read_text("utf-8")
        for there, here in (
            ("listener 8883", f"listener {self.port} 127.0.0.1\nuser root"),
            ("/certificates", str(self.certificates)),
            ("/mosquitto/config/acl", str(ROOT / "config" / "mosquitto.acl")),
            ("/mosquitto/data/", f"{folder}/"),
        ):
            assert there in config
            config = config.replace(there, here)
        (folder / "mosquitto.conf").write_text(config, "utf-8")
        command, log = [str(find_mosquitto()), "-c", str(folder / "mosquitto.conf")], folder / "broker.log"
        broker = Broker("mosquitto", self.port, "5", command, log, _launch(command, self.port, log))
        self._stack.callback(broker.stop)

    def run(self, service: str) -> subprocess.Popen[str]:
        other = {"/certificates": str(self.certificates), "broker": "127.0.0.1", "8883": str(getattr(self, "port", ""))}
        words = [other.get(word, word) for word in self._services[service]["command"]]
        command = [sys.executable, "-m", "demo.laboratory", *words]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self._stack.callback(self.stop, child)
        return child

    def stop(self, child: subprocess.Popen[str]) -> None:
        child.terminate()
        child.communicate(timeout=20)

    def close(self) -> None:
        self._stack.close()


@pytest.fixture
def laboratory(tmp_path: Path) -> Iterator[Laboratory]:
    started = Laboratory(tmp_path)
    yield started
    started.close()


def line_with(child: subprocess.Popen[str], words: str) -> str:
    assert child.stdout is not None
    seen = []
    for line in child.stdout:
        seen.append(line)
        if words in line:
            return line
    raise AssertionError("".join(seen))


@pytest.mark.broker
@needs_mosquitto
async def test_ten_sites_come_in_with_their_certificates_and_none_speaks_for_another(laboratory: Laboratory) -> None:
    platform = laboratory.run("platform")
    assert "rows of 0 sites" in line_with(platform, "rows of")
    sites = laboratory.run("sites")
    line_with(sites, "10 of 10 sites are connected")
    assert "rows of 10 sites" in line_with(platform, "rows of 10")
    laboratory.stop(sites)
    names = site_names(2)
    own = reach(laboratory.certificates, "127.0.0.1", laboratory.port, names[0])
    honest, forged = (
        MqttLink(replace(own, site_id=name), lambda word: Envelope("up/status", BIRTH, retain=True)) for name in names
    )
    await honest.start()
    await until(lambda: honest.connected)
    await honest.publish(Envelope("up/info", b"{}"))
    await honest.stop()
    await forged.start()
    await until(lambda: forged.connected)
    with pytest.raises(EnvelopeRefused, match="0x87"):
        await forged.publish(Envelope("up/info", b"{}"))
    await forged.stop()


def test_certificates_are_made_once_and_keys_are_for_their_owner(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "demo.laboratory", "certificates", "--folder", str(tmp_path / "c"), "--sites", "2"]
    said = [subprocess.run(command, capture_output=True, text=True, timeout=60).stdout for _ in range(2)]
    assert said == [f"4 certificates made in {tmp_path}/c\n", f"all certificates are in {tmp_path}/c\n"]
    keys = sorted((tmp_path / "c").glob("*.key"))
    assert [key.stem for key in keys] == ["broker", "platform", *site_names(2)]
    assert {key.stat().st_mode & 0o777 for key in keys} == {0o600}
    assert not (tmp_path / "c" / "ca.key").exists(), "nobody can make another one"


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("sites", "--folder", "x", "--sites", "0"), 2, "laboratory: --sites 0: it has 1 to 100 sites\n"),
        (
            ("platform", "--folder", "/nowhere"),
            1,
            "laboratory: /nowhere holds no certificates; the command certificates makes them\n",
        ),
    ],
)
def test_what_cannot_begin_says_why(words: tuple[str, ...], code: int, why: str) -> None:
    found = subprocess.run(
        [sys.executable, "-m", "demo.laboratory", *words], capture_output=True, text=True, timeout=60
    )
    assert (found.returncode, found.stderr) == (code, why)
