"""What could be read wrongly: units that change within a group, one price for many, times that are cut off."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from agent.console.own_settings import PASSWORD as PASSWORD_FILE
from agent.console.security.passwords import FAILURES
from agent.domain.alarms import AlarmKind
from agent.domain.documents import ALARMS, DEMAND
from agent.domain.wire import to_json
from agent.settings.load import load
from tests.console import site as console_site
from tests.console.browser.screen import Screen, Served, looking, serving
from tests.console.browser.states import Case, as_kept, clock_change
from tests.console.served import PASSWORD
from tests.console.site import ConsoleSite, copied
from tests.site_files import changed

pytestmark = pytest.mark.browser

# What is written on a canvas, with the room that it has to its right, px.
WRITTEN = """(() => {
  window.written = [];
  const write = CanvasRenderingContext2D.prototype.fillText;
  CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
    const { a, e } = this.getTransform();
    const wide = this.measureText(text).width;
    const left = { center: wide / 2, right: wide, end: wide }[this.textAlign] ?? 0;
    written.push({ text: String(text), room: this.canvas.width - (x * a + e + (wide - left) * a) });
    document.documentElement.dataset.written = written.map((one) => one.text).join("|");
    return write.apply(this, arguments);
  };
})()"""

BROKEN = """(found) => found.filter((one) => one.offsetHeight > 1.7 * parseFloat(getComputedStyle(one).lineHeight))
  .map((one) => one.textContent)"""  # words that take more than a line


def as_little(route: Route) -> None:
    """The same answer, with costs of a ten-thousandth."""
    answer = route.fetch()
    found = answer.json()
    found["series"]["cost"] = [value and value / 10_000.0 for value in found["series"]["cost"]]
    route.fulfill(response=answer, json=found)


def units(page: Page, what: str) -> set[str]:
    """The units of energy and power in the elements ``what``."""
    text = " ".join(page.locator(what).all_text_contents())
    return set(re.findall(r"(?<!/)\b[kM]?Wh?\b", text))


@pytest.mark.parametrize("locale", ["en-GB", "de-DE"])
def test_no_two_parts_of_a_page_have_one_name(served: Served, browser: Browser, locale: str) -> None:
    with looking(browser, served, locale=locale) as screen:
        screen.open("now")
        expect(screen.page.locator(".meters h2")).to_be_visible()
        names = screen.page.locator("main h2").all_text_contents()
        assert sorted(set(names)) == sorted(names)


def test_what_stands_together_has_one_unit(served: Served, browser: Browser) -> None:
    with looking(browser, served) as screen:
        screen.open("now")
        assert units(screen.page, "[aria-labelledby=today-title] .tiles:not(.prices) dd") == {"kWh"}
        screen.open("analytics?span=day&on=2026-06-02&by=hour")
        screen.page.get_by_role("button", name="Table").click()
        assert units(screen.page, "table.split td") == {"kWh"}
        assert units(screen.page, ".chart td") == {"kWh"}
        assert units(screen.page, ".tile dd:not(.note)") == {"kWh"}
        screen.open("analytics?view=cost&on=2026-06-02")
        expect(screen.page.locator("#demand-title")).to_be_visible()
        assert units(screen.page, "[aria-labelledby=demand-title] :is(dd:not(.note), td)") == {"kW"}
        screen.open("plan")
        for table in screen.page.get_by_role("button", name="Table").all():
            table.click()
        assert units(screen.page, ".chart td") == {"kW"}
        assert units(screen.page, "table.steps td:nth-child(2)") == {"kWh", "kW"}


def test_a_little_carbon_is_not_told_as_none(served: Served, browser: Browser) -> None:
    with looking(browser, served) as screen:
        screen.open("analytics?view=carbon&span=day&on=2026-06-02&by=hour")
        row = screen.page.locator("table.split tbody tr").filter(has_text="07:00")
        expect(row.locator("td").first).to_have_text("0.03 kg")


def test_a_little_money_has_an_axis_that_can_be_read(served: Served, browser: Browser) -> None:
    """As on the first minutes of a day: four lines of 0.000 say nothing."""
    with looking(browser, served) as screen:
        screen.page.add_init_script(WRITTEN)
        screen.page.route(re.compile("/api/v1/analytics/cost"), as_little)
        screen.open("analytics?view=cost&on=2026-06-02")
        labels = [one["text"] for one in screen.page.evaluate("written") if re.fullmatch(r"[\d.]+", one["text"])]
    assert len(labels) > 2
    assert len(set(labels)) == len(labels)


def test_a_share_of_the_import_is_not_read_as_one_of_the_cost(served: Served, browser: Browser) -> None:
    for size in ("desktop", "narrow"):
        with looking(browser, served, size) as screen:
            screen.open("analytics?view=cost&on=2026-06-02&by=tariff")
            table = screen.page.locator("table.split")
            expect(table.get_by_text("Share of import").and_(table.locator(":visible")).first).to_be_visible()


def test_what_advice_has_saved_is_said_in_german(served: Served, browser: Browser) -> None:
    with looking(browser, served, locale="de-DE") as screen:
        screen.open("analytics?view=savings&span=month&on=2026-05-01&by=advice")
        expect(screen.page.locator("table.split tbody tr").first).to_contain_text("Uhr laufen lassen")


def test_a_time_of_several_prices_says_the_lowest_and_the_highest(served: Served, browser: Browser) -> None:
    with looking(browser, served) as screen:
        screen.open("plan")
        prices = {
            row.locator("th").inner_text(): row.locator("td").nth(2).inner_text().replace("\u00a0", " ")
            for row in screen.page.locator("table.steps tbody tr:not(.day)").all()
        }
    assert prices["12:00–16:00"] == "60.0 p/kWh"
    assert prices["23:00–07:30"] == "8.0 – 60.0 p/kWh"


def test_before_now_stands_what_came_and_no_plan(served: Served, browser: Browser) -> None:
    """Prices and powers of this morning; of the plan, which began at noon, nothing, and no zero."""
    with looking(browser, served) as screen:
        screen.open("plan")
        for table in screen.page.get_by_role("button", name="Table").all():
            table.click()
        first = [
            [cell.replace("\u00a0", " ") for cell in row.locator("td").all_inner_texts()]
            for row in screen.page.locator(".chart tbody tr:first-child").all()
        ]
    prices, battery = first[:2]
    assert prices == ["8.0 p/kWh", "5.0 p/kWh", "–"]
    assert battery == ["–", "–", "0.00 kW", ""]


def test_the_band_of_a_forecast_is_as_wide_as_it_is_said(served: Served, browser: Browser) -> None:
    with looking(browser, served) as screen:
        screen.open("plan")
        expect(screen.page.get_by_text("90 % band")).to_have_count(2)
        expect(screen.page.get_by_text("90 % of the actual values")).to_have_count(2)


def test_a_usual_phone_cuts_no_word_in_two(served: Served, browser: Browser) -> None:
    """The names of the pages, and of what a commissioning has measured."""
    with looking(browser, served, "small", locale="de-DE") as screen:
        for path in ("now", "plan", "analytics", "advice", "settings?tab=commissioning"):
            screen.open(path)
            screen.look(f"small-{path.partition('?')[0]}")
        names = screen.page.locator("table.orders .of:visible")
        assert names.count() > 0
        assert names.evaluate_all(BROKEN) == []


def test_what_a_finger_presses_is_large_enough(served: Served, browser: Browser) -> None:
    with looking(browser, served, "small") as screen:
        served.show(alarms=json.loads(console_site.documents()[ALARMS.name]))
        for path in ("now", "plan"):
            screen.open(path)
            expect(screen.page.locator("details.notice")).to_have_count(1)
            pressed = screen.page.locator("main button:visible, summary:visible")
            assert pressed.count() > 1
            assert min(pressed.evaluate_all("(found) => found.map((one) => one.offsetHeight)")) >= 44


def test_a_peak_that_a_ratchet_holds_is_said_beside_its_cost(
    year: ConsoleSite, tmp_path: Path, browser: Browser
) -> None:
    site = copied(year, tmp_path)
    text = changed("months = [1, 2, 6, 12]\n", "", site.config.read_text())  # an uncharged month holds nothing
    site.config.write_text(changed("per_kw = 15.0", "per_kw = 15.0\nratchet_pct = 80", text))
    site.settings = load(site.config)
    with serving(site) as served:
        peak = json.loads(console_site.documents()[DEMAND.name])
        as_kept(served, DEMAND.name, json.dumps({**peak, "peak_w": 300.0}))
        with looking(browser, served, "narrow") as screen:
            screen.open("analytics?view=cost")
            cost = screen.page.locator("[aria-labelledby=demand-title] .tile").nth(2)
            expect(cost).to_contain_text("£6.48")
            expect(cost).to_contain_text("for 0.43 kW held from a month before, £15.00 a kW")
            screen.look("ratchet-cost")


def test_a_chart_that_was_drawn_before_the_zone_was_known_gets_its_times(served: Served, browser: Browser) -> None:
    """As on a first visit by a bookmark, where the status comes late."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    with looking(browser, served) as screen:
        screen.settle()
        screen.page.add_init_script(WRITTEN)
        screen.page.add_init_script("localStorage.removeItem('zone')")
        screen.page.route(re.compile("/api/v1/status"), hold)
        screen.page.goto(served.address("analytics?on=2026-05-20"))
        expect(screen.page.locator(".canvas[data-drawn]")).to_have_count(1)
        expect(screen.page.locator("html")).to_have_attribute("data-written", re.compile(r"…\|"))
        for one in held:
            one.continue_()
        screen.page.unroute(re.compile("/api/v1/status"))
        expect(screen.page.locator("html")).to_have_attribute("data-written", re.compile(r"Wed 20 May\|"))


