"""What all tests share."""

import os

from hypothesis import settings

# A landing is judged by the same examples every time; at the desk, hypothesis goes on looking for new ones.
settings.register_profile("landing", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("landing")
