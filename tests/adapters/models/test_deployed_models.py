"""What the platform is told of the models in charge: name, version and hash."""

import subprocess
import sys
from pathlib import Path

from agent.adapters.host.clock import VirtualClock
from agent.adapters.models.deployed_models import EVERY_S, DeployedModels
from agent.adapters.models.model_archive import fingerprint_of
from tests.adapters.models.model_folders import SHIPPED
from tests.adapters.models.test_model_registry import NOW, promote


async def test_the_installed_model_and_then_the_promoted_one(tmp_path: Path) -> None:
    clock = VirtualClock(NOW)
    deployed = DeployedModels(clock, tmp_path / "models", {"load_w": SHIPPED / "consumption", "pv_w": tmp_path / "no"})
    await deployed.look(connected=True)
    installed = {"name": "consumption", "fingerprint": fingerprint_of(SHIPPED / "consumption")}
    assert deployed.found == {"load_w": installed, "pv_w": {"name": "no"}}
    seat = promote(tmp_path, "own")
    await deployed.look(connected=True)
    await deployed.look(connected=False)
    assert deployed.found["load_w"] == installed, "not with every step"
    await clock.sleep(EVERY_S)
    await deployed.look(connected=False)
    assert deployed.found["load_w"] == {"name": "own", "version": seat.version, "fingerprint": seat.fingerprint}


def test_the_controller_loads_neither_numpy_nor_what_verifies_for_it() -> None:
    looked = "import agent.app, sys; print({'numpy', 'onnxruntime', 'cryptography'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", looked], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
