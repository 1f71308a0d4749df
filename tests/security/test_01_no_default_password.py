"""Item 1: without a password the console is for this machine alone, and lets nobody in."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import httpx

from tests.app.processes import ROOT, until
from tests.console.served import JSON
from tests.security.items import security
from tests.security.sockets import sockets_of
from tests.site_files import free_ports, write_home

TRIED = ("", "admin", "password", "12345678", "enalysis-edge", "home-1")


@security(1, shows="a fresh console, the real process: on loopback alone, and no password opens it")
def test_a_fresh_console_is_on_loopback_and_opens_to_no_password(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    config = write_home(tmp_path, inverter_port=1, meter_port=2, more_devices=f"\n[console]\nport = {port}\n")
    runtime = tmp_path / "run"
    runtime.mkdir()
    command = [sys.executable, "-m", "agent", "console", "--config", str(config)]
    around = {**os.environ, "RUNTIME_DIRECTORY": str(runtime)}
    with subprocess.Popen(command, cwd=ROOT, env=around, stderr=subprocess.DEVNULL) as console:
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}") as asking:

                def answers() -> bool:
                    with suppress(httpx.TransportError):
                        return asking.get("/").status_code < 500
                    return False

                until(answers, "the console")
                listening = [one for one in sockets_of(console.pid) if one.listens]
                assert [(one.port, one.is_local) for one in listening] == [(port, True)]
                headers = {**JSON, "Origin": f"http://127.0.0.1:{port}"}
                for word in TRIED:
                    answer = asking.post("/api/v1/session", json={"password": word}, headers=headers)
                    assert (answer.status_code, answer.json()["code"]) == (503, "not_set_up")
        finally:
            console.terminate()
