"""One whole site for all tests that only look at it."""

from collections.abc import Iterator

import pytest

from simulator.broker import find_mosquitto
from tests.security.whole_site import STRACE, WholeSite, whole_site


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeSite]:
    if STRACE is None or find_mosquitto() is None:
        pytest.skip("strace, which lists the connections, or mosquitto is not installed here")
    with whole_site(tmp_path_factory.mktemp("whole_site")) as found:
        yield found
