"""What the controller says, on the pages: every sentence in both languages, and its code and values in the API."""

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agent.console.app import WEB
from agent.console.reading.models import models
from agent.domain.alarms import AlarmKind
from agent.domain.model_registry import Assignment, Deployment, ModelRegistry, Refusal, Trial
from agent.domain.sentence import TEMPLATES
from agent.domain.sentences.model_faults import model_hash_other
from agent.domain.sentences.model_trials import cost_against, error_against, models_compared
from agent.domain.wire import to_json
from tests.console.api_examples import client
from tests.console.site import NOW, ConsoleSite, copied
from tests.domain.sentence_samples import names_of

WORDS = {name: json.loads((WEB / "words" / f"sentences.{name}.json").read_text("utf-8")) for name in ("en", "de")}
PAGE = json.loads((WEB / "words" / "de.json").read_text("utf-8"))
PLACE = re.compile(r"\{(\w+)(?::(\w+))?\}")
SCRIPT = (WEB / "sentences.js").read_text("utf-8")


@pytest.mark.parametrize("language", WORDS)
def test_every_template_is_translated_with_the_same_places(language: str) -> None:
    found = {code: {name for name, _ in PLACE.findall(WORDS[language].get(code, ""))} for code in TEMPLATES}
    assert found == {code: set(names_of(template)) for code, template in TEMPLATES.items()}


def test_both_languages_say_the_same_and_nothing_that_nobody_says() -> None:
    assert list(WORDS["en"]) == list(WORDS["de"])
    prefixes = {code.partition(".")[0] for code in WORDS["de"] if "." in code}
    assert {code for code in WORDS["de"] if "." not in code} == set(TEMPLATES)
    assert prefixes == {
        "check", "span", "wanted_span", "kept_span", "kept", "certificate", "price", "cause", "file", "stream",
        "worker",
    }  # fmt: skip


def test_what_to_check_is_said_of_every_alarm() -> None:
    said = {kind.value: WORDS["en"][f"check.{kind.value}"] for kind in AlarmKind}
    assert said == {kind.value: kind.check for kind in AlarmKind}
    assert all(WORDS["de"][f"check.{kind.value}"] != kind.check for kind in AlarmKind)


@pytest.mark.parametrize("language", WORDS)
def test_a_place_asks_only_for_forms_that_the_page_knows(language: str) -> None:
    known = re.search(r"const FORMS = \{(.*)\};", SCRIPT)
    assert known is not None
    forms = set(re.findall(r"(?:^|[ ,])(\w+):", known[1]))
    assert {form for text in WORDS[language].values() for _, form in PLACE.findall(text) if form} <= forms


def test_the_words_of_the_site_that_are_values_are_words_of_the_page() -> None:
    """``quantity`` and ``quality`` are said by the page's own words."""
    assert {f"quantity.{name}" for name in ("grid_w", "soc_pct", "battery_w", "pv_w", "load_w")} <= set(PAGE)
    assert {f"quality.{name}" for name in ("stale", "frozen", "implausible", "missing")} <= set(PAGE)


def get(site: ConsoleSite, path: str) -> Any:
    return client(site).get(f"/api/v1/{path}").json()


def test_a_decision_comes_out_with_code_and_values(year: ConsoleSite) -> None:
    newest = get(year, "decisions")["items"][0]
    assert newest["reason"] == "discharging 1.40 kW for the load at 0.600/kWh, stored energy is worth 0.310/kWh"
    assert newest["reason_code"] == "discharging_for_load"
    assert newest["reason_values"] == {"power_w": 1400.0, "paid_per_kwh": 0.6, "value_per_kwh": 0.31}


def test_events_alarms_and_recommendations_have_theirs(year: ConsoleSite) -> None:
    event, alarm = get(year, "events")["items"][0], get(year, "alarms")["items"][0]
    assert (event["text_code"], alarm["text_code"]) == ("device_lost", "device_lost")
    assert alarm["text_values"] == {"device": "meter", "cause": "the meter does not answer"}
    done = get(year, "advisories?status=done")["items"][0]
    assert (done["headline_code"], done["description_code"]) == ("run_instead", "run_because")
    assert done["outcome"]["text_code"] == "saved_of"
    assert done["headline_values"]["best_at"].endswith("Z")
    flow = get(year, "realtime/energy-flow")
    assert flow["setpoint"]["reason_code"] == "charging_from_sun"
    assert flow["alarms"][0]["text_code"] == "device_lost"


