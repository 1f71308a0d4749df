"""The one payload by which Home Assistant finds the device, and what takes it away again."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from agent.home_assistant.discovery import Household, availability, discovery, removal
from agent.home_assistant.entities import ENTITIES, Needs
from agent.home_assistant.states import attributes, states
from tests.home_assistant.households import HOME, ORDERED, known

SHAPE = Draft202012Validator(json.loads(Path(__file__).with_name("discovery.schema.json").read_text("utf-8")))
DARK = replace(HOME, has_solar=False)
# History, dashboards and automations of households hang on these: a key may come, none may go or change.
KEYS = {
    "grid_power", "solar_power", "battery_power", "load_power", "battery_soc", "import_price", "export_price",
    "stored_energy_value", "saved_today", "mode", "reason", "next_charge", "next_discharge", "override", "problem",
    "grid_import_energy", "grid_export_energy", "solar_energy", "battery_charge_energy", "battery_discharge_energy",
    "set_override", "set_power", "set_minutes", "set_auto", "order_result",
}  # fmt: skip


def components(home: Household) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(discovery(home).payload)["cmps"]
    return found


@pytest.mark.parametrize("home", [HOME, ORDERED, DARK, replace(HOME, name='Bäckerei "Süd" 🥨', currency="HUF")])
def test_it_has_the_shape_that_is_documented(home: Household) -> None:
    envelope = discovery(home)
    SHAPE.validate(json.loads(envelope.payload))
    assert (envelope.topic, envelope.retain) == ("homeassistant/device/ee_home-1/config", True)
    assert len(envelope.payload) < 10_000


def test_the_shape_would_refuse_what_home_assistant_refuses() -> None:
    good = json.loads(discovery(ORDERED).payload)
    for key, change in (
        ("grid_import_energy", {"state_class": "measurement"}),
        ("mode", {"state_class": "measurement"}),
        ("grid_power", {"topic": "x"}),
        ("saved_today", {"state_class": "measurement"}),
    ):
        bad = {**good, "cmps": {**good["cmps"], key: {**good["cmps"][key], **change}}}
        assert not SHAPE.is_valid(bad), key


def test_no_key_has_gone_or_changed() -> None:
    assert {entity.key for entity in ENTITIES} >= KEYS
    assert len({entity.key for entity in ENTITIES}) == len(ENTITIES)
    found = components(ORDERED)
    assert {key: found[key]["unique_id"] for key in KEYS} == {key: f"ee_home-1_{key}" for key in KEYS}


@pytest.mark.parametrize(("home", "needs"), [(HOME, Needs.COMMANDS), (replace(DARK, commands=True), Needs.SOLAR)])
def test_what_a_site_does_not_have_is_taken_out_of_an_earlier_payload(home: Household, needs: Needs) -> None:
    found = components(home)
    assert set(found) == {entity.key for entity in ENTITIES}
    for entity in ENTITIES:
        assert (found[entity.key] == {"p": entity.platform.value}) is (entity.needs is needs), entity.key


def test_read_only_has_no_topic_for_commands() -> None:
    assert b"command_topic" not in discovery(HOME).payload
    commanded = {key for key, one in components(ORDERED).items() if "command_topic" in one}
    assert commanded == {"set_override", "set_power", "set_minutes", "set_auto"}
    assert components(ORDERED)["set_power"]["max"] == 8000.0


def test_every_topic_of_a_state_is_told_and_the_other_way_round() -> None:
    found, now = components(ORDERED).values(), known()
    wanted = {one["state_topic"] for one in found if "state_topic" in one}
    assert {ORDERED.state_topic(key) for key in states(now)} == wanted
    wanted = {one["json_attributes_topic"] for one in found if "json_attributes_topic" in one}
    assert {ORDERED.attributes_topic(key) for key in attributes(now)} == wanted


def test_availability_is_online_or_offline_and_retained() -> None:
    said = [availability(HOME, word) for word in ("online", "stopping", "lost")]
    assert [one.payload for one in said] == [b"online", b"offline", b"offline"]
    assert {(one.topic, one.retain) for one in said} == {("enalysis_edge/home-1/availability", True)}


def test_removal_empties_every_topic_that_was_ever_retained() -> None:
    gone = removal(HOME)
    assert {(one.payload, one.retain) for one in gone} == {(b"", True)}
    said = {HOME.config_topic, HOME.availability_topic}
    said |= {HOME.state_topic(key) for key in states(known())}
    said |= {HOME.attributes_topic(key) for key in attributes(known())}
    assert {one.topic for one in gone} == said
    assert gone[0].topic == HOME.config_topic, "first the device, or its values would only be unknown"
