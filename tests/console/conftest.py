"""The site of the console's tests is made once; a test that changes it takes a copy."""

import asyncio
from pathlib import Path

import pytest

from tests.console.api_examples import Api, client
from tests.console.site import ConsoleSite, copied, year_of


@pytest.fixture(scope="session")
def year(tmp_path_factory: pytest.TempPathFactory) -> ConsoleSite:
    folder: Path = tmp_path_factory.mktemp("console-year")
    return asyncio.run(year_of(folder))


@pytest.fixture
def api(year: ConsoleSite) -> Api:
    """The API over the site of all tests."""
    return client(year)


@pytest.fixture
def own(year: ConsoleSite, tmp_path: Path) -> ConsoleSite:
    """A copy that a test may leave requests at."""
    return copied(year, tmp_path)