def test_no_time_of_an_axis_is_cut_off(year: ConsoleSite, tmp_path: Path, browser: Browser) -> None:
    """Where a day begins just before the end of a chart."""
    with clock_change(Case(year, tmp_path)) as served:
        for size, locale in (("desktop", "de-DE"), ("narrow", "en-GB")):
            with looking(browser, served, size, locale=locale) as screen:
                screen.page.add_init_script(WRITTEN)
                screen.open("plan")
                found = screen.page.evaluate("written")
            assert len(found) > 20
            assert [one for one in found if one["room"] < 0] == []


def test_a_period_that_goes_on_is_asked_for_again(served: Served, browser: Browser) -> None:
    """On a screen that hangs on a wall nobody loads the page again."""
    with looking(browser, served) as screen:
        assert _asked_again(screen, "analytics") == 1
        assert _asked_again(screen, "analytics?on=2026-05-20") == 0


def _asked_again(screen: Screen, path: str) -> int:
    """How often within the next minutes."""
    screen.open(path)
    screen.requests.clear()
    screen.page.clock.fast_forward(310_000)
    screen.settle()
    screen.page.wait_for_load_state("networkidle")
    return sum("/api/v1/analytics/" in url for url in screen.requests)


@pytest.mark.parametrize(("locale", "word"), [("en-GB", "Warning"), ("de-DE", "Warnung")])
def test_a_warning_is_not_told_as_an_alarm(served: Served, browser: Browser, locale: str, word: str) -> None:
    (usual,) = console_site.alarms()
    away = replace(usual, kind=AlarmKind.HOME_ASSISTANT_AWAY.value, subject="", text="its broker does not answer")
    served.show(alarms=json.loads(to_json((away,))))
    with looking(browser, served, locale=locale) as screen:
        screen.open("now")
        expect(screen.page.locator(".alarms .notice.warning summary b")).to_have_text(word)
        expect(screen.page.locator(".alarms .notice.alarm")).to_have_count(0)
        screen.look("warning-now")


