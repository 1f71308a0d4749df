"""The console beside the demo: it shows the demo's own time, and ends with it."""

import re
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import httpx
import pytest

SAID = re.compile(r"console: (http://127\.0\.0\.1:\d+)/ password ([0-9a-f-]+)")


def test_the_demo_is_seen_in_the_browser_while_it_plays(tmp_path: Path) -> None:
    command = [sys.executable, "-u", "-m", "demo", "--console", "--out", str(tmp_path / "day.png")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as playing:
        assert playing.stdout is not None
        found = next(match for line in playing.stdout if (match := SAID.search(line)))
        where, password = found.groups()
        with httpx.Client(base_url=where, headers={"Origin": where}, timeout=30.0) as asking:
            assert asking.get("/health").status_code == 401
            assert asking.post("/api/v1/session", json={"password": password}).status_code == 200
            while None in ((now := asking.get("/api/v1/realtime/energy-flow").json())["setpoint"], now["state"]):
                time.sleep(0.2)
        shown, state = (datetime.fromisoformat(text) for text in (now["at"], now["state"]["at"]))
        playing.send_signal(signal.SIGINT)
        said, _ = playing.communicate(timeout=180)
    assert now["running"]
    assert now["age_s"] < 60.0
    assert abs(shown - state).total_seconds() < 3600.0, "the demo's time, not the machine's"
    assert playing.returncode == 130, said
    assert "Traceback" not in said
    with pytest.raises(httpx.ConnectError):
        httpx.get(where)
