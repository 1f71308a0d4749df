"""Sentences: their English words are those that readers know, and code and values go along."""

import copy
import inspect
import json
import pickle
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from agent.domain.alarms import AlarmKind
from agent.domain.sentence import TEMPLATES, Sentence, Template, coded, named, read_coded
from agent.domain.sentences import control
from agent.domain.sentences.alarms import alarm_text, clock_step
from agent.domain.wire import WireError, from_json, to_json
from tests.domain.sentence_samples import AT, every_sentence, names_of

ENGLISH = json.loads(Path(__file__).with_name("sentences_english.json").read_text("utf-8"))
UNITS = ("_w", "_wh", "_pct", "_s", "_h", "_days", "_per_kwh", "_money", "_times", "_v", "_a")


def test_the_english_words_are_as_ever() -> None:
    assert {one.code: str(one) for one in every_sentence()} == ENGLISH


def test_every_number_says_its_unit_and_every_time_that_it_is_one() -> None:
    odd = [
        (template.code, name)
        for template in TEMPLATES.values()
        for name, found in inspect.signature(template.text).parameters.items()
        if (found.annotation in (float, control.Paid) and not name.endswith(UNITS))
        or ((found.annotation is datetime) != name.endswith("_at"))
        or found.kind is not inspect.Parameter.KEYWORD_ONLY
    ]
    assert odd == []


def test_there_are_no_two_templates_of_one_code() -> None:
    def holding() -> str:
        return "again"

    with pytest.raises(ValueError, match="two templates holding"):
        Template(holding)


def test_a_wrong_or_missing_value_is_refused() -> None:
    any_template: Any = control.resting
    with pytest.raises(TypeError):
        any_template(price_per_kwh=0.3)
    with pytest.raises(TypeError):
        any_template()


def test_it_is_the_text_for_whoever_reads_it() -> None:
    sentence = control.resting(value_per_kwh=0.3)
    assert sentence == "resting: stored energy is worth 0.300/kWh"
    assert json.dumps(sentence) == '"resting: stored energy is worth 0.300/kWh"'
    for again in (copy.deepcopy(sentence), pickle.loads(pickle.dumps(sentence))):  # noqa: S301 - our own
        assert isinstance(again, Sentence)
        assert (again, again.code, again.values) == (sentence, "resting", {"value_per_kwh": 0.3})


def test_coded_is_plain_short_and_in_utc() -> None:
    order = control.order_charge_with(power_w=1234.5678)
    assert coded(control.by_hand(order=order, until_at=AT)) == {
        "code": "by_hand",
        "values": {
            "order": {"code": "order_charge_with", "values": {"power_w": 1234.6}},
            "until_at": "2026-06-01T12:30:00Z",
        },
    }
    assert coded(control.resting(value_per_kwh=float("nan"))) == {"code": "resting", "values": {"value_per_kwh": None}}
    assert coded("a driver's own words") is None
    assert coded(None) is None


@pytest.mark.parametrize("sentence", every_sentence(), ids=lambda one: one.code)
def test_what_was_written_down_is_read_and_written_again(sentence: Sentence) -> None:
    written = json.dumps(coded(sentence))
    again = read_coded(str(sentence), json.loads(written))
    assert again == sentence
    assert json.dumps(coded(again)) == written
    assert set(sentence.values) == set(names_of(TEMPLATES[sentence.code]))


@pytest.mark.parametrize("odd", [None, {}, {"code": 3, "values": {}}, {"code": "resting"}, [], "resting"])
def test_what_says_no_code_leaves_the_text(odd: object) -> None:
    assert type(read_coded("as it was", odd)) is str


def test_named_stands_beside_the_text() -> None:
    sentence = control.no_plan_yet()
    assert named("reason", sentence) == {"reason": sentence, "reason_code": "no_plan_yet", "reason_values": {}}
    assert named("reason", "free") == {"reason": "free", "reason_code": None, "reason_values": None}


@dataclass(frozen=True, slots=True)
class Noun:
    text: str


def test_a_noun_takes_a_sentence_over_the_wire_and_an_older_text_too() -> None:
    found = from_json(Noun, to_json(Noun(control.released(why=control.agent_starts())), digits=5))
    assert isinstance(found.text, Sentence)
    assert (found.text, found.text.code) == ("released: the agent starts", "released")
    assert from_json(Noun, to_json(found)) == found
    assert type(from_json(Noun, '{"text": "of an older version"}').text) is str
    with pytest.raises(WireError):
        from_json(Noun, '{"text": {"code": "released"}}')


def test_words_of_others_become_the_cause_of_an_alarm() -> None:
    found = alarm_text(AlarmKind.DEVICE_LOST, "meter", "no answer")
    assert isinstance(found, Sentence)
    assert (found, found.values) == ("no answer", {"device": "meter", "cause": "no answer"})
    known = control.no_plan_yet()
    assert alarm_text(AlarmKind.LINK_DOWN, "", known) is known


def test_a_step_of_the_clock_has_a_size_and_a_way() -> None:
    assert [str(clock_step(by_s)) for by_s in (30.0, -7200.0, 200_000.0)] == [
        "30 s ahead",
        "2.0 h back",
        "2.3 days ahead",
    ]
    assert coded(clock_step(-30.0)) == {"code": "set_back", "values": {"by_s": 30.0}}
