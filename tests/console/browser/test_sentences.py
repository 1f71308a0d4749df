"""What the controller says, as a person reads it in German and in English."""

import json
import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from agent.console.alerts.said import Teller
from agent.console.alerts.words import read_words
from agent.domain.alarms import AlarmKind, StandingAlarm
from agent.domain.documents import ALARMS, PLAN, SETPOINT
from agent.domain.model_registry import ModelRegistry, Refusal
from agent.domain.sentence import coded, named
from agent.domain.sentences import alarms, control, plans
from agent.domain.sentences.model_faults import history_too_short, model_hash_other
from agent.domain.sentences.model_trials import rolled_back
from agent.domain.sentences.models import model_unusable
from agent.domain.wire import to_json
from tests.console import site as console_site
from tests.console.browser.screen import Screen, Served, looking
from tests.domain.sentence_samples import TEXTS, every_sentence

pytestmark = pytest.mark.browser

ENGLISH = re.compile(r"\b(the|is|are|of|and|its|it|from|with|worth|charging|battery|costs)\b")
IN_ENGLISH = "main [lang=en], .alarms [lang=en], [role=status] [lang=en]"
# How people write numbers is the browser's: its spaces before a unit are not these.
SPACES = re.compile(r"[\u00a0\u202f]")


def setpoint(served: Served, reason: str) -> dict[str, object]:
    usual = json.loads(console_site.documents()[SETPOINT.name])
    return {**usual, "at": served.source.now().isoformat(), **named("reason", reason)}


def frozen(served: Served) -> list[object]:
    kind, said = AlarmKind.FROZEN, alarms.frozen(device="meter")
    alarm = StandingAlarm(kind.value, "meter", served.source.now() - timedelta(hours=1), said, said, kind.check)
    found: list[object] = json.loads(to_json((alarm,)))
    return found


def keep(store: Path, name: str, body: str) -> None:
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute("UPDATE kept SET body = ? WHERE name = ?", (body, name))


def text_of(screen: Screen, where: str) -> str:
    return SPACES.sub(" ", screen.page.locator(where).first.inner_text())


def test_a_german_reads_no_english_sentence(served: Served, browser: Browser) -> None:
    reason = control.discharging_for_load(power_w=520.4, paid_per_kwh=0.32, value_per_kwh=0.2811)
    reason = control.bound_by(said=reason, limit=control.limit_of_ramp())
    served.show(**{SETPOINT.name: setpoint(served, reason), ALARMS.name: frozen(served)})
    with looking(browser, served, "phone", "light", "de-DE") as screen:
        screen.open("now")
        expect(screen.page.locator(".why")).to_contain_text("Batterie entlädt")
        assert "Batterie entlädt 520 W für den Verbrauch bei 32,0 p/kWh, gespeicherte Energie ist 28,1 p/kWh wert" in (
            text_of(screen, ".why")
        )
        expect(screen.page.locator(".why")).to_contain_text("begrenzt durch die Rampe")
        alarm = screen.page.locator(".alarms details").first
        expect(alarm).to_contain_text("meter antwortet, aber die Werte ändern sich nicht mehr")
        alarm.locator("summary").click()
        expect(alarm).to_contain_text("Das Gerät oder das Gateway davor neu starten")
        for path in ("now", "advice"):
            screen.open(path)
            expect(screen.page.locator("main")).not_to_contain_text(ENGLISH)
            expect(screen.page.locator(".alarms")).not_to_contain_text(ENGLISH)
            expect(screen.page.locator(IN_ENGLISH)).to_have_count(0)
            screen.look(f"german-{path}")
        expect(screen.page.locator("article h2").first).to_have_text("Batterie von 13:07 bis 17:07 Uhr halten")


