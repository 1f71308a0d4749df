"""What the controller says, in a German alert: numbers, money and times as people write them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from agent.console.alerts.said import Teller, body
from agent.console.alerts.words import read_words
from agent.domain.alarms import AlarmKind, Severity
from agent.domain.sentence import Sentence
from agent.domain.sentences import advice, alarms, commands, control, plans
from tests.console.alerts.boxes import BERLIN, NOON, alert
from tests.console.alerts.sent import SITE
from tests.domain.sentence_samples import every_sentence

GERMAN = Teller(read_words("de"), BERLIN, "EUR", NOON)
LATE = datetime(2027, 3, 9, 22, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        (control.by_hand(order=control.order_charge_with(power_w=2000.0), until_at=NOON),
         "Laden mit 2,00 kW bis 14:00, von Hand vorgegeben"),
        (control.by_hand(order=control.order_hold(), until_at=LATE),
         "Halten bis Di., 9. März, 23:30, von Hand vorgegeben"),
        (advice.saved_of(saved_money=1234.5, promised_money=-0.001),
         "gegenüber fester Regel 1.234,50 € gespart, erwartet waren 0,00 €"),
        (control.resting(value_per_kwh=0.2811), "Batterie ruht: gespeicherte Energie ist 28,1 ct/kWh wert"),
        (alarms.says_impossible(says_at=LATE), "zeigt den 9. März 2027, was nicht sein kann"),
        (commands.until_too_far(until_at=LATE, longest_h=24.0), "bis Di., 9. März, 23:30 sind es mehr als 1 Tag"),
        (plans.prices_set_to_mean(price="export_price", missing=4, steps=96),
         "der Einspeisepreis ist für 4 von 96 Zeitschritten nicht bekannt; dort gilt der Durchschnittspreis"),
        (advice.look_at_meter(quantity="load_w"), "Zähler prüfen: Leistung des Hauses"),
    ],
)  # fmt: skip
def test_it_is_german(sentence: Sentence, expected: str) -> None:
    assert GERMAN.said(sentence).replace("\u00a0", " ") == expected


def test_every_sentence_can_be_said() -> None:
    found = {one.code: GERMAN.said(one) for one in every_sentence()}
    assert [code for code, said in found.items() if "{" in said or "None" in said] == []


@pytest.mark.parametrize("kind", AlarmKind)
def test_what_to_check_is_german(kind: AlarmKind) -> None:
    assert GERMAN.check(kind.value) not in (None, kind.check)


@pytest.mark.parametrize(
    "sentence",
    [
        Sentence("of tomorrow", "of_tomorrow", {}),
        Sentence("of tomorrow", "device_lost", {"device": "meter"}),
        Sentence("of tomorrow", "device_lost", {"device": "meter", "cause": None}),
        Sentence("of tomorrow", "over", {"told": {"code": "of_tomorrow", "values": {}}}),
        Sentence("of tomorrow", "says_impossible", {"says_at": "soon"}),
        Sentence("of tomorrow", "soc_reads", {"soc_pct": [3]}),
        Sentence("of tomorrow", "soc_reads", {"soc_pct": 1e300}),
    ],
)
def test_what_is_not_known_here_is_said_as_it_was_written(sentence: Sentence) -> None:
    assert GERMAN.said(sentence) == "of tomorrow"


def test_an_english_alert_has_the_controllers_own_words() -> None:
    one = replace(alert(severity=Severity.INFO), text=control.resting(value_per_kwh=0.3), at=NOON + timedelta(hours=1))
    assert body(read_words("en"), one, SITE) == "resting: stored energy is worth 0.300/kWh"
