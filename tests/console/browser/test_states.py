"""What is shown when something is missing, stands still, is lost or has ended."""

import json
import re
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from agent.adapters.store.schema_version import SCHEMA_VERSION
from agent.console.own_settings import OwnSettings
from agent.domain.documents import ALARMS, OVERRIDE, SETPOINT
from agent.domain.override import Override, OverrideAction
from agent.domain.site import MISSING
from agent.domain.wire import to_json
from tests.console import site as console_site
from tests.console.browser.screen import Served, looking, serving
from tests.console.served import cheap_hash
from tests.console.site import ConsoleSite, copied

pytestmark = pytest.mark.browser

ALL = ("now", "plan", "analytics", "advice", "settings?tab=site", "settings?tab=log")
SCREENS = [("desktop", "light", "en-GB"), ("phone", "dark", "de-DE")]


def setpoint(served: Served, **changes: object) -> dict[str, object]:
    """The usual one, of this moment; another reason is in words of its own."""
    usual: dict[str, object] = json.loads(console_site.documents()[SETPOINT.name])
    uncoded = {"reason_code": None, "reason_values": None} if "reason" in changes else {}
    return {**usual, "at": served.source.now().isoformat(), **uncoded, **changes}


@pytest.mark.parametrize("screen", SCREENS)
def test_in_the_first_minutes_there_is_no_store(tmp_path: Path, browser: Browser, screen: tuple[str, str, str]) -> None:
    with serving(ConsoleSite(tmp_path)) as served, looking(browser, served, *screen) as shown:
        shown.open("now")
        expect(shown.page.locator(".ribbon").first).to_be_visible()
        served.stop_agent()
        shown.open("now")
        expect(shown.page.locator("main")).to_contain_text(re.compile("no stored data yet|keine gespeicherten Daten"))


def test_without_plan_advice_and_settled_days(served: Served, browser: Browser) -> None:
    with sqlite3.connect(served.site.store) as store:
        store.execute("DELETE FROM kept WHERE name IN ('plan', 'advice')")
        store.execute("DELETE FROM ledger")
    with looking(browser, served) as shown:
        shown.open("plan")
        expect(shown.page.get_by_text("There is no plan yet")).to_be_visible()
        shown.look("empty-plan")
        shown.open("advice")
        expect(shown.page.get_by_text("There are no recommendations yet")).to_be_visible()
        shown.look("empty-advice")
        shown.open("analytics?view=savings")
        expect(shown.page.get_by_text("Nothing is settled for this period yet")).to_be_visible()
        shown.look("empty-savings")
        shown.open("analytics?span=year&on=2019-06-01")
        expect(shown.page.get_by_text("Nothing is stored for this period")).to_be_visible()
        shown.look("empty-year")


@pytest.mark.parametrize("screen", SCREENS)
def test_a_stopped_agent_is_said_on_every_page(served: Served, browser: Browser, screen: tuple[str, str, str]) -> None:
    served.stop_agent()
    with looking(browser, served, *screen) as shown:
        for path in ALL:
            shown.go(path)
            expect(shown.page.locator(".pill.stopped")).to_be_visible()
            expect(shown.page.locator(".notice").first).to_contain_text(
                re.compile("does not run since|läuft nicht seit")
            )


def test_what_an_agent_saw_a_week_ago_is_not_shown_as_now(year: ConsoleSite, tmp_path: Path, browser: Browser) -> None:
    later = copied(year, tmp_path, console_site.NOW + timedelta(days=7))
    with serving(later) as served, looking(browser, served) as shown:
        served.stop_agent()
        shown.open("now")
        power = shown.page.locator("[aria-labelledby=power-title]")
        expect(power).to_contain_text("231.4 V")
        expect(power.get_by_text("when last seen")).to_have_count(2)
        expect(power.locator(".range")).to_have_count(0)
        machines = shown.page.locator("[aria-labelledby=machines-title]")
        expect(machines).to_contain_text("off when last seen")
        expect(machines).not_to_contain_text("waits until")
        shown.look("week-ago-now")
        shown.open("settings?tab=site")
        expect(shown.page.locator(".facts div").filter(has_text="The battery is")).to_contain_text("Controller stopped")
        expect(shown.page.locator(".facts div").filter(has_text="Steers the battery")).to_contain_text("no")


@pytest.mark.parametrize("screen", SCREENS)
def test_an_alarm_stands_above_every_page(served: Served, browser: Browser, screen: tuple[str, str, str]) -> None:
    alarms = json.loads(console_site.documents()[ALARMS.name])
    served.show(alarms=alarms)
    with looking(browser, served, *screen) as shown:
        for path in ("now", "plan"):
            shown.open(path)
            expect(shown.page.get_by_text("the meter does not answer").first).to_be_visible()
            shown.page.locator(".alarms summary").click()
            expect(shown.page.get_by_text(re.compile("Check the device's power|Stromversorgung"))).to_be_visible()
            shown.look(f"alarm-{path}")


