"""A relay by topics in the site file: what it takes, what is refused and why, and what is made of it."""

from pathlib import Path

import pytest

from agent.domain.topic_relay import TopicRelay, Words
from agent.settings.check import report
from agent.settings.load import load
from agent.settings.run_time import at_run_time
from simulator.topic_relay import DIALECTS
from simulator.topic_relay import TopicRelay as Simulated
from tests.site_files import TEXT, problems, written

BROKER = '\n[local_broker]\nhost = "broker.home"\n'
MACHINE = """
[[flexible_load]]
name = "{name}"
power_w = 2000
duration_min = 60
earliest = "08:00"
latest = "20:00"
"""
RELAY = '[flexible_load.mqtt_relay]\ncommand_topic = "cmnd/{at}/POWER"\nstate_topic = "stat/{at}/POWER"\n'


def machine(more: str = "", name: str = "car", at: str = "car", rest: str = 'at_rest = "on"\n') -> str:
    """A machine with its relay, and ``more`` of the relay."""
    return MACHINE.format(name=name) + rest + RELAY.format(at=at) + more


def test_two_topics_are_enough(tmp_path: Path) -> None:
    (one,) = load(written(tmp_path, TEXT + BROKER + machine())).switched_loads()
    words = Words("cmnd/car/POWER", "ON", "OFF"), Words("stat/car/POWER", "ON", "OFF")
    assert one.topic == TopicRelay("car", *words, rests_on=True)
    assert (one.device, one.rests_on, one.interruptible) == ("car", True, False)


def test_a_machine_with_such_a_relay_is_planned_and_not_advised_on(tmp_path: Path) -> None:
    settings = load(written(tmp_path, TEXT + BROKER + machine()))
    assert settings.advice_spec().loads == ()


@pytest.mark.parametrize("kind", DIALECTS)
def test_the_lines_of_every_maker_are_good(tmp_path: Path, kind: str) -> None:
    lines = Simulated(1883, kind=kind).lines()
    text = MACHINE.format(name="heat pump") + 'at_rest = "on"\n' + lines
    assert problems(tmp_path, TEXT + text) == ()


def test_without_a_broker_of_its_own_it_is_that_of_home_assistant(tmp_path: Path) -> None:
    home = '\n[home_assistant]\nhost = "homeassistant.local"\n'
    text, code = report(written(tmp_path, TEXT + home + machine()))
    assert code == 0
    assert "relays    car at homeassistant.local:8883" in text
    text, _ = report(written(tmp_path, TEXT + home + BROKER + machine()))
    assert "relays    car at broker.home:8883" in text


HERE = "[flexible_load.mqtt_relay] 1: "
REFUSED = {
    "no broker": (machine(), "[flexible_load.mqtt_relay] 1", "names none", "add [local_broker]"),
    "wildcard": (
        BROKER + machine('availability_topic = "tele/+/LWT"\n'), HERE + "availability_topic",
        "more than one topic", "without #, + and a leading $",
    ),
    "all of the broker": (
        BROKER + machine('query_topic = "$SYS/x"\n'), HERE + "query_topic", "the broker's own", "whole topic",
    ),
    "payloads that are equal": (
        BROKER + machine('payload_off = "ON"\n'), HERE + "payload_off", "the same as payload_on", "tells the two apart",
    ),
    "states that are equal": (
        BROKER + machine('state_off = "ON"\n'), HERE + "state_off", "in its other state, too", "tells the two apart",
    ),
    "availability that is equal": (
        BROKER + machine('availability_topic = "a"\npayload_available = "offline"\n'),
        HERE + "payload_not_available", "the same as payload_available", "tells the two apart",
    ),
    "words of no topic": (
        BROKER + machine('payload_available = "yes"\n'), HERE + "payload_available",
        "without availability_topic", "add availability_topic",
    ),
    "two machines on one topic": (
        BROKER + machine() + machine(name="pump"), "[flexible_load.mqtt_relay] 2: command_topic",
        "by which car is switched already", "one relay switches one machine",
    ),
    "its own order read back": (
        BROKER + machine().replace("stat/car", "cmnd/car"), HERE + "state_topic",
        "on which orders are given", "the relay itself",
    ),
    "no state of rest": (BROKER + machine(rest=""), "[[flexible_load]] 1: at_rest", "beside mqtt_relay", "a heat pump"),
    "a device as well": (
        BROKER + machine(rest='at_rest = "on"\nswitched_by = "meter"\n'), "[[flexible_load]] 1: switched_by",
        "beside mqtt_relay", "one relay",
    ),
    "the name of a device": (
        BROKER + machine(name="meter"), "[[flexible_load]] 1: name", "like that of a device", "another one",
    ),
    "a timer on its rest": (
        BROKER + machine('payload_on = "on,300"\n'), HERE + "payload_on", "has a timer", "only the other payload",
    ),
    "no topic": (
        BROKER + machine().replace('state_topic = "stat/car/POWER"\n', ""), HERE + "state_topic", "missing", "POWER",
    ),
    "password without a name": (
        BROKER + 'password_file = "p"\n' + machine(), "[local_broker] password_file",
        "without username", "add username",
    ),
    "password in clear": (
        BROKER + 'tls = false\nusername = "u"\npassword_file = "p"\n' + machine(), "[local_broker] password_file",
        "would cross the network in clear", "set tls = true",
    ),
    "password in the file": (
        BROKER + 'password = "hunter2"\n' + machine(), "[local_broker] password", "secret", "password_file",
    ),
    "address with a scheme": (
        BROKER.replace("broker.home", "mqtt://broker.home") + machine(), "[local_broker] host",
        "mqtt://", "the name alone",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(tmp_path: Path, case: str) -> None:
    text, key, reason, remedy = REFUSED[case]
    (problem,) = problems(tmp_path, TEXT + text)
    assert problem.key == key
    assert reason in problem.reason
    assert remedy in problem.remedy
    assert "hunter2" not in str(problem)


def test_an_order_in_json_is_no_answer(tmp_path: Path) -> None:
    orders = """payload_on = '{"state":"ON"}'\npayload_off = '{"state":"OFF"}'\n"""
    found = problems(tmp_path, TEXT + BROKER + machine(orders))
    assert [problem.key for problem in found] == [HERE + "state_on", HERE + "state_off"]
    more = 'state_on = "ON"\nstate_off = "OFF"\nstate_key = "state"\n'
    assert problems(tmp_path, TEXT + BROKER + machine(orders + more)) == ()


def test_a_password_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    text, code = report(written(tmp_path, TEXT + BROKER + 'username = "u"\npassword_file = "p"\n' + machine()))
    assert code == 0
    assert f"[local_broker] password_file is {tmp_path}/p, which is not there; no relay can be reached" in text


def test_an_edit_of_a_relay_waits_for_a_restart(tmp_path: Path) -> None:
    before = load(written(tmp_path, TEXT + BROKER + machine()))
    edited = load(written(tmp_path, TEXT + BROKER + machine().replace("cmnd/car", "cmnd/wallbox")))
    assert at_run_time(before, edited).switched_loads() == before.switched_loads()
