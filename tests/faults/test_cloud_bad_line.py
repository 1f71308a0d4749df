"""A line that is slow, late and loses packets: the newest values go before a backlog, and control does not notice."""

import json
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from simulator.broker import find_mosquitto
from tests.faults.catalogue import Outcome, fault

pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed on this machine"),
    pytest.mark.skipif(shutil.which("nft") is None, reason="nft (nftables) is not installed on this machine"),
]
ROOT = Path(__file__).parents[2]


@fault(49, injected="nft drops a fifth of the packets of a line with 8 kbit/s and 600 ms", rows_lost=0)
def test_on_a_bad_line_live_values_go_first_and_control_is_untouched(outcome: Outcome) -> None:
    command = ["unshare", "--net", sys.executable, "-m", "tests.faults.bad_line"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=180.0)
    if done.stderr.startswith("unshare:"):
        pytest.skip(f"no network namespace can be made here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["rungs"] == ["plan"]
    assert told["steps"] > 100
    topics = [topic for topic, _ in told["sent"]]
    assert topics[0] == "up/info"
    assert topics[1] == "up/live"
    batches = [at for at, topic in enumerate(topics) if topic == "up/data/minute"]
    assert batches
    for before, after in pairwise(batches):
        assert "up/live" in topics[before:after], "no two parts of a backlog without what counts now between them"
    assert all(size <= 6000 for topic, size in told["sent"] if topic.startswith("up/data")), "six seconds of this line"
    outcome.lost(told["lost"])
