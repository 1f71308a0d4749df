"""The words of the alerts: both languages say all of it."""

from string import Formatter

import pytest

from agent.console.alerts.alert import MORE, TEST, Alert, Count
from agent.console.alerts.said import body
from agent.console.alerts.settings import LANGUAGES
from agent.console.alerts.thresholds import RULES, WORDS, Passed
from agent.console.alerts.words import read_words, threshold_text, title
from agent.domain.alarms import AlarmKind, EventKind, Severity
from tests.console.alerts.boxes import NOON, alert
from tests.console.alerts.sent import SITE

KINDS = (*(kind.value for kind in (*AlarmKind, *EventKind)), *WORDS, MORE, TEST)


def _names(text: str) -> set[str | None]:
    return {name for _, name, _, _ in Formatter().parse(text)} - {None}


def test_both_languages_have_the_same_words() -> None:
    english, german = (read_words(language) for language in LANGUAGES)
    assert list(english) == list(german)
    assert {key for key in english if _names(english[key]) != _names(german[key])} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_has_its_words(language: str) -> None:
    words = read_words(language)
    assert [kind for kind in KINDS if not words.get(f"kind.{kind}")] == []
    assert [key for key in words if key.startswith("kind.") and key.removeprefix("kind.") not in KINDS] == []


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", ["The battery is at 18 %, below 20 %.", "12.3 kW are drawn from the grid, no longer more than 12.5 kW.",
                "A kWh costs 0.451 GBP, more than 0.450 GBP.",
                "The newest data is 6 minutes old, more than 5 minutes: see that the agent runs."]),
        ("de", ["Die Batterie ist bei 18 %, unter 20 %.",
                "Aus dem Netz werden 12,3 kW bezogen, nicht mehr über 12,5 kW.",
                "Eine kWh kostet 0,451 GBP, mehr als 0,450 GBP.",
                "Die neuesten Daten sind 6 Minuten alt, mehr als 5 Minuten: Läuft die Steuerung?"]),
    ],
)  # fmt: skip
def test_thresholds_are_said_in_the_units_of_people(language: str, expected: list[str]) -> None:
    soc, power, price, age = RULES
    passed = [Passed(soc, 18.2, 20.0, False), Passed(power, 12_300.0, 12_500.0, True),
              Passed(price, 0.451, 0.45, False), Passed(age, 361.0, 300.0, False)]  # fmt: skip
    assert [threshold_text(read_words(language), one, "GBP") for one in passed] == expected


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (alert("soc_below", Severity.WARNING), "Home: Warnung: Batterie ist niedrig"),
        (alert("word_of_tomorrow", Severity.INFO), "Home: Hinweis: word of tomorrow"),
        (Alert("1", NOON, "device_lost/meter", Severity.INFO, "", is_over=True),
         "Home: vorbei: Gerät antwortet nicht (meter)"),
        (Alert("1", NOON, MORE, Severity.INFO, ""), "Home: weitere Meldungen"),
        (Alert("1", NOON, TEST, Severity.INFO, ""), "Home: Test"),
    ],
)  # fmt: skip
def test_titles(one: Alert, expected: str) -> None:
    assert title(read_words("de"), "Home", one) == expected


def test_what_was_not_told_one_by_one() -> None:
    more = (Count("device_lost", 7), Count("no_plan", 2))
    summed = Alert("1", NOON, MORE, Severity.INFO, "", more=more)
    assert body(read_words("en"), summed, SITE) == "and 9 more: device does not answer (7), no plan (2)"


def test_a_name_with_braces_is_a_name() -> None:
    assert title(read_words("en"), "{Home}", alert("no_plan/{x}")) == "{Home}: alarm: no plan ({x})"
