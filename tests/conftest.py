"""What all tests share."""

import atexit
import os
import shutil
import tempfile

from hypothesis import settings

# Daemons of tests steer simulated inverters on ports of the moment: their locks need not outlive the tests.
if "ENALYSIS_EDGE_LOCKS" not in os.environ:
    os.environ["ENALYSIS_EDGE_LOCKS"] = tempfile.mkdtemp(prefix="enalysis-edge-locks-")
    atexit.register(shutil.rmtree, os.environ["ENALYSIS_EDGE_LOCKS"], ignore_errors=True)

# A landing is judged by the same examples every time; at the desk, hypothesis goes on looking for new ones.
settings.register_profile("landing", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("landing")
