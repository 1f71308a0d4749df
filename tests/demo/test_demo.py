"""The demo as a user starts it: bad input gets one sentence, Ctrl-C an orderly end."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

HEADER = "timestamp,load_kw,pv_kw,import_price_per_kwh,carbon_kg_per_kwh\n"


def demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "demo", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "cannot be read"),
        ("", "empty"),
        ("time,load\n", "timestamp"),
        (HEADER + "2026-01-01T00:00:00Z,1,0,.2,.2\n2026-01-01T02:00:00Z,1,0,.2,.2\n", "site.csv:3:"),
        (HEADER + "2026-01-01T00:00:00Z,1,0,.2,.2\n2026-01-01T01:00:00+01:00,1,0,.2,.2\n", "site.csv:3:"),
        (HEADER + "2026-01-01T00:00:00Z,1,0,.2,.2\n2026-01-01T01:00:00Z,one,0,.2,.2\n", "site.csv:3:"),
        (HEADER + "2026-01-01T00:00:00Z,1,0,.2,.2\n2026-01-01T01:00:00Z,1,0,.2,.2\n", "30 are needed"),
    ],
)
def test_a_bad_file_gets_one_sentence(text: str | None, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "site.csv"
    if text is not None:
        path.write_text(text)
    ended = demo("--site", str(path))
    said = " ".join(ended.stdout.split())
    assert ended.returncode == 2
    assert sentence in said
    assert "Traceback" not in ended.stdout + ended.stderr


@pytest.mark.parametrize("arguments", [["--days", "0"], ["--speed", "-1"], ["--step", "120"], ["--start", "yesterday"]])
def test_a_bad_argument_is_refused(arguments: list[str]) -> None:
    ended = demo(*arguments)
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr


def test_ctrl_c_releases_the_battery_and_leaves_no_process_behind(tmp_path: Path) -> None:
    picture = tmp_path / "day.png"
    command = [sys.executable, "-m", "demo", "--out", str(picture)]
    playing = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    while len(_children(playing.pid)) < 2:  # the broker, and a planner: it plays
        assert playing.poll() is None
        time.sleep(0.02)
    time.sleep(3.0)
    children = _children(playing.pid)
    os.kill(playing.pid, signal.SIGINT)
    said, _ = playing.communicate(timeout=60)
    assert playing.returncode == 130, said
    assert "the battery is released" in said
    assert re.search(r"\d+ rows sent, \d+ acknowledged, 0 lost", " ".join(said.split()))
    assert "Traceback" not in said
    assert picture.is_file()
    assert not [pid for pid in children if _alive(pid)]


@pytest.mark.parametrize("after_s", [0.15, 0.4, 0.8])
def test_ctrl_c_while_it_loads_is_no_traceback(after_s: float, tmp_path: Path) -> None:
    playing = subprocess.Popen(
        [sys.executable, "-m", "demo", "--out", str(tmp_path / "day.png")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    time.sleep(after_s)
    for _ in range(3):
        os.kill(playing.pid, signal.SIGINT)
        time.sleep(0.1)
    said, _ = playing.communicate(timeout=60)
    assert playing.returncode in (130, -signal.SIGINT)
    assert "demo/" not in said  # no frame of ours


def _children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in found.read_text().split()] if found.exists() else []


def _alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
