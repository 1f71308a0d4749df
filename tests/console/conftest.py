"""The site of the console's tests is made once; a test that changes it takes a copy."""

import asyncio
from pathlib import Path

import pytest

from tests.console.site import ConsoleSite, year_of


@pytest.fixture(scope="session")
def year(tmp_path_factory: pytest.TempPathFactory) -> ConsoleSite:
    folder: Path = tmp_path_factory.mktemp("console-year")
    return asyncio.run(year_of(folder))
