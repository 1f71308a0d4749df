"""A broker for demonstrations and tests, on loopback: mosquitto where it is installed, else amqtt."""

import base64
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

START_S = 10.0
PASSWORD_ITERATIONS = 101  # mosquitto_passwd's own number for its $7$ (PBKDF2-SHA512) format


def find_mosquitto() -> str | None:
    """The path of mosquitto, also where only root has its folder in PATH."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


@dataclass(slots=True)
class Broker:
    """A running broker. ``protocol`` is the newest it speaks: mosquitto 5, amqtt 3.1.1."""

    kind: str
    port: int
    protocol: str
    command: list[str]
    log: Path
    child: subprocess.Popen[bytes]

    def stop(self) -> None:
        """End it in an orderly way; sessions and retained messages last where the broker keeps them."""
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGCONT)
            self.child.terminate()
            try:
                self.child.wait(5.0)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()

    def kill(self) -> None:
        """End it as a power cut would."""
        self.child.kill()
        self.child.wait()

    def restart(self) -> None:
        """Start it again on the same port after ``stop`` or ``kill``."""
        self.child = _launch(self.command, self.port, self.log)

    def freeze(self) -> None:
        """Connections stay open and nothing is answered."""
        self.child.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.child.send_signal(signal.SIGCONT)


def start_broker(
    directory: Path,
    users: Mapping[str, str] | None = None,
    kind: str | None = None,
    more: Sequence[str] = (),
) -> Broker:
    """Start a broker with its files in ``directory`` on a free port.

    ``users`` maps names to passwords; None lets everybody in. ``kind`` is ``mosquitto`` or ``amqtt``; None takes
    mosquitto where it is installed; ``more`` are further lines of its configuration. Raises RuntimeError with the
    broker's own words when it does not start.
    """
    port = _free_port()
    program = find_mosquitto()
    chosen = kind or ("mosquitto" if program else "amqtt")
    log = directory / f"{chosen}.log"
    if chosen == "amqtt":
        if users:
            raise RuntimeError("the amqtt broker is only used without passwords")
        command = [sys.executable, "-m", "simulator.amqtt_broker", str(port)]
        return Broker("amqtt", port, "3.1.1", command, log, _launch(command, port, log))
    if program is None:
        raise RuntimeError("mosquitto is not installed on this machine")
    config = _write_config(directory, port, users, more)
    command = [program, "-c", str(config)]
    return Broker("mosquitto", port, "5", command, log, _launch(command, port, log))


def _write_config(directory: Path, port: int, users: Mapping[str, str] | None, more: Sequence[str]) -> Path:
    lines = [
        f"listener {port} 127.0.0.1",
        f"allow_anonymous {'false' if users else 'true'}",
        "persistence true",
        f"persistence_location {directory}/",
        "max_queued_messages 1000",
    ]
    if os.geteuid() == 0:
        lines.append("user root")  # else it changes to a user who cannot write to the directory
    if users:
        passwords = directory / "passwords"
        passwords.write_text("".join(f"{name}:{_hashed(word)}\n" for name, word in users.items()), "utf-8")
        passwords.chmod(0o600)
        lines.append(f"password_file {passwords}")
    config = directory / "mosquitto.conf"
    config.write_text("\n".join([*lines, *more]) + "\n", "utf-8")
    return config


def _hashed(password: str) -> str:
    """A password in the format of mosquitto's password file ($7$: PBKDF2 with SHA-512)."""
    salt = os.urandom(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, PASSWORD_ITERATIONS, 64)
    return f"$7${PASSWORD_ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def _launch(command: list[str], port: int, log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and child.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=0.5).close()
        except OSError:
            time.sleep(0.05)
        else:
            return child
    child.kill()
    child.wait()
    raise RuntimeError(f"the broker did not start: {log.read_text('utf-8', 'replace').strip()[-400:]}")


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