def test_a_german_reads_what_a_plan_lacked_and_why_a_model_is_refused(served: Served, browser: Browser) -> None:
    notes = (
        plans.prices_from_like_day(price="import_price", missing=4, steps=96),
        plans.follows_value_table(cause=plans.no_time_to_solve()),
        model_unusable(model="consumption", cause=history_too_short(least_h=168.0, measured_h=20.5)),
    )
    keep(served.site.store, PLAN.name, to_json(replace(console_site.plan(served.source.now()), notes=notes)))
    folder = served.site.store.parent / "models"
    folder.mkdir()
    refused = Refusal("own", "f", rolled_back(back_at=console_site.NOW, cause=model_hash_other()))
    (folder / "champions.json").write_text(to_json(ModelRegistry(refused=(refused,))), "utf-8")
    with looking(browser, served, "phone", "light", "de-DE") as screen:
        screen.open("plan")
        told = screen.page.locator("main .notes")
        expect(told).to_contain_text("der Bezugspreis ist für 4 von 96 Zeitschritten nicht bekannt")
        expect(told).to_contain_text("nur nach dem Wert gespeicherter Energie: für die Optimierung blieb keine Zeit")
        assert "es braucht 7 Tage an Messwerten" in text_of(screen, "main .notes")
        expect(told).not_to_contain_text(ENGLISH)
        expect(screen.page.locator(IN_ENGLISH)).to_have_count(0)
        screen.look("german-plan")
        screen.open("settings?tab=site")
        row = screen.page.locator("main table tr", has_text="own").first
        expect(row).to_contain_text("abgelehnt")
        expect(row).to_contain_text("zurückgenommen: die SHA-256-Prüfsumme von model.onnx ist nicht die aus card.json")
        expect(screen.page.locator("main table [lang=en]")).to_have_count(0)
        screen.look("german-models")


def test_what_a_driver_says_stays_as_it_was_within_the_sentence(served: Served, browser: Browser) -> None:
    alarm = json.loads(console_site.documents()[ALARMS.name])
    served.show(**{ALARMS.name: alarm, SETPOINT.name: setpoint(served, "an older agent's own words")})
    with looking(browser, served, "desktop", "light", "de-DE") as screen:
        screen.open("now")
        expect(screen.page.locator(".alarms")).to_contain_text("meter antwortet nicht: the meter does not answer")
        expect(screen.page.locator(".why [lang=en]")).to_have_text("an older agent's own words")


@pytest.mark.parametrize(("locale", "is_german"), [("de-DE", True), ("en-GB", False)])
def test_every_sentence_can_be_said(served: Served, browser: Browser, locale: str, is_german: bool) -> None:
    """By the page's own script, with every value that a template has."""
    free = sorted((text for text in TEXTS.values() if coded(text) is None), key=len, reverse=True)
    with looking(browser, served, "desktop", "light", locale) as screen:
        screen.open("now")
        expect(screen.page.locator(".why span")).to_be_visible()
        script = next(url for url in screen.requests if url.endswith("/sentences.js"))
        asked = {"url": script, "all": [coded(one) for one in every_sentence()]}
        said = screen.page.evaluate(
            "({ url, all }) => import(url).then(({ said }) => all.map((one) => said(one.code, one.values)))", asked
        )
    found = dict(zip((one.code for one in every_sentence()), said, strict=True))
    assert [code for code, text in found.items() if not text or re.search(r"[{}]|undefined|NaN|null|–", text)] == []
    if is_german:
        teller = Teller(read_words("de"), served.source.zone, served.source.settings.site.currency, served.source.now())
        mailed = {one.code: SPACES.sub(" ", teller.said(one)) for one in every_sentence()}
        assert mailed == {code: SPACES.sub(" ", text) for code, text in found.items()}, "a mail says what the page says"
        ours = dict(found)
        for text in free:
            ours = {code: one.replace(text, "") for code, one in ours.items()}
        assert {code: text for code, text in ours.items() if ENGLISH.search(text)} == {}
    known = {code: SPACES.sub(" ", found[code]) for code in ("by_hand", "clock_was_set", "quantity_unusable")}
    assert known == (
        {
            "by_hand": "Laden mit 2,00 kW bis Mo., 1. Juni, 13:30, von Hand vorgegeben",
            "clock_was_set": "Die Uhr wurde um 5 h vorgestellt",
            "quantity_unusable": "Ladestand zu alt",
        }
        if is_german
        else {
            "by_hand": "charge with 2.00 kW until Mon 1 Jun, 13:30: a person has asked for it",
            "clock_was_set": "the clock was set 5 h ahead",
            "quantity_unusable": "Charge level is too old",
        }
    )