@pytest.mark.parametrize("kept", [None, "not JSON", "[]", "3", '["resting"]', "[1, {}]"])
def test_a_row_of_an_older_version_is_shown_as_it_was(year: ConsoleSite, tmp_path: Path, kept: str | None) -> None:
    old = copied(year, tmp_path)
    with closing(sqlite3.connect(old.store)) as connection:
        connection.execute("UPDATE decision SET said = ?", (kept,))
        connection.execute("UPDATE event SET said = ?", (kept,))
        connection.commit()
    decision, event = get(old, "decisions")["items"][0], get(old, "events")["items"][0]
    assert decision["reason"].startswith("discharging 1.40 kW")
    assert (decision["reason_code"], decision["reason_values"]) == (None, None)
    assert (event["text"], event["text_code"]) == ("the meter does not answer", None)


def test_what_a_plan_had_to_do_without_has_its(year: ConsoleSite) -> None:
    for path in ("plan", "forecasts"):
        answer = get(year, path)
        assert answer["notes"] == ["the import price is not known for 4 of 96 steps: 4 taken from a like day before"]
        (said,) = answer["notes_said"]
        assert said["text_code"] == "prices_from_like_day"
        assert said["text_values"] == {"price": "import_price", "missing": 4, "steps": 96}


def test_a_plan_of_an_older_version_shows_its_notes_as_they_were(year: ConsoleSite, tmp_path: Path) -> None:
    old = copied(year, tmp_path)
    with closing(sqlite3.connect(old.store)) as connection:
        (body,) = connection.execute("SELECT body FROM kept WHERE name = 'plan'").fetchone()
        kept = json.loads(body) | {"notes": ["the weather is not known"]}
        connection.execute("UPDATE kept SET body = ? WHERE name = 'plan'", (json.dumps(kept),))
        connection.commit()
    assert get(old, "plan")["notes_said"] == [
        {"text": "the weather is not known", "text_code": None, "text_values": None}
    ]


def test_models_say_why_they_are_where_they_are(year: ConsoleSite, tmp_path: Path) -> None:
    site = copied(year, tmp_path)
    better = models_compared(
        days=13, error=error_against(0.03), worst_error=error_against(0.01), cost=cost_against(0.004),
        worst_cost=cost_against(-0.001),
    )  # fmt: skip
    seat = Deployment("own", "2.0.0", "f", NOW, better)
    trial = Trial("new", "3.0.0", "n", "f", NOW)
    registry = ModelRegistry(
        posts=(Assignment("load_w", seat, None, (trial,)),), refused=(Refusal("odd", "o", model_hash_other()),)
    )
    folder = site.store.parent / "models"
    folder.mkdir()
    (folder / "champions.json").write_text(to_json(registry), "utf-8")
    settings = site.source().settings
    planning = settings.planning.model_copy(update={"load_model": "consumption"})
    found = models(settings.model_copy(update={"planning": planning}), site.store, NOW)["items"]
    assert [(one["role"], one["reason_code"]) for one in found if one["quantity"] != "pv_w"] == [
        ("in_charge", "models_compared"),
        ("before", "model_installed"),
        ("on_trial", "nothing_compared"),
        ("refused", "model_hash_other"),
    ]
    assert found[0]["reason_values"]["error"] == {"code": "error_lower", "values": {"by_pct": 3.0}}


def test_notes_and_what_wants_attention_have_theirs(year: ConsoleSite) -> None:
    consumed = get(year, "analytics/consumption?breakdown=source")
    assert [one["text"] for one in consumed["notes_said"]] == consumed["notes"]
    assert [one["text_code"] for one in consumed["notes_said"]][-1:] == ["split_convention"]
    assert {one["text_code"] for one in get(year, "demand")["notes_said"]} == {"peaks_from_quarters"}
    status = get(year, "status")
    assert [one["text"] for one in status["attention_said"]] == status["attention"]
    assert "device_lost" in {one["text_code"] for one in status["attention_said"]}
