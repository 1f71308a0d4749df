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
SCREENS = [
    [("desktop", "light", "en-GB"), ("phone", "dark", "de-DE")],
    [("desktop", "dark", "de-DE"), ("narrow", "light", "en-GB")],
    [("desktop", "light", "de-DE"), ("narrow", "dark", "en-GB")],
    [("desktop", "dark", "en-GB"), ("phone", "light", "de-DE")],
]  # for the states in turn, each light and dark, large and small, in both languages


@pytest.mark.parametrize("state", STATES)
def test_each_page_is_fit_to_be_shown_in(state: str, year: ConsoleSite, tmp_path: Path, browser: Browser) -> None:
    place = list(STATES).index(state)
    with STATES[state](Case(year, tmp_path)) as served:
        for size, scheme, locale in SCREENS[place % len(SCREENS)]:
            with looking(browser, served, size, scheme, locale) as screen:
                for what, path in PAGES.items():
                    screen.go(path)
                    screen.look(f"{state}-{what}")
