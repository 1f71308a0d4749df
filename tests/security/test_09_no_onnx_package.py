"""Item 9: what runs on a site never loads the ``onnx`` package, and takes only the onnxruntime whose hash is locked."""

import subprocess
import sys

from tests.app.processes import ROOT
from tests.security.items import security
from tests.test_lock import HASHES, lines

EVERYTHING = """
import importlib, pkgutil, sys
sys.modules["onnx"] = None  # whoever imports it fails
import agent, drivers
names = [one.name for root in (agent, drivers) for one in pkgutil.walk_packages(root.__path__, root.__name__ + ".")]
for name in names:
    if not name.endswith("__main__"):
        importlib.import_module(name)
from agent.adapters.models.onnx_session import open_session
from pathlib import Path
open_session("consumption", Path("exported_models/consumption/model.onnx").read_bytes())
assert "onnxruntime" in sys.modules
assert not [name for name in sys.modules if name.startswith("onnx.")]
print(len(names))
"""


@security(9, shows="every module of agent and drivers is imported and a model loaded where `onnx` cannot be imported")
def test_nothing_that_runs_on_a_site_needs_the_onnx_package() -> None:
    done = subprocess.run([sys.executable, "-c", EVERYTHING], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) > 300


@security(9, shows="the lock of a gateway has no `onnx`, and onnxruntime in one release with hashes")
def test_the_lock_has_no_onnx_and_one_onnxruntime() -> None:
    locked = [line for name in ("runtime", "console") for line in lines(name) if line.startswith("onnx")]
    assert locked
    assert {line.partition("==")[0] for line in locked} == {"onnxruntime"}
    assert all(HASHES.search(line) for line in locked)
