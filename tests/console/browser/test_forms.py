"""What a person types stays as it is and is kept as it stands, whatever comes at the same time."""

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from agent.console.alerts.settings import AlertSettings, Target, Webhook
from agent.console.own_settings import OwnSettings, Preferences
from agent.domain.commands import OverrideBattery
from agent.domain.override import OverrideAction
from agent.domain.wire import to_json
from tests.console.browser.screen import NEXT_FRAMES, Screen, Served, looking
from tests.console.browser.test_acts import asked, taken_up

pytestmark = pytest.mark.browser

TYPED = {
    "date": "2026-06-02", "time": "22:15", "number": "30", "url": "http://127.0.0.1/here", "email": "me@example.org",
    "password": "correct horse", "search": "solar", "text": "7", "textarea": "[site]",
}  # fmt: skip
FORMS = {
    "settings": 0, "settings?tab=alerts": 0, "settings?tab=access": 0, "settings?tab=log": 0, "advice": 0,
    "settings?tab=site": "Draft a change", "now": "Take over …",
}  # fmt: skip
FIELDS = "main :is(select, textarea, input:not([type=file], [type=checkbox], [type=radio])):visible"
KIND = "(one) => (one.matches('input') ? one.type : one.localName)"
# All of the page: what stands at its top has changed.
REDRAW = "(url) => import(url).then((kit) => kit.clockAhead.set(kit.clockAhead.get() + 1))"
# In one turn, before anything can be drawn anew.
AT_ONCE = """(form, fields) => {
  for (const [name, value] of Object.entries(fields)) {
    const one = [...form.querySelectorAll("label")].find((label) => label.textContent.trim().startsWith(name)).control;
    if (one.type === "checkbox") one.checked = value;
    else one.value = value;
    for (const sign of ["input", "change"]) one.dispatchEvent(new Event(sign, { bubbles: true }));
  }
  form.requestSubmit();
}"""


def redraw(screen: Screen) -> None:
    kit = next(url for url in screen.requests if url.endswith("/kit.js"))
    screen.page.evaluate(REDRAW, kit)


def fill(field: Locator) -> str:
    """What it holds afterwards; it keeps the focus."""
    kind = field.evaluate(KIND)
    if kind == "select":
        field.focus()
        (value,) = field.select_option(index=field.locator("option").count() - 1)
        return value
    field.fill(TYPED[kind])
    return TYPED[kind]


@pytest.mark.parametrize("path", FORMS)
def test_what_is_being_typed_outlives_what_is_drawn_meanwhile(served: Served, browser: Browser, path: str) -> None:
    with looking(browser, served) as screen:
        screen.open(path)
        if FORMS[path]:
            screen.page.get_by_text(FORMS[path]).click()
        if path == "now":
            screen.page.get_by_label("Charge", exact=True).check()
        fields, values = screen.page.locator(FIELDS), list[str]()
        expect(fields.first).to_be_visible()
        while len(values) < fields.count():  # a choice may bring more of them
            values.append(fill(fields.nth(len(values))))
            redraw(screen)
            assert [fields.nth(at).input_value() for at in range(len(values))] == values
        assert len(values) >= 1


def test_changes_that_come_at_once_are_all_kept(served: Served, browser: Browser) -> None:
    changes = {
        "Language": "en", "Theme": "dark", "Decimals": "1", "Charge level below": "70", "Import above": "4,5",
        "Import price above, p/kWh": "50", "Data older than": "5", "New plans": True, "Alarms that": False,
    }  # fmt: skip
    with looking(browser, served) as screen:
        screen.open("settings")
        screen.page.locator("form").evaluate(AT_ONCE, changes)
        expect(screen.page.get_by_text("Saved", exact=False)).to_be_visible()
        kept = OwnSettings(served.source.own).preferences()
    limits = kept.thresholds
    assert (kept.language, kept.theme, kept.digits) == ("en", "dark", 1)
    assert (limits.soc_below_pct, limits.import_above_w, limits.price_above_per_kwh) == (70.0, 4500.0, 0.5)
    assert limits.data_older_than_s == 300.0
    assert kept.notify == ("advisory", "plan")


def test_enter_keeps_what_has_just_been_typed(served: Served, browser: Browser) -> None:
    with looking(browser, served) as screen:
        screen.open("settings")
        screen.page.get_by_label("Charge level below, %").press_sequentially("45")
        screen.page.keyboard.press("Enter")
        expect(screen.page.get_by_text("Saved", exact=False)).to_be_visible()
    assert OwnSettings(served.source.own).preferences().thresholds.soc_below_pct == 45.0


def test_what_is_typed_while_it_is_being_saved_waits_for_the_next_time(served: Served, browser: Browser) -> None:
    held: list[Route] = []
    with looking(browser, served) as screen:
        screen.open("settings")
        screen.page.route(re.compile("/preferences$"), lambda one: hold(one, "PUT", held))
        level, saves = screen.page.get_by_label("Charge level below, %"), screen.page.get_by_role("button", name="Save")
        level.fill("70")
        with screen.page.expect_request(lambda one: one.method == "PUT"):
            saves.click()
        level.fill("60")
        with screen.page.expect_response(lambda one: one.request.method == "PUT"):
            held.pop().continue_()
        expect(screen.page.get_by_text("Saved", exact=False)).to_be_visible()
        expect(level).to_have_value("60")
        expect(saves).to_be_enabled()
    assert OwnSettings(served.source.own).preferences().thresholds.soc_below_pct == 70.0


def hold(route: Route, method: str, held: list[Route]) -> None:
    if route.request.method == method:
        held.append(route)
    else:
        route.continue_()


