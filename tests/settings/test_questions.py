"""What people type becomes values of the site file, or one sentence; what is written is read as it was meant."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import pytest

from agent.settings import answers
from agent.settings.answers import Tables
from agent.settings.questions import Question, answered, first_tables, mistakes, questions
from agent.settings.site_text import site_text

HERE = Path()
DEVICE = """\
[[device]]
name = "inverter"
family = "huawei_luna"
roles = ["grid", "battery", "solar"]
host = "192.168.1.5"
"""
ZONES = {name.lower(): name for name in available_timezones()}


def tables_of(zone: str = "Europe/Berlin") -> Tables:
    return first_tables(zone, {}, tomllib.loads(DEVICE)["device"])


def question(words: str) -> Question:
    return next(one for one in questions({}) if one.words.startswith(words))


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (answers.fuse, "3x35A", 24150),
        (answers.fuse, "3 x 63 a", 43470),
        (answers.fuse, "25A", 5750),
        (answers.fuse, "17 kW", 17000),
        (answers.fuse, "none", "none"),
        (answers.limit, "4600", 4600),
        (answers.limit, "0", 0),
        (answers.amount, "10 kWh", 10000),
        (answers.amount, "7,68kWh", 7680),
        (answers.number, "0,2845", 0.2845),
        (answers.number, "-0.02", -0.02),
        (answers.place, "52.52, 13.40", (52.52, 13.4)),
        (answers.place, "-33.9 151.2", (-33.9, 151.2)),
        (answers.identity, "Haus am Bach, 7", "haus-am-bach-7"),
        (answers.identity, "Haus Müller, Weißer Weg", "haus-muller-weisser-weg"),
        (answers.identity, "!", "home"),
    ],
)
def test_what_is_typed_is_understood(parse: Callable[[str], object], text: str, value: object) -> None:
    assert parse(text) == value


@pytest.mark.parametrize(
    ("parse", "text", "said"),
    [
        (answers.fuse, "4x35A", "is no amount"),
        (answers.amount, "-5", "'-5' is no amount: write 5000, 5 kW or 10 kWh"),
        (answers.number, "cheap", "'cheap' is no number"),
        (answers.place, "Berlin", "'Berlin' is no place: write latitude and longitude in degrees"),
        (answers.tariff, "dynamic", "'dynamic' is no kind of tariff: write flat, windows, list, or list FILE"),
        (answers.windows, "at night 0.09", "'at night 0.09' is no window: write 00:30-05:30 0.09"),
        (answers.windows, " ; ", "write at least one window"),
    ],
)
def test_what_cannot_be_understood_is_one_sentence(parse: Callable[[str], object], text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse(text)


@pytest.mark.parametrize(
    ("text", "zone"),
    [("europe/london", "Europe/London"), ("Berlin", "Europe/Berlin"), ("new york", "America/New_York")],
)
def test_a_city_is_a_time_zone(text: str, zone: str) -> None:
    assert answers.zone(text, ZONES) == zone


def test_windows_with_their_prices() -> None:
    assert answers.windows("0:30-5:30 0,09; 22:00-24:00 0.1") == [
        {"price_per_kwh": 0.09, "from": "00:30", "to": "05:30"},
        {"price_per_kwh": 0.1, "from": "22:00", "to": "00:00"},
    ]


def test_before_the_first_answer_the_file_is_whole() -> None:
    assert mistakes(tables_of(), HERE) == []


@pytest.mark.parametrize(
    ("words", "text", "said"),
    [
        ("Its id", "Riverside 12", r"\[site\] id"),
        ("Latitude", "13.4, 152.5", "the time zone"),
        ("Currency", "euro", r"\[site\] currency"),
        ("Usable energy", "10", r"\[battery\] usable_wh"),
        ("Kept for outages", "101", r"\[battery\] reserve_pct"),
        ("Central platform", "mqtt://a.example", r"\[cloud\] host"),
        ("Price of energy", "list", "there is no .cloud. that could send one"),
        ("Price of energy", "list nowhere.csv", "cannot be used"),
        ("Paid for", "9", r"\[tariff.export\]"),
    ],
)
def test_an_answer_is_judged_by_the_schema_and_the_checks(words: str, text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as refused:
        answered(question(words), tables_of(), text, HERE)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Sydney", "Asia/Tokyo", "UTC"])
def test_every_proposal_is_an_answer(zone: str) -> None:
    tables = tables_of(zone)
    for one in questions({"usable_wh": 10000.0, "charge_w": 5000.0, "discharge_w": 4000.0}):
        proposal = one.proposal(tables)
        if proposal is not None and one.applies(tables):
            tables = answered(one, tables, proposal, HERE)
    assert (tables["site"]["timezone"], tables["battery"]["discharge_w"]) == (zone, 4000)


def test_every_question_fits_a_terminal_with_its_proposal() -> None:
    tables = tables_of()
    for one in questions({}):
        for line in f"{one.words} [{one.proposal(tables)}]".splitlines():
            assert len(line) <= 80, line


def test_the_text_is_read_as_it_was_meant() -> None:
    tables = answered(question("Price of energy"), tables_of(), "windows", HERE)
    tables = answered(question("Name"), tables, 'The "old" mill \\ 7 é', HERE)
    tables = answered(question("Central platform"), tables, "mqtt.example.org", HERE)
    read: dict[str, Any] = tomllib.loads(site_text(tables, [DEVICE]))
    assert read == tables


def test_a_key_has_the_words_of_the_schema() -> None:
    text = site_text(tables_of(), [DEVICE])
    assert "latitude = 52.5  # degrees, north is positive" in text
    assert '# most power drawn from the grid in watts, or "none"' in text.replace("  #", "\n#")
