"""A market's prices by topic in the site file: what it takes, what is refused and why, and what is made of it."""

from pathlib import Path

import pytest

from agent.domain.tariff import Dynamic
from agent.settings.check import report
from agent.settings.load import load
from agent.settings.overlay import OverlayRefused, read_overlay
from agent.settings.run_time import at_run_time
from tests.settings.test_mqtt_relay import BROKER, machine
from tests.site_files import TEXT, changed, problems, written

FLAT = 'kind = "flat"\nprice_per_kwh = 0.15'
HOME = '\n[home_assistant]\nhost = "homeassistant.local"\n'


def site(keys: str = 'topic = "energy/day-ahead"\n', more: str = BROKER) -> str:
    """The export tariff follows a market; ``keys`` say where its prices come from."""
    return changed(FLAT, f'kind = "dynamic"\n{keys}taxes_per_kwh = -0.01', TEXT) + more


def test_a_topic_and_a_broker_are_enough(tmp_path: Path) -> None:
    settings = load(written(tmp_path, site().replace('[cloud]\nhost = "mqtt.example.org"\n', "")))
    tariff = settings.export_tariff()
    assert isinstance(tariff, Dynamic)
    assert tariff.topic == "energy/day-ahead"
    assert settings.price_topics == ("energy/day-ahead",)
    text, code = report(tmp_path / "site.toml")
    assert code == 0
    assert "export    1 x the market's price from the topic energy/day-ahead, -0.01" in text
    assert "prices    energy/day-ahead at broker.home:8883" in text


def test_the_broker_may_be_that_of_home_assistant_and_may_have_relays(tmp_path: Path) -> None:
    text, code = report(written(tmp_path, site(more=HOME + machine())))
    assert code == 0
    assert "relays    car at homeassistant.local:8883" in text
    assert "prices    energy/day-ahead at homeassistant.local:8883" in text


def test_a_broker_that_nothing_uses_is_told_and_is_no_mistake(tmp_path: Path) -> None:
    text, code = report(written(tmp_path, TEXT + BROKER))
    assert code == 0
    assert "broker    [local_broker] is used by nothing: a price topic or a relay is missing, or it can be" in text
    assert "used by nothing" not in report(written(tmp_path, site()))[0]
    assert "used by nothing" not in report(written(tmp_path, TEXT + HOME))[0]


REFUSED = {
    "no broker": (site(more=""), "topic", "on the household's MQTT broker, and the site file names none"),
    "a file as well": (site('topic = "a"\nfile = "prices.csv"\n'), "topic", "is given beside file"),
    "a wildcard": (site('topic = "energy/#"\n'), "topic", 'is "energy/#", which is more than one topic'),
    "the broker's own": (site('topic = "$SYS/a"\n'), "topic", "or the broker's own"),
    "no topic": (site('topic = ""\n'), "topic", 'is "", which cannot be'),
    "of another kind": (
        changed(FLAT, FLAT + '\ntopic = "energy/day-ahead"', TEXT) + BROKER, "topic", "is not a key of this section",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(tmp_path: Path, case: str) -> None:
    text, key, why = REFUSED[case]
    (problem,) = problems(tmp_path, text)
    assert problem.key == f"[tariff.export] {key}"
    assert why in problem.reason


def test_a_password_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    more = BROKER + 'username = "u"\npassword_file = "p"\n'
    text, _ = report(written(tmp_path, site(more=more)))
    assert "p, which is not there; no price topic can be reached" in text
    text, _ = report(written(tmp_path, site(more=more + machine())))
    assert "p, which is not there; no relay or price topic can be reached" in text


def test_without_any_source_a_topic_is_named_as_one(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, site("", "").replace('[cloud]\nhost = "mqtt.example.org"\n', ""))
    assert problem.reason == "is dynamic without a file, and there is no [cloud] that could send one"
    assert 'topic = "energy/day-ahead"' in problem.remedy


def test_an_edit_of_the_topic_waits_for_a_restart_and_one_of_the_taxes_does_not(tmp_path: Path) -> None:
    before = load(written(tmp_path, site()))
    edited = load(written(tmp_path, site('topic = "another"\n')))
    assert at_run_time(before, edited).price_topics == ("energy/day-ahead",)
    taxed = load(written(tmp_path, site().replace("-0.01", "-0.02")))
    assert at_run_time(before, taxed).tariff == taxed.tariff


def test_the_platform_does_not_say_where_prices_come_from() -> None:
    with pytest.raises(OverlayRefused, match=r"tariff\.import\.topic is not for the platform to change"):
        read_overlay({"tariff": {"import": {"kind": "dynamic", "topic": "elsewhere"}}})