def let_go(page: Page, route: Route, body: str | None = None) -> None:
    """What was held is answered now, and the page has had the time to take it."""
    with page.expect_response(route.request.url):
        route.continue_() if body is None else route.fulfill(body=body, content_type="application/json")
    page.evaluate(NEXT_FRAMES)


def test_preferences_that_were_asked_for_before_they_were_saved_come_too_late(served: Served, browser: Browser) -> None:
    held: list[Route] = []
    with looking(browser, served) as screen:
        screen.open("settings")
        screen.page.wait_for_load_state("networkidle")
        screen.page.route(re.compile("/preferences$"), lambda one: hold(one, "GET", held))
        screen.page.get_by_label("Theme").select_option("dark")
        screen.page.get_by_role("button", name="Save").click()
        expect(screen.page.get_by_text("Saved", exact=False)).to_be_visible()
        for early in held:
            let_go(screen.page, early, to_json(Preferences()))
        assert held
        expect(screen.page.locator("html[data-theme=dark]")).to_have_count(1)
        expect(screen.page.get_by_label("Theme")).to_have_value("dark")


def test_sentences_of_a_language_that_is_left_come_too_late(served: Served, browser: Browser) -> None:
    held: list[Route] = []
    chosen: list[Route] = []
    OwnSettings(served.source.own).set_preferences(Preferences(language="de"))
    with looking(browser, served) as screen:
        screen.page.wait_for_load_state("networkidle")  # the page before this one asks for them too
        # Before the page begins: the page before this one may write there too.
        screen.page.add_init_script("localStorage.setItem('language', 'en')")
        screen.page.route(re.compile(r"/sentences\.en\.json$"), lambda one: hold(one, "GET", held))
        screen.page.route(re.compile("/preferences$"), lambda one: hold(one, "GET", chosen))
        screen.open("now")
        while not (held and chosen):  # the English ones are asked for before the language is known
            screen.page.wait_for_timeout(20)
        screen.page.unroute(re.compile("/preferences$"))
        for one in chosen:
            one.continue_()
        reason = screen.page.locator(".why p:nth-of-type(2)")
        expect(reason).to_contain_text("Batterie")
        let_go(screen.page, held[-1])
        expect(reason).to_contain_text("Batterie")


def test_a_draft_that_was_changed_while_it_was_checked_is_not_called_good(served: Served, browser: Browser) -> None:
    held: list[Route] = []
    with looking(browser, served) as screen:
        screen.open("settings?tab=site")
        screen.page.route(re.compile("site-file/check$"), lambda one: hold(one, "POST", held))
        screen.page.get_by_text("Draft a change").click()
        text = screen.page.get_by_label("Text of the draft")
        text.fill(served.site.config.read_text())
        with screen.page.expect_request(re.compile("site-file/check")):
            screen.page.get_by_role("button", name="Check").click()
        text.press_sequentially("x")
        let_go(screen.page, held.pop())
        expect(screen.page.get_by_text("The draft is good.")).to_have_count(0)
        expect(screen.page.get_by_role("button", name="Save as a file")).to_be_disabled()
        text.press("Backspace")
        expect(screen.page.get_by_text("The draft is good.")).to_be_visible()  # it was, and is as it was


def test_a_person_takes_over_with_what_stands_there(served: Served, browser: Browser) -> None:
    with looking(browser, served) as screen:
        screen.open("now")
        screen.page.get_by_role("button", name="Take over …").click()
        screen.page.get_by_label("Charge", exact=True).check()
        screen.page.locator("form.override").evaluate(AT_ONCE, {"Power": "1,5", "For": "240"})
        taken_up(screen.page)
    (told,) = asked(served)
    assert isinstance(told, OverrideBattery)
    assert told.override is not None
    assert (told.override.action, told.override.power_w) == (OverrideAction.CHARGE, 1500.0)
    assert (told.override.until - served.source.now()).total_seconds() == 4 * 3600


def test_receivers_that_are_removed_at_once_are_all_removed(served: Served, browser: Browser) -> None:
    own = OwnSettings(served.source.own)
    own.set_alerts(AlertSettings(tuple(Target(name, Webhook(f"http://127.0.0.1/{name}")) for name in ("a", "b", "c"))))
    with looking(browser, served) as screen:
        screen.open("settings?tab=alerts")
        for name in ("a", "c"):
            screen.page.get_by_role("button", name=f"Remove the receiver {name}").click()
        both = screen.page.get_by_role("button", name="Really remove")
        expect(both).to_have_count(2)
        screen.page.evaluate("(all) => all.forEach((one) => one.click())", both.element_handles())
        expect(both).to_have_count(0)
        expect(screen.page.get_by_role("row")).to_have_count(2)  # its head, and the one that is left
    assert [one.id for one in own.alerts().targets] == ["b"]


def test_two_steps_at_once_are_two_steps(served: Served, browser: Browser) -> None:
    with looking(browser, served) as screen:
        screen.open("analytics?span=day&on=2026-06-02")
        screen.page.locator(".pager button").first.evaluate("(back) => { back.click(); back.click(); }")
        expect(screen.page).to_have_url(re.compile("on=2026-05-31"))
        expect(screen.page.get_by_text("Sun, 31 May 2026", exact=True)).to_be_visible()


def test_a_search_in_the_log_leaves_what_is_beside_it(served: Served, browser: Browser) -> None:
    """What is clicked next is still there when the search begins by leaving its field."""
    with looking(browser, served) as screen:
        screen.open("settings?tab=log")
        severity = screen.page.get_by_label("Severity")
        handle = severity.element_handle()
        screen.page.get_by_label("Search").fill("no such words")
        severity.focus()
        expect(screen.page.get_by_text("No events.")).to_be_visible()
        expect(severity).to_be_focused()
        assert handle.evaluate("(one) => one.isConnected")
