"""Receivers of alerts are added, tested, kept and removed on their page, without a word about their secrets."""

import re
from datetime import time

import pytest
from playwright.sync_api import Browser, Page, expect

from agent.console.alerts.settings import AlertSettings, Mail, Target, Template, Tls, Webhook
from agent.console.own_settings import OwnSettings
from agent.domain.alarms import Severity
from tests.console.alerts.receivers import hook
from tests.console.browser.screen import Served, looking

pytestmark = pytest.mark.browser
TOKEN = "a-token-of-the-house"  # noqa: S105 - of no real account


def kept(served: Served) -> AlertSettings:
    return OwnSettings(served.source.own).alerts()


def add(page: Page, form: str, **fields: str) -> None:
    page.get_by_role("combobox", name="How").select_option(form)
    for label, text in fields.items():
        page.get_by_label(label, exact=True).fill(text)
    page.get_by_role("button", name="Add the receiver").click()


def test_a_webhook_is_added_tested_and_removed(served: Served, browser: Browser) -> None:
    with looking(browser, served) as screen, hook() as received:
        page = screen.page
        screen.open("settings?tab=alerts")
        add(page, "home_assistant", **{"Name": "home", "Address (URL)": received.url, "Token, if any": TOKEN})
        row = page.get_by_role("row", name=re.compile("^home "))
        expect(row).to_contain_text(f"http://127.0.0.1:{received.port}")
        assert kept(served).targets == (
            Target("home", Webhook(received.url, Template.HOME_ASSISTANT, TOKEN), severity=Severity.ALARM),
        )
        received.answers = [503]
        page.get_by_role("button", name="Test the receiver home").click()
        expect(row.locator(".refused")).to_contain_text("503")
        page.get_by_role("button", name="Test the receiver home").click()
        expect(row.locator(".refused")).to_contain_text("a test has just been sent")
        assert [one.headers["Authorization"] for one in received.got] == [f"Bearer {TOKEN}"]
        screen.look("receivers-tested")
        page.get_by_label("From", exact=True).fill("22:00")
        page.get_by_label("Until", exact=True).fill("06:30")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_text("Saved", exact=False)).to_be_visible()
        quiet = kept(served).quiet
        assert quiet is not None
        assert (quiet.start, quiet.end, quiet.alarms_pass) == (time(22), time(6, 30), True)
        assert [one.webhook and one.webhook.token for one in kept(served).targets] == [TOKEN]
        assert TOKEN not in page.content()
        assert "secret-path" not in page.content()
        page.get_by_role("button", name="Remove the receiver home").click()
        page.get_by_role("button", name="Really remove").click()
        expect(row).to_have_count(0)
        assert (kept(served).targets, kept(served).quiet) == ((), quiet)


def test_mail_is_added_and_what_cannot_be_is_told(served: Served, browser: Browser) -> None:
    with looking(browser, served) as screen:
        screen.open("settings?tab=alerts")
        address = {"Sender": "house@example.org", "To, with commas between": "me@example.org, you@example.org"}
        server = {"Name": "mail", "Mail server": "mail.example.org", "User, if any": "house"}
        add(screen.page, "mail", **server, **address)
        expect(screen.page.get_by_text("mail has a user and no password")).to_be_visible()
        assert kept(served).targets == ()
        screen.look("receivers-refused")
        add(screen.page, "mail", **{"Password of the mail server": TOKEN})
        expect(screen.page.get_by_role("row", name=re.compile("^mail "))).to_contain_text("you@example.org")
    to = ("me@example.org", "you@example.org")
    mail = Mail("mail.example.org", "house@example.org", to, 587, Tls.STARTTLS, "house", TOKEN)
    assert kept(served).targets == (Target("mail", mail=mail, severity=Severity.ALARM),)
