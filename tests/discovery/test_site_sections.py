"""The sections that a scan proposes for a site file."""

import tomllib
from typing import Any

import pytest

from agent.discovery.found import FoundDevice, Place
from agent.discovery.site_sections import Standing, propose, standing
from agent.settings.device_section import Device
from tests.discovery.devices import LAN, found

METER = found("sdm630", Place(3, host="192.168.1.30", port=502))
LINE = Place(2, serial_port="/dev/ttyUSB0", baud=19200, parity="E", stop_bits=1)
INVERTER = found("sunspec_hybrid", maker="Acme", model="X 5", serial="A-77", firmware="1.2", models=(1, 103, 124))
KOSTAL = found("kostal_plenticore", Place(71, host="192.168.1.40", port=1502), serial="90812ABC0001")


def sections(*devices: FoundDevice, there: Standing | None = None) -> list[dict[str, Any]]:
    text = "\n".join(one.text for one in propose(devices, there or Standing()) if not one.refused)
    listed: list[dict[str, Any]] = tomllib.loads(text).get("device", [])
    for one in listed:
        Device.model_validate(one)
    return listed


def test_each_device_has_a_section_that_the_site_file_takes() -> None:
    inverter, meter = sections(INVERTER, METER)
    assert inverter == {
        "name": "inverter",
        "family": "sunspec_hybrid",
        "roles": ["battery", "solar"],
        "host": "192.168.1.20",
        "port": 502,
        "unit_id": 1,
    }
    assert (meter["name"], meter["roles"], meter["host"], meter["unit_id"]) == ("meter", ["grid"], "192.168.1.30", 3)


def test_a_comment_says_what_it_is() -> None:
    (proposal,) = propose([INVERTER], Standing())
    assert proposal.text.startswith("# Acme X 5, serial A-77, firmware 1.2, confidence A\n[[device]]\n")


def test_a_serial_line_is_written_as_it_was_met() -> None:
    (meter,) = sections(found("sdm630", LINE))
    line = {name: meter[name] for name in ("serial_port", "baud", "parity", "stop_bits", "unit_id")}
    assert line == {"serial_port": "/dev/ttyUSB0", "baud": 19200, "parity": "even", "stop_bits": 1, "unit_id": 2}


def test_without_a_meter_the_inverter_s_own_one_is_the_grid_s() -> None:
    assert [one["roles"] for one in sections(KOSTAL)] == [["grid", "battery", "solar"]]
    assert [one["roles"] for one in sections(KOSTAL, METER)] == [["battery", "solar"], ["grid"]]
    assert [one["roles"] for one in sections(INVERTER)] == [["battery", "solar"]], "SunSpec inverters have none"


def test_an_inverter_without_a_battery_is_solar() -> None:
    (only,) = sections(found("sunspec_hybrid", models=(1, 103)))
    assert (only["name"], only["roles"]) == ("solar", ["solar"])


def test_a_battery_inverter_whose_strings_are_an_option_is_not_taken_for_solar() -> None:
    """A Sunny Boy Storage has none: what it delivers is its battery's power."""
    storage = found("sma_hybrid", Place(3, host="192.168.1.50", port=502), models=())
    (section,) = sections(storage)
    assert section["roles"] == ["grid", "battery"]
    (proposal,) = propose([storage], Standing())
    assert 'the role "solar" as well, and options = { solar_strings = true }' in proposal.text


@pytest.mark.parametrize("stands", [False, True])
@pytest.mark.parametrize("family", ["victron_gx", "fenecon_openems"])
def test_a_sun_that_a_gx_shows_as_well_is_not_counted_twice(family: str, stands: bool) -> None:
    gx = found(family, Place(100, host="192.168.1.60", port=502), models=())
    roof = found("sunspec_hybrid", maker="Fronius", models=(1, 103))
    there = Standing(places={(("192.168.1.60", 502), 100): ("gx", family)}) if stands else Standing()
    text = propose([roof] if stands else [gx, roof], there)[-1].text
    assert "has this one in it: add it only where it has not, and take the # away" in text.splitlines()[1]
    assert "#[[device]]" in text
    assert "#[[device]]" not in propose([roof], Standing())[0].text


def test_a_role_that_is_taken_is_left_to_a_person() -> None:
    assert [one["name"] for one in sections(INVERTER, KOSTAL, METER)] == ["inverter", "meter"]
    text = propose([INVERTER, KOSTAL], Standing())[1].text
    assert '# "battery" is inverter already: say what this one is, and take the # away\n#[[device]]' in text
    there = standing({"device": [{"name": "old", "roles": ["grid"], "host": "192.168.1.9"}]})
    assert sections(METER, there=there) == []


def test_names_that_are_taken_are_not_given_again() -> None:
    there = standing({"device": [{"name": "inverter", "roles": ["load"], "host": "192.168.1.9"}]})
    assert [one["name"] for one in sections(INVERTER, there=there)] == ["inverter_2"]


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"family": "sunspec_hybrid", "host": "192.168.1.20"}, "192.168.1.20:502 unit 1 stands there already as mine"),
        (
            {"family": "sdm630", "host": "192.168.1.20", "port": 502, "unit_id": 1},
            "of family sdm630, and is sunspec_hybrid",
        ),
        ({"family": "sdm630", "host": "192.168.1.20", "unit_id": 2}, ""),
        ({"family": "sdm630", "host": "192.168.1.20", "port": 503}, ""),
        ({"family": "sdm630", "serial_port": "/dev/ttyUSB0"}, ""),
    ],
)
def test_a_place_that_is_taken_is_refused(section: dict[str, Any], said: str) -> None:
    (proposal,) = propose([INVERTER], standing({"device": [{"name": "mine", **section}]}))
    assert said in proposal.refused
    assert bool(said) == bool(proposal.refused)


def test_a_device_of_no_known_family_is_not_written() -> None:
    assert propose([found(None, LAN)], Standing()) == ()


@pytest.mark.parametrize("tables", [{}, {"device": 3}, {"device": [1, {"roles": 2}]}, {"device": [{"host": 7}]}])
def test_a_site_file_that_is_wrong_is_passed_over(tables: dict[str, Any]) -> None:
    (proposal,) = propose([INVERTER], standing(tables))
    assert not proposal.refused
