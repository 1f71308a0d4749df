"""One Chromium for all tests of this folder; without one they are skipped, and say why."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.console.browser.screen import ARGS, Served, serving
from tests.console.site import ConsoleSite, copied


@pytest.fixture(scope="package")
def browser(year: ConsoleSite) -> Iterator[Browser]:
    """Begun after the site is made and ended with the folder: playwright's loop lets no other run meanwhile."""
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("chromium is missing and cannot be installed here: the pages are not looked at")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=ARGS)
        yield started
        started.close()


@pytest.fixture
def served(year: ConsoleSite, tmp_path: Path) -> Iterator[Served]:
    """A year of the site, whose agent runs."""
    with serving(copied(year, tmp_path)) as one:
        yield one
