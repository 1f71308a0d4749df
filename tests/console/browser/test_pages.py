"""Every page, on every screen, light and dark, in both languages: twelve pictures of each, all fit to be shown."""

import pytest
from playwright.sync_api import Browser

from tests.console.browser.screen import Served, looking

pytestmark = pytest.mark.browser

PAGES = {
    "now": "now",
    "plan": "plan",
    "consumption": "analytics?view=consumption&span=week&on=2026-05-20&compare=previous",
    "consumption-day": "analytics?view=consumption&span=day&on=2026-06-02&by=hour",
    "cost": "analytics?view=cost&span=month&on=2026-05-20&compare=baseline",
    "carbon": "analytics?view=carbon&span=year&on=2026-05-20&by=source",
    "savings": "analytics?view=savings&span=month&on=2026-05-20",
    "advice": "advice",
    "settings": "settings",
    "receivers": "settings?tab=alerts",
    "access": "settings?tab=access",
    "site": "settings?tab=site",
    "commissioning": "settings?tab=commissioning",
    "log": "settings?tab=log",
}
SIZES = ("desktop", "phone", "narrow")
LOCALES = ("en-GB", "de-DE")


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("size", SIZES)
def test_each_page_is_fit_to_be_shown(served: Served, browser: Browser, size: str, locale: str) -> None:
    with looking(browser, served, size, locale=locale) as screen:
        for what, path in PAGES.items():
            screen.go(path)
            screen.look_in_both(what)
