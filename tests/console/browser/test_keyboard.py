"""Everything by the keyboard alone: each page is walked through with Tab, and acted on without a mouse."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from agent.adapters.host.inbox import inbox_of
from agent.domain.advisory import Verb
from agent.domain.commands import AnswerAdvice, OverrideBattery, request_from_json
from agent.domain.override import OverrideAction
from tests.console.browser.screen import Screen, Served, looking

pytestmark = pytest.mark.browser

PAGES = (
    "now", "plan", "analytics?view=cost&span=month&on=2026-05-20", "advice?status=open", "settings",
    "settings?tab=alerts", "settings?tab=access", "settings?tab=site", "settings?tab=commissioning", "settings?tab=log",
)  # fmt: skip
# What a person can act on; of radio buttons of one name one is reached, the arrows go on from there.
SEEN = """() => {
  const wanted = "a[href], button:not(:disabled), input, select, textarea, summary, [tabindex='0']";
  const all = [...document.querySelectorAll(wanted)];
  return all.filter((one) => one.checkVisibility({ visibilityProperty: true }));
}"""
COUNT = f"() => ({SEEN})().length"
MARK = f"() => {{ document.activeElement?.blur(); return ({SEEN})().map((one, at) => one.dataset.place = at).length; }}"
FOCUSED = """() => {
  const one = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(one);
  const { width, height } = one.getBoundingClientRect();
  return [one.dataset.place ?? null, outlineStyle !== "none" && parseFloat(outlineWidth) >= 2, width * height > 1,
    one.outerHTML.slice(0, 80)];
}"""
MORE_STOPS = 3  # the parts of a date or a time are stops of their own


def walked(screen: Screen) -> tuple[int, set[str]]:
    """As ``_walked``, anew as long as something came to the page meanwhile: that has no mark."""
    screen.page.wait_for_load_state("networkidle")
    while True:
        count, reached = _walked(screen)
        if screen.page.evaluate(COUNT) == count:
            return count, reached


def _walked(screen: Screen) -> tuple[int, set[str]]:
    """How many there are, and those that Tab comes to. Each shows that it has the focus."""
    count = screen.page.evaluate(MARK)
    reached: set[str] = set()
    for _ in range(MORE_STOPS * count + 5):
        screen.page.keyboard.press("Tab")
        place, is_ringed, has_size, what = screen.page.evaluate(FOCUSED)
        if place is None or len(reached) == count:
            break
        assert is_ringed, f"it does not show its focus: {what}"
        assert has_size, f"it has the focus and is not seen: {what}"
        reached.add(place)
    return count, reached


def test_tab_comes_to_all_there_is(served: Served, browser: Browser) -> None:
    with looking(browser, served) as screen:
        for path in PAGES:
            screen.open(path)
            count, reached = walked(screen)
            assert len(reached) == count > 6, f"{path}: {sorted(set(map(str, range(count))) - reached)}"


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the one of this name has the focus."""
    wanted = re.compile(name)
    for _ in range(60):
        page.keyboard.press("Tab")
        told = page.evaluate("(document.activeElement.labels?.[0] ?? document.activeElement).textContent.trim()")
        if wanted.fullmatch(told):
            return
    raise AssertionError(f"Tab never comes to {name}")


def test_advice_is_answered_without_a_mouse(served: Served, browser: Browser) -> None:
    with looking(browser, served) as screen:
        screen.open("advice?status=open")
        tab_to(screen.page, "Acknowledge")
        screen.page.keyboard.press("Enter")
        expect(screen.page.get_by_text("The controller takes it up within a minute")).to_be_visible()
    (file,) = inbox_of(served.site.store).glob("*.json")
    command = request_from_json(file.read_bytes()).command
    assert command == AnswerAdvice("hold_battery/2026-06-03", Verb.ACKNOWLEDGE)


def test_the_battery_is_told_what_to_do_without_a_mouse(served: Served, browser: Browser) -> None:
    with looking(browser, served) as screen:
        screen.open("now")
        tab_to(screen.page, "Take over …")
        screen.page.keyboard.press("Space")
        expect(screen.page.get_by_label("Hold", exact=True)).to_be_visible()
        tab_to(screen.page, "Hold")
        screen.page.keyboard.press("ArrowDown")
        tab_to(screen.page, "Power, kW")
        screen.page.keyboard.type("1.5")
        screen.page.keyboard.press("Enter")
        expect(screen.page.get_by_text("The controller takes it up within a minute")).to_be_visible()
    (file,) = inbox_of(served.site.store).glob("*.json")
    command = request_from_json(file.read_bytes()).command
    assert isinstance(command, OverrideBattery)
    assert command.override is not None
    assert (command.override.action, command.override.power_w) == (OverrideAction.CHARGE, 1500.0)
