"""Every page in every state in which something is missing, stands still, is old or turns: on desktop and on phones."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.console.browser.screen import looking
from tests.console.browser.states import STATES, Case
from tests.console.site import ConsoleSite

pytestmark = pytest.mark.browser

PAGES = {
    "now": "now",
    "plan": "plan",
    "consumption": "analytics?span=week",
    "cost": "analytics?view=cost&span=day",
    "savings": "analytics?view=savings&span=month",
    "advice": "advice",
    "site": "settings?tab=site",
    "commissioning": "settings?tab=commissioning",
    "log": "settings?tab=log",
}
SCREENS = [("desktop", "en-GB"), ("phone", "de-DE"), ("narrow", "en-GB")]


@pytest.mark.parametrize("state", STATES)
def test_each_page_is_fit_to_be_shown_in(state: str, year: ConsoleSite, tmp_path: Path, browser: Browser) -> None:
    """Two of the screens for each state, in turn."""
    place = list(STATES).index(state)
    with STATES[state](Case(year, tmp_path)) as served:
        for size, locale in (SCREENS[0], SCREENS[1 + place % 2]):
            with looking(browser, served, size, locale=locale) as screen:
                for what, path in PAGES.items():
                    screen.go(path)
                    screen.look_in_both(f"{state}-{what}")
