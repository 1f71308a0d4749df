"""What a German reads where something goes wrong: devices, the link, what a form refuses, a plan that is over."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from agent.domain.alarms import AlarmKind, StandingAlarm
from agent.domain.documents import ALARMS, PLAN, SETPOINT
from agent.domain.records import Batch, EventRow
from agent.domain.sentence import named
from agent.domain.sentences import alarms, control, events, link, messages, store
from agent.domain.wire import to_json
from drivers import sentences as driver
from tests.console import site as console_site
from tests.console.alerts.receivers import hook
from tests.console.browser.screen import Served, looking
from tests.console.browser.states import STATES, Case, as_kept, write
from tests.console.site import ConsoleSite

pytestmark = pytest.mark.browser

ASKED = driver.reading_holding_registers(unit=1, count=2, address=40001)
GONE = driver.no_connection(asked=ASKED, place="10.0.0.5:502", why=driver.nothing_listens())


def standing(served: Served, kind: AlarmKind, said: str, days: float = 0.0, subject: str = "") -> object:
    since = served.source.now() - timedelta(days=days)
    return json.loads(to_json(StandingAlarm(kind.value, subject, since, said, said, kind.check)))


def test_why_a_device_is_lost_and_the_store_fails(served: Served, browser: Browser) -> None:
    lost = alarms.device_lost(device="meter", cause=GONE)
    full = store.store_not_written(path="/data/site.sqlite3", cause="disk I/O error")
    shown = [
        standing(served, AlarmKind.DEVICE_LOST, lost, days=400, subject="meter"),
        standing(served, AlarmKind.STORE_FAILED, full),
    ]
    served.show(**{ALARMS.name: shown})
    with looking(browser, served, "phone", "light", "de-DE") as screen:
        screen.open("now")
        first, second = (screen.page.locator(".alarms details").nth(n) for n in (0, 1))
        expect(first).to_contain_text(
            "meter antwortet nicht: Unit 1, Lesen von 2 Holding-Registern ab 40001: keine Verbindung zu 10.0.0.5:502: "
            "das Gerät ist da, aber an diesem Port lauscht nichts"
        )
        expect(second).to_contain_text(
            "der Datenspeicher /data/site.sqlite3 hat versagt: Ein-/Ausgabefehler des Datenträgers; "
            "nichts wurde geschrieben"
        )
        first.locator("summary").click()
        expect(first).to_contain_text(re.compile(r"Seit 29\. Apr\. 2025, 12:07"))
        expect(screen.page.locator(".alarms [lang=en]")).to_have_count(0)
        screen.look("german-lost")


def test_why_the_platform_is_not_reached(year: ConsoleSite, tmp_path: Path, browser: Browser) -> None:
    with STATES["no-tariff"](Case(year, tmp_path)) as served:
        trouble = link.not_verified(place="mqtt.example.org:8883", why=link.broker_certificate_expired())
        served.show(link={"connected": False, **named("trouble", trouble)})
        with looking(browser, served, "phone", "dark", "de-DE") as screen:
            screen.open("settings?tab=site")
            facts = screen.page.locator("dl.facts").first
            expect(facts).to_contain_text("das Zertifikat des Brokers")
            expect(facts.locator("[lang=en]")).to_have_count(0)
            screen.look("german-link")


def test_what_a_form_refuses_and_what_came_of_a_test(served: Served, browser: Browser) -> None:
    with looking(browser, served, "desktop", "light", "de-DE") as screen, hook() as received:
        page = screen.page
        screen.open("settings?tab=alerts")
        form = page.locator("form").first
        form.get_by_label("Name", exact=True).fill("haus")
        form.get_by_label("Adresse (URL)", exact=True).fill("ftp://example.org/thema")
        form.get_by_role("button", name="Empfänger anlegen").click()
        expect(page.get_by_text("die Adresse beginnt nicht mit https:// oder http:// und einem Namen")).to_be_visible()
        form.get_by_label("Adresse (URL)", exact=True).fill(received.url)
        form.get_by_role("button", name="Empfänger anlegen").click()
        received.answers = [503]
        row = page.get_by_role("row", name=re.compile("^haus "))
        row.get_by_role("button", name="Empfänger haus testen").click()
        expect(row.locator(".refused")).to_have_text("127.0.0.1 antwortete 503 Service Unavailable")
        row.get_by_role("button", name="Empfänger haus testen").click()
        expect(row.locator(".refused")).to_contain_text("an haus ging gerade erst ein Test")
        expect(row.locator("[lang=en]")).to_have_count(0)
        screen.look("german-receivers")


@pytest.mark.parametrize(
    ("runs", "rung", "told"),
    [
        (True, "rules", "folgt die Batterie der festen Regel"),
        (True, "observe", "Die Steuerung greift gerade nicht ein"),
        (False, "rules", "Die Steuerung greift gerade nicht ein"),
    ],
)
def test_a_plan_that_is_over_says_what_the_battery_follows(
    served: Served, browser: Browser, runs: bool, rung: str, told: str
) -> None:
    day_before = served.source.now() - timedelta(days=1)
    as_kept(served, PLAN.name, to_json(replace(console_site.plan(day_before), notes=())))
    usual = json.loads(console_site.documents()[SETPOINT.name])
    served.show(
        setpoint={**usual, "rung": rung, **named("reason", control.self_consumption(why=control.plan_expired()))}
    )
    if not runs:
        served.stop_agent()
    with looking(browser, served, "phone", "light", "de-DE") as screen:
        screen.open("plan")
        expect(screen.page.locator("main .empty")).to_contain_text(told)
        screen.look(f"german-plan-over-{rung}-{runs}")


def test_what_the_platform_has_sent_and_was_not_taken(served: Served, browser: Browser) -> None:
    """Events, on the page of the log: what is kept beside their English text is what is said."""
    refused = messages.message_refused(topic="down/input/tariff", cause=messages.issued_in_future(ahead_s=7200.0))
    lost = events.ledger_not_settled(cause=messages.payload_too_large(counted=70000, most=65536))
    now = served.source.now()
    rows = (EventRow(now, "message_refused", "warning", refused), EventRow(now, "ledger_failed", "warning", lost))
    write(served.site, Batch(events=rows))
    with looking(browser, served, "phone", "light", "de-DE") as screen:
        screen.open("settings?tab=log")
        told = screen.page.locator("main table").first
        expect(told).to_contain_text("down/input/tariff: issued_at: angeblich wird sie erst in 2\u00a0h ausgestellt")
        expect(told).to_contain_text("70.000 Byte sind mehr als die erlaubten 65.536")