def test_a_missing_value_is_listed_and_not_split(served: Served, browser: Browser) -> None:
    served.show(replace(console_site.state(), grid_w=MISSING, load_w=MISSING))
    with looking(browser, served) as shown:
        shown.open("now")
        expect(shown.page.get_by_text("A value is missing")).to_be_visible()
        expect(shown.page.locator(".flow svg")).to_have_count(0)
        grid = shown.page.locator(".totals div").filter(has_text="Grid").locator("dd")
        expect(grid).to_have_text(re.compile("^–"))
        shown.look("missing-now")


def test_what_a_person_has_told_is_shown_with_its_end(served: Served, browser: Browser) -> None:
    now = served.source.now()
    told = Override(OverrideAction.CHARGE, now + timedelta(hours=2), now, 2000.0)
    served.show(**{OVERRIDE.name: json.loads(to_json(told))})
    with looking(browser, served) as shown:
        shown.open("now")
        expect(shown.page.get_by_text("Charge with 2.00 kW until 14:07, told by a person.")).to_be_visible()
        shown.look("override-now")


def test_while_nothing_is_written_each_page_says_why(served: Served, browser: Browser) -> None:
    served.show(setpoint=setpoint(served, rung="observe", reason="it has not been commissioned", outcome=None))
    with looking(browser, served) as shown:
        shown.open("now")
        expect(
            shown.page.get_by_text("Nothing is written to the devices: it has not been commissioned")
        ).to_be_visible()
        expect(shown.page.get_by_role("button", name="Take over …")).to_be_disabled()
        expect(shown.page.get_by_text("so it cannot be taken over")).to_be_visible()
        shown.look("observing-now")
        shown.page.get_by_role("link", name="Why, and what to run").click()
        expect(shown.page.get_by_role("heading", name="Commissioning")).to_be_visible()
        served.show()  # it steers again
        shown.open("now")
        expect(shown.page.get_by_role("button", name="Take over …")).to_be_enabled()


def test_an_expired_plan_shows_no_future(year: ConsoleSite, tmp_path: Path, browser: Browser) -> None:
    later = copied(year, tmp_path, console_site.NOW + timedelta(hours=9))
    with serving(later) as served, looking(browser, served) as shown:
        shown.open("plan")
        expect(shown.page.get_by_text("The plan has expired")).to_be_visible()
        expect(shown.page.locator(".canvas")).to_have_count(0)
        shown.look("expired-plan")


def test_a_lost_connection_is_said_then_dims_and_comes_back_by_itself(served: Served, browser: Browser) -> None:
    with looking(browser, served, "phone") as shown:
        shown.open("now")
        expect(shown.page.get_by_text("Live", exact=True)).to_be_visible()
        shown.page.context.set_offline(True)
        shown.page.clock.fast_forward(25_000)
        expect(shown.page.get_by_text("The connection to the gateway is lost")).to_be_visible()
        expect(shown.page.locator("html.dimmed")).to_have_count(1)
        shown.look("lost-now")
        shown.page.context.set_offline(False)
        expect(shown.page.get_by_text("Live", exact=True)).to_be_visible()
        expect(shown.page.locator("html.dimmed")).to_have_count(0)
        served.show(replace(console_site.state(), soc_pct=replace(console_site.state().soc_pct, value=33.0)))
        expect(shown.page.get_by_text("33 %")).to_be_visible()


def test_a_session_that_ended_keeps_the_form_that_was_open(served: Served, browser: Browser) -> None:
    with looking(browser, served) as shown:
        shown.open("settings?tab=access")
        shown.page.get_by_label("Name").fill("the kitchen's display")
        OwnSettings(served.source.own).set_password(cheap_hash(salt=b"fedcba9876543210"))  # every session ends
        shown.page.get_by_role("button", name="Make a key").click()
        shown.page.get_by_label("Password", exact=True).fill("wrong and wrong")
        shown.page.get_by_role("button", name="Log in").click()
        expect(shown.page.get_by_text("The password is wrong.")).to_be_visible()
        shown.look("login")
        shown.page.get_by_label("Password", exact=True).fill("correct horse battery")
        shown.page.get_by_role("button", name="Log in").click()
        expect(shown.page.get_by_label("Name")).to_have_value("the kitchen's display")
        shown.page.get_by_role("button", name="Make a key").click()
        expect(shown.page.get_by_text("This is the key")).to_be_visible()
        shown.look("key-made")