def test_a_german_is_told_in_german_why_nobody_is_let_in(served: Served, browser: Browser) -> None:
    with looking(browser, served, locale="de-DE") as screen:
        field, told = screen.page.get_by_label("Passwort"), screen.page.locator("#login-told")
        screen.page.context.clear_cookies()
        screen.page.goto(served.address("login"))
        for _ in range(FAILURES):
            field.fill("wrong and wrong")
            screen.page.keyboard.press("Enter")
            expect(told).to_have_text("Das Passwort ist falsch.")
            screen.page.reload()
        field.fill(PASSWORD)
        screen.page.keyboard.press("Enter")
        expect(told).to_have_text("Zu viele falsche Passwörter. Bitte in einigen Minuten noch einmal versuchen.")


def test_a_german_is_told_in_german_that_no_password_is_set(served: Served, browser: Browser) -> None:
    with looking(browser, served, locale="de-DE") as screen:
        screen.page.context.clear_cookies()
        (served.source.own / PASSWORD_FILE).unlink()
        screen.page.goto(served.address("login"))
        screen.page.get_by_label("Passwort").fill(PASSWORD)
        screen.page.keyboard.press("Enter")
        expect(screen.page.locator("#login-told")).to_contain_text("Es ist noch kein Passwort gesetzt.")
        screen.look("no-password")


@pytest.mark.parametrize(("path", "name"), [("settings/", "Settings"), ("nowhere", "Now")])
def test_an_address_that_is_none_leads_on(served: Served, browser: Browser, path: str, name: str) -> None:
    with looking(browser, served) as screen:
        screen.open(path)
        expect(screen.page.get_by_role("heading", level=1, name=name)).to_be_visible()
        screen.page.get_by_role("link", name="Plan").click()
        expect(screen.page.get_by_role("heading", level=1, name="Plan")).to_be_visible()
