"""What a person does on the pages, and what comes of it."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from agent.adapters.host.inbox import inbox_of
from agent.console.own_settings import OwnSettings
from agent.console.static import Web
from agent.domain.advisory import Verb
from agent.domain.commands import AnswerAdvice, OverrideBattery, request_from_json
from agent.domain.override import OverrideAction
from tests.console import site as console_site
from tests.console.browser.screen import PATIENCE_MS, Served, looking

pytestmark = pytest.mark.browser

MOST_REQUESTS = 8
MOST_BYTES = 60_000
MOST_SHEETS = 2


def asked(served: Served) -> list[object]:
    """The commands that wait for the agent, oldest first."""
    files = sorted(inbox_of(served.site.store).glob("*.json"))
    return [request_from_json(file.read_bytes()).command for file in files]


def taken_up(page: Page) -> None:
    expect(page.get_by_text("The controller takes it up within a minute")).to_be_visible()


def test_advice_is_acknowledged_scheduled_and_dismissed(served: Served, browser: Browser) -> None:
    with looking(browser, served) as screen:
        screen.open("advice?status=open")
        for name in ("Acknowledge", "Dismiss"):
            with screen.page.expect_response(re.compile(name.lower())) as answered:
                screen.page.get_by_role("button", name=name).click()
            assert answered.value.status == 202
            taken_up(screen.page)
        screen.page.get_by_role("button", name="Schedule …").click()
        screen.page.get_by_label("When (time of the site)").fill("2026-06-03T15:30")
        screen.look("scheduling")
        with screen.page.expect_response(re.compile("/schedule")) as answered:
            screen.page.get_by_role("button", name="Schedule", exact=True).click()
        assert answered.value.status == 202
    done, dismissed, scheduled = asked(served)
    key = "hold_battery/2026-06-03"
    assert done == AnswerAdvice(key, Verb.ACKNOWLEDGE)
    assert dismissed == AnswerAdvice(key, Verb.DISMISS)
    assert isinstance(scheduled, AnswerAdvice)
    assert scheduled.scheduled_for is not None
    assert scheduled.scheduled_for.isoformat() == "2026-06-03T14:30:00+00:00"  # half past three by the site's clock


def test_advice_comes_in_pages_and_filters_stand_in_the_address(served: Served, browser: Browser) -> None:
    with looking(browser, served) as screen:
        screen.open("advice")
        cards = screen.page.locator("article.advice")
        expect(cards).to_have_count(10)
        expect(cards.first).to_contain_text("p/kWh")  # its sentences are loaded
        first = cards.first.text_content()
        screen.page.get_by_role("button", name="Next ›").click()
        expect(cards.first).not_to_have_text(first or "")
        screen.page.get_by_role("button", name="‹ Back").click()
        expect(cards.first).to_have_text(first or "")
        screen.page.get_by_label("Status").select_option("open")
        expect(cards).to_have_count(1)
        expect(screen.page).to_have_url(re.compile("status=open"))
        screen.page.get_by_label("Search").fill("no such words")
        screen.page.keyboard.press("Tab")
        expect(screen.page.get_by_text("No recommendation fits these filters.")).to_be_visible()
        screen.look("none-fits-advice")
        screen.page.get_by_role("button", name="Show all").click()
        expect(cards).to_have_count(10)
        cards.nth(1).get_by_text("What it rests on").click()
        expect(cards.nth(1).get_by_text(re.compile("came to"))).to_be_visible()


def test_a_person_takes_over_and_gives_back(served: Served, browser: Browser) -> None:
    with looking(browser, served, "phone") as screen:
        screen.open("now")
        screen.page.get_by_role("button", name="Take over …").click()
        screen.page.get_by_label("Charge", exact=True).check()
        screen.page.get_by_label("Power, kW").fill("nothing")
        screen.page.get_by_role("button", name="Send").click()
        expect(screen.page.get_by_text("The power is a number above 0.")).to_be_visible()
        screen.look("override-form")
        screen.page.get_by_label("Power, kW").fill("2,5")
        screen.page.get_by_label("For").select_option("240")
        screen.page.get_by_role("button", name="Send").click()
        taken_up(screen.page)
    (told,) = asked(served)
    assert isinstance(told, OverrideBattery)
    assert told.override is not None
    assert (told.override.action, told.override.power_w) == (OverrideAction.CHARGE, 2500.0)
    assert (told.override.until - served.source.now()).total_seconds() == 4 * 3600


def test_language_and_theme_hold_after_loading_again(served: Served, browser: Browser) -> None:
    with looking(browser, served) as screen:
        screen.open("settings")
        screen.page.get_by_label("Language").select_option("de")
        screen.page.get_by_label("Theme").select_option("dark")
        screen.page.get_by_label("Charge level below, %").fill("70")
        screen.page.get_by_label("Import price above").fill("50")
        screen.page.get_by_role("button", name="Save").click()
        expect(screen.page.get_by_role("heading", name="Einstellungen")).to_be_visible()
        screen.open("now")
        expect(screen.page.locator("html[data-theme=dark][lang=de]")).to_have_count(1)
        expect(screen.page.get_by_text("Der Ladestand ist 58 %, unter 70 %.")).to_be_visible()
        expect(screen.page.get_by_text("Der Bezugspreis ist 60,0 p/kWh, über 50,0 p/kWh.")).to_be_visible()
        screen.look("alerts-now")
    kept = OwnSettings(served.source.own).preferences()
    assert (kept.language, kept.theme, kept.thresholds.soc_below_pct) == ("de", "dark", 70.0)


def test_keys_are_shown_once_and_removed_after_a_question(served: Served, browser: Browser) -> None:
    with looking(browser, served) as screen:
        screen.open("settings?tab=access")
        screen.page.get_by_label("Name").fill("display")
        screen.page.get_by_label("Answer advice, override the battery").check()
        screen.page.get_by_role("button", name="Make a key").click()
        shown = screen.page.locator("code").text_content() or ""
        assert shown.startswith("ee_")
        assert [sorted(key.scopes) for key in OwnSettings(served.source.own).api_keys()] == [["act", "read"]]
        row = screen.page.get_by_role("rowheader", name="display")
        expect(row).to_be_visible()
        screen.page.get_by_role("button", name="Remove the key display").click()
        screen.page.get_by_role("button", name="Really remove").click()
        expect(row).to_have_count(0)
        assert OwnSettings(served.source.own).api_keys() == ()
        screen.page.get_by_role("button", name="Log out").click()
        expect(screen.page.get_by_label("Password", exact=True)).to_be_visible()


def test_a_draft_of_the_site_file_is_checked_and_saved(served: Served, browser: Browser, tmp_path: Path) -> None:
    good = served.site.config.read_text()
    bad = tmp_path / "bad.toml"
    bad.write_text(good.replace("reserve_pct = 10", "reserve_pct = 101"))
    with looking(browser, served) as screen:
        screen.open("settings?tab=site")
        expect(screen.page.get_by_role("row", name="tariff.export.price_per_kwh 0.05")).to_be_visible()
        screen.page.get_by_text("Draft a change").click()
        screen.page.get_by_label("Open a copy").set_input_files(bad)
        screen.page.get_by_role("button", name="Check").click()
        expect(screen.page.get_by_text("1 problem:")).to_be_visible()
        expect(screen.page.get_by_text("[battery] reserve_pct is 101")).to_be_visible()
        screen.look("draft")
        screen.page.get_by_label("Text of the draft").fill(good)
        screen.page.get_by_role("button", name="Check").click()
        expect(screen.page.get_by_text("The draft is good.")).to_be_visible()
        with screen.page.expect_download() as saved:
            screen.page.get_by_role("button", name="Save as a file").click()
        assert Path(saved.value.path()).read_text() == good


def test_an_alarm_that_comes_is_told_at_once(served: Served, browser: Browser) -> None:
    with looking(browser, served) as screen:
        screen.open("now")
        expect(screen.page.get_by_text("Live", exact=True)).to_be_visible()
        served.show(alarms=json.loads(console_site.documents()["alarms"]))
        told = screen.page.locator(".toasts li")
        expect(told).to_contain_text("Alarm raised: meter does not answer", timeout=PATIENCE_MS)
        expect(screen.page.locator(".alarms")).to_contain_text("the meter does not answer")
        screen.look("toast-now")
        served.show()
        expect(told.filter(has_text="Alarm is over: meter does not answer")).to_be_visible(timeout=PATIENCE_MS)


def test_all_is_reached_by_the_keyboard(served: Served, browser: Browser) -> None:
    with looking(browser, served) as screen:
        screen.open("now")
        screen.page.keyboard.press("Tab")
        expect(screen.page.get_by_text("Skip to the page")).to_be_focused()
        for _ in range(3):
            screen.page.keyboard.press("Tab")
        screen.page.keyboard.press("Enter")
        expect(screen.page.get_by_role("heading", level=1, name="Plan")).to_be_visible()
        screen.settle()
        screen.page.get_by_role("button", name="Table").first.focus()
        screen.page.keyboard.press("Space")
        expect(screen.page.get_by_role("button", name="Hide table")).to_be_visible()


def test_what_is_printed_is_a_pdf_without_the_frame(served: Served, browser: Browser) -> None:
    with looking(browser, served, scheme="dark") as screen:
        screen.open("analytics?view=savings&span=month&on=2026-05-20")
        screen.page.emulate_media(media="print")
        expect(screen.page.locator(".rail")).to_be_hidden()
        expect(screen.page.get_by_text("Home 1 · Savings · May 2026")).to_be_visible()
        assert screen.page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
        screen.settle()
        screen.look("printed")
        made = screen.page.pdf(format="A4")
    assert made.startswith(b"%PDF")
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b(?!s)", made)) <= MOST_SHEETS
    assert len(re.findall(rb"/Subtype\s*/Image\b", made)) >= 1  # its chart
    assert b"/ToUnicode" in made  # its words are words, not a picture


def test_the_first_view_is_small(served: Served, browser: Browser) -> None:
    """Until what flows is drawn, of a browser that has nothing kept."""
    with looking(browser, served, "phone") as screen:
        screen.page.goto("about:blank")
        screen.requests.clear()
        screen.page.goto(served.address())
        expect(screen.page.locator(".ribbon").first).to_be_visible()
        last = next(place for place, url in enumerate(screen.requests) if "energy-flow" in url)
        first = screen.requests[: last + 1]
    assert len(first) <= MOST_REQUESTS, first
    files = Web(Path(console_site.__file__).parents[2] / "agent" / "console" / "web").files
    names = {"index.html", *(url.split("/", 5)[5] for url in first if "/static/" in url)}
    assert {"app.js", "now.js", "style.css"} <= names
    assert sum(len(files[name].packed["gzip"]) for name in names) <= MOST_BYTES