@pytest.mark.parametrize(("on", "hours"), [("2026-03-29", 23), ("2025-10-26", 25), ("2026-05-20", 24)])
def test_a_day_has_the_hours_of_its_clock(served: Served, browser: Browser, on: str, hours: int) -> None:
    with looking(browser, served) as shown:
        shown.open(f"analytics?span=day&on={on}")
        shown.page.get_by_role("button", name="Table").click()
        heads = shown.page.locator(".chart tbody th")
        expect(heads).to_have_count(hours)
        rows = heads.all_text_contents()
        assert sum(row.endswith("01:00") for row in rows) == {23: 0, 24: 1, 25: 2}[hours]
        shown.look(f"clock-change-{hours}")


def test_in_the_hour_that_comes_twice_times_are_the_sites(year: ConsoleSite, tmp_path: Path, browser: Browser) -> None:
    night = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    with serving(copied(year, tmp_path, night)) as served, looking(browser, served) as shown:
        served.show(setpoint=setpoint(served))
        shown.open("now")
        expect(shown.page.locator(".why")).to_contain_text("01:30")


def test_today_is_the_sites_whatever_the_browsers_clock_says(served: Served, browser: Browser) -> None:
    with looking(browser, served, clock_off=timedelta(days=200)) as shown:
        shown.open("analytics?span=day")
        expect(shown.page.get_by_text("Wed, 3 Jun 2026", exact=True)).to_be_visible()


def through(page: Page, heard: list[bool]) -> list[WebSocketRoute]:
    """The sockets of the page, as they are made; what comes to them is passed on while ``heard`` is true."""
    connected: list[WebSocketRoute] = []

    def between(socket: WebSocketRoute) -> None:
        connected.append(socket)
        controller = socket.connect_to_server()
        socket.on_message(controller.send)
        controller.on_message(lambda message: socket.send(message) if heard[0] else None)

    page.route_web_socket(re.compile("realtime/stream"), between)
    return connected


def test_a_socket_that_falls_silent_is_noticed_and_replaced(served: Served, browser: Browser) -> None:
    """Neither ``close`` nor ``offline`` tells a phone that its network has gone: only what is not heard any more."""
    heard = [True]
    with looking(browser, served, "phone") as shown:
        connected = through(shown.page, heard)
        # What is asked meanwhile is not answered either; an answer would take the notice away again.
        shown.page.route(re.compile("/api/"), lambda route: route.continue_() if heard[0] else route.abort())
        shown.open("now")
        expect(shown.page.get_by_text("Live", exact=True)).to_be_visible()
        opened = len(connected)  # a page that becomes visible while it connects has begun anew
        heard[0] = False
        shown.page.clock.fast_forward(10_000)
        expect(shown.page.get_by_text("Live", exact=True)).to_be_visible()  # a ping is due every 15 s
        shown.page.clock.fast_forward(15_000)
        expect(shown.page.get_by_text("The connection to the gateway is lost")).to_be_visible()
        assert len(connected) > opened
        heard[0] = True
        served.show()
        expect(shown.page.get_by_text("Live", exact=True)).to_be_visible()


def test_a_socket_that_stays_silent_is_replaced_though_requests_are_answered(served: Served, browser: Browser) -> None:
    heard = [True]
    with looking(browser, served, "phone") as shown:
        connected = through(shown.page, heard)
        shown.open("now")
        expect(shown.page.get_by_text("Live", exact=True)).to_be_visible()
        heard[0] = False
        for _ in range(2):
            opened, passed_s = len(connected), 0.0
            while len(connected) == opened:
                assert passed_s <= 120.0, "a ping is due every 15 s"
                shown.page.clock.fast_forward(6_000)
                passed_s += 6.0
                shown.page.wait_for_timeout(300)  # what is asked meanwhile is answered
        heard[0] = True
        served.show()
        expect(shown.page.get_by_text("Live", exact=True)).to_be_visible()


def test_nothing_moves_for_who_does_not_want_it(served: Served, browser: Browser) -> None:
    moving = """[...document.querySelectorAll("*")].filter((one) => {
      const { transitionDuration, animationName } = getComputedStyle(one);
      return animationName !== "none" || transitionDuration.split(", ").some((time) => parseFloat(time) > 0);
    }).length"""
    with looking(browser, served) as shown:
        for path in ("now", "plan", "settings"):
            shown.open(path)
            assert shown.page.evaluate(moving) == 0, path
        shown.open("now")
        shown.page.emulate_media(reduced_motion="no-preference")
        shown.page.wait_for_function(f"{moving} > 0")  # what flows moves for everybody else


def test_an_older_store_is_not_told_as_none(served: Served, browser: Browser) -> None:
    with sqlite3.connect(served.site.store) as store:
        store.execute(f"PRAGMA user_version = {SCHEMA_VERSION - 1}")
    served.stop_agent()
    with looking(browser, served) as shown:
        shown.open("now")
        expect(shown.page.get_by_text("The stored data are of an earlier version; it brings them")).to_be_visible()
        expect(shown.page.get_by_text("nothing is stored yet")).to_have_count(0)
