"""`configure` asks what cannot be found and writes a site file that passes `check`; driven through a terminal."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from agent.__main__ import main
from agent.cli.ending import FAILED, GOOD, INTERRUPTED, WRONG
from agent.discovery.found import FoundDevice, Place, Scan
from agent.domain.wire import to_json
from agent.settings.load import load
from tests.cli.person import Person, at_a_terminal
from tests.discovery.devices import found
from tests.simulator.street import METER, street

INVERTER = found("kostal_plenticore", Place(71, host="192.168.1.40", port=1502), serial="90812ABC0001")
GRID = found("sdm630", Place(3, host="192.168.1.30", port=502))
# Words of the questions in their order, and what is typed; Enter where something is proposed.
BATTERY = {"Usable energy of the battery": "10 kWh", "Most power that charges it": "5000"}
BEFORE = dict.fromkeys(("Name of", "Its id", "Time zone", "Latitude", "Currency"), "")
LIMITS = {"Main fuse": "3x35A", "Most power that may be fed": "5 kW"}
AFTER = {
    "Most power that it gives": "",
    "Kept for outages": "",
    "Rated power of all solar": "8 kW",
    "Central platform": "",
    "Price of energy": "",
    "Price of a kWh": "0.28",
    "Paid for": "",
}


def kept_scan(folder: Path, *devices: FoundDevice) -> str:
    path = folder / "scan.json"
    path.write_text(to_json(Scan(("192.168.1.0/24",), devices)))
    return str(path)


# What is printed before each prompt, and what is typed; a mistake is told and asked for again.
A_HOUSE = (
    ("Name of the site", "Haus am Bach"),
    ("Its id towards the platform: small letters, digits, hyphens [haus-am-bach]", ""),
    ("Time zone", "berlin"),
    ("Latitude and longitude in degrees, north and east are positive [52.5, 13.37]", ""),
    ("Currency of all prices, three letters [EUR]", ""),
    ("Main fuse", ""),
    ("nothing can be proposed here: please write it", "3x35 A"),
    ("fed into the grid: watts", "a lot"),
    ("'a lot' is no amount: write 5000, 5 kW or 10 kWh", "5 kW"),
    ("Usable energy", "10"),
    ("[battery] usable_wh", "10 kWh"),
    ("charges it", "5000"),
    ("it gives: 5 kW, or in watts [5000]", ""),
    ("Kept for outages, percent; 0 for nothing [20]", "120"),
    ("[battery] reserve_pct", "30 %"),
    ("Rated power of all solar", "8,5 kW"),
    ("Central platform: name of its MQTT broker, or none [none]", ""),
    ("Price of energy from the grid", "windows"),
    ("outside all windows", "28"),
    ("[tariff.import] default_per_kwh", "0,28"),
    ("The windows with their prices", "00:30-05:30 0.09; 16:00-19:00 0.42"),
    ("Paid for a kWh that is fed into the grid; 0 for nothing [0]", "0.08"),
)


async def answer_all(person: Person, battery: Mapping[str, str] = BATTERY) -> None:
    for words, text in {**BEFORE, **LIMITS, **battery, **AFTER}.items():
        await person.answers(words, text)


async def test_a_site_file_is_made_from_a_kept_scan_by_enter_and_a_few_numbers(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    async with at_a_terminal(
        "configure", "--config", str(path), "--from", kept_scan(tmp_path, INVERTER, GRID)
    ) as person:
        for words, text in A_HOUSE:
            await person.answers(words, text)
        assert await person.ends() == GOOD
    assert f"good: {path}" in person.seen
    settings = load(path)
    assert (settings.site.id, settings.site.timezone) == ("haus-am-bach", "Europe/Berlin")
    assert (settings.connection.import_limit_w, settings.connection.export_limit_w) == (24150, 5000)
    assert (settings.battery.device, settings.battery.usable_wh, settings.battery.reserve_pct) == (
        "inverter",
        10000,
        30,
    )
    assert settings.solar_rated_w == 8500
    assert [(one.name, one.family, one.roles) for one in settings.devices] == [
        ("inverter", "kostal_plenticore", ["battery", "solar"]),
        ("meter", "sdm630", ["grid"]),
    ]
    text = path.read_text()
    assert "# most power drawn from the grid in watts" in text
    assert "# Kostal Plenticore plus, G2, G3 and BI, serial 90812ABC0001" in text
    assert [one["from"] for one in tomllib.loads(text)["tariff"]["import"]["window"]] == ["00:30", "16:00"]


async def test_what_the_device_tells_is_proposed(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    async with street({2: "kostal", 3: METER}) as there:
        places = ("127.0.0.2/31", "--port", str(there.port))
        async with at_a_terminal("configure", "--config", str(path), *places) as person:
            told = {"or in Wh [10000]": "", "charges it: 5 kW, or in watts [10000]": ""}
            await answer_all(person, told)
            assert await person.ends() == GOOD
        assert there.writes() == 0
    assert load(path).battery.usable_wh == 10000


async def test_the_service_may_read_it_whatever_the_umask_of_the_person(tmp_path: Path) -> None:
    """Of root on a hardened machine it is 077, and the service is another user."""
    path, before = tmp_path / "site.toml", os.umask(0o077)
    try:
        async with at_a_terminal(
            "configure", "--config", str(path), "--from", kept_scan(tmp_path, INVERTER, GRID)
        ) as person:
            await answer_all(person)
            assert await person.ends() == GOOD
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o644


async def test_of_several_inverters_and_meters_a_person_chooses(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    other = found("sunspec_hybrid", Place(1, host="192.168.1.20", port=502), models=(1, 103, 124))
    meters = (GRID, found("sdm630", Place(4, host="192.168.1.30", port=502)))
    kept = kept_scan(tmp_path, INVERTER, other, *meters)
    async with at_a_terminal("configure", "--config", str(path), "--from", kept) as person:
        await person.answers("Which of them steers the battery? [1]", "3")
        await person.sees("write a number from 1 to 2")
        await person.answers("", "2")
        await person.answers("Which meter is at the grid connection? [1]", "2")
        await answer_all(person)
        assert await person.ends() == GOOD
    settings = load(path)
    assert [(one.name, one.host, one.unit_id) for one in settings.devices] == [
        ("inverter", "192.168.1.20", 1),
        ("meter", "192.168.1.30", 4),
    ]


async def test_a_file_that_is_there_stays_without_a_yes(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text("mine")
    async with at_a_terminal("configure", "--config", str(path), "--from", kept_scan(tmp_path, INVERTER)) as person:
        await person.answers("is there already. Replace it? yes or no [no]", "")
        assert await person.ends() == FAILED
    assert "is left as it is; nothing was written" in person.seen
    assert path.read_text() == "mine"


async def test_what_is_no_plain_file_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    before = path.stat()
    async with at_a_terminal("configure", "--config", str(path), "--from", kept_scan(tmp_path, INVERTER)) as person:
        await person.sees("is not a plain file; nothing was written")
        assert await person.ends() == FAILED
    assert (path.stat().st_ino, path.stat().st_mode) == (before.st_ino, before.st_mode)


@pytest.mark.parametrize(("key", "code"), [("\x03", INTERRUPTED), ("\x04", FAILED)])
async def test_ctrl_c_and_ctrl_d_write_nothing(tmp_path: Path, key: str, code: int) -> None:
    path = tmp_path / "site.toml"
    async with at_a_terminal("configure", "--config", str(path), "--from", kept_scan(tmp_path, INVERTER)) as person:
        await person.answers("Name of the site", "Home")
        await person.sees("\n> ")
        assert await person.ends_by(key) == code
    assert "nothing was written" in person.seen
    assert "Traceback" not in person.seen
    assert [one.name for one in tmp_path.iterdir()] == ["scan.json"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{}", "is not what `devices scan --json` prints"),
        ("[", "is not what `devices scan --json` prints"),
        (to_json(Scan((), (GRID,))), "no inverter with a battery that can be steered was found"),
        (to_json(Scan((), (INVERTER,))).replace("kostal_plenticore", "acme"), "names the family 'acme'"),
        (to_json(Scan((), (INVERTER,))).replace("1502", "99999"), "port is 99999: it must be 1 to 65535"),
    ],
)
async def test_a_scan_that_is_none_is_one_sentence(tmp_path: Path, content: str, said: str) -> None:
    kept = tmp_path / "scan.json"
    kept.write_text(content)
    async with at_a_terminal("configure", "--config", str(tmp_path / "site.toml"), "--from", str(kept)) as person:
        assert await person.ends() == FAILED
        await person.sees("nothing was written")
    assert said in person.seen.replace("\n", " ")
    assert "Traceback" not in person.seen


def test_without_a_terminal_it_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["configure"]) == WRONG
    assert capsys.readouterr().err == "configure asks questions, and this is no terminal: run it in one\n"
