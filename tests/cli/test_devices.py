"""`devices scan` and `devices list` as people meet them: tables of 80 columns, sentences, files, Ctrl-C."""

import asyncio
import json
import os
import signal
import sys
import tomllib
from pathlib import Path

import pytest

from agent.__main__ import main
from agent.cli.ending import FAILED, GOOD, INTERRUPTED, WRONG
from agent.discovery.found import Scan
from agent.domain.wire import from_json
from drivers.registry import FAMILIES
from tests.drivers.wire import SILENT, serving
from tests.simulator.street import METER, NETWORK, street


async def scan(*arguments: str) -> tuple[int | None, str, str]:
    """Exit code, standard output and standard error of the command, in 80 columns."""
    running = await started(*arguments)
    out, said = await running.communicate()
    return running.returncode, out.decode(), said.decode()


async def started(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "agent", "devices", "scan", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "COLUMNS": "80", "PYTHONPATH": os.getcwd()},
    )


async def test_what_is_found_is_shown_kept_and_written(tmp_path: Path) -> None:
    site_file = tmp_path / "site.toml"
    async with street({2: "gen24", 3: "huawei", 4: METER}) as there:
        port = ("--port", str(there.port))
        code, shown, said = await scan(NETWORK, *port, "--write", str(site_file))
        _, kept, _ = await scan("127.0.0.2", *port, "--json")
        assert there.writes() == 0
    assert (code, said) == (
        GOOD,
        (
            f"{site_file}: added inverter, meter, and behind # until you say what they are: inverter_2, meter_2; "
            f"now `enalysis-edge check {site_file}`\n"
        ),
    )
    assert max(map(len, shown.splitlines())) <= 80
    for word in ("fronius_gen24", "SIM-GEN24-0001", "1.30.7-1", "huawei_luna", "HV2150123456", "sdm630", "unit 200"):
        assert word in shown
    found = from_json(Scan, kept)
    assert [device.family for device in found.devices] == ["fronius_gen24", "sunspec_meter"]
    assert found.is_whole
    written = tomllib.loads(site_file.read_text())["device"]
    assert [(one["name"], one["host"], one["unit_id"]) for one in written] == [
        ("inverter", "127.0.0.2", 1),
        ("meter", "127.0.0.2", 200),
    ], "the second inverter and the second meter are comments until a person has said what they are"
    assert '#name = "inverter_2"' in site_file.read_text()


async def test_a_section_that_stands_there_is_never_changed(tmp_path: Path) -> None:
    site_file = tmp_path / "site.toml"
    async with street({2: "kostal", 3: METER}) as there:
        text = f'[[device]]\nname = "old"\nfamily = "victron_gx"\nhost = "127.0.0.2"\nport = {there.port}\nunit_id = 71'
        site_file.write_text(text)
        site_file.chmod(0o640)
        code, _, said = await scan("127.0.0.2/31", "--port", str(there.port), "--write", str(site_file))
    assert code == FAILED
    assert f"127.0.0.2:{there.port} unit 71 stands there already as old, of family victron_gx, and is" in said
    assert 'name = "old"\nfamily = "kostal_plenticore"' in said, "what it would have added"
    assert site_file.read_text().startswith(f"{text}\n\n# Eastron SDM630")
    assert site_file.stat().st_mode & 0o777 == 0o640
    assert [one["name"] for one in tomllib.loads(site_file.read_text())["device"]] == ["old", "meter"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[site", "is left as it is: this is not TOML"),
        (b"\xff\xfe", "is left as it is: this is not UTF-8 text"),
        (b"device = []\n", "is left as it is: this is not TOML"),
    ],
)
async def test_a_file_that_cannot_be_added_to_is_left_as_it_is(tmp_path: Path, content: bytes, said: str) -> None:
    site_file = tmp_path / "site.toml"
    site_file.write_bytes(content)
    async with street({2: METER}) as there:
        code, _, told = await scan("127.0.0.2", "--port", str(there.port), "--write", str(site_file))
    assert code == FAILED
    assert said in told
    assert site_file.read_bytes() == content


@pytest.mark.parametrize("kind", ["pipe", "folder", "link to a pipe"])
async def test_what_is_no_plain_file_is_never_replaced(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "there"
    if kind == "folder":
        path.mkdir()
    else:
        os.mkfifo(path)
    named = path
    if kind.startswith("link"):
        named = tmp_path / "link"
        named.symlink_to(path)
    before = path.stat()
    code, _, said = await scan("127.0.0.9", "--port", "1", "--write", str(named))
    assert (code, said) == (FAILED, f"{named} is left as it is: this is not a plain file\n")
    assert (path.stat().st_ino, path.stat().st_mode) == (before.st_ino, before.st_mode)


async def test_where_nothing_is_known_nothing_is_written(tmp_path: Path) -> None:
    code, shown, said = await scan("127.0.0.9", "--port", "1", "--write", str(tmp_path / "site.toml"))
    assert (code, shown) == (FAILED, "no device was found at 127.0.0.9/32\n")
    assert said == f"{tmp_path / 'site.toml'} is left as it is: no device of a known family was found\n"
    assert not (tmp_path / "site.toml").exists()


def test_a_serial_port_that_cannot_be_opened_is_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    port = str(tmp_path / "nosuch")
    assert main(["devices", "scan", "--serial", port, "--json"]) == FAILED
    said = capsys.readouterr()
    assert said.err == f"{port} could not be opened: nothing was asked there\n"
    (remark,) = from_json(Scan, said.out).remarks
    assert "there is no such serial port" in remark


async def test_ctrl_c_shows_what_was_found_until_then() -> None:
    async with street({2: METER}) as there, serving(lambda request: SILENT, there.port) as silent:
        running = await started("127.0.0.1/30", "--port", str(there.port), "--json")
        while len(silent.requests) < 5:  # the meter has been recognised long before
            await asyncio.sleep(0.05)
        running.send_signal(signal.SIGINT)
        out, said = await running.communicate()
    found = json.loads(out)
    assert running.returncode == INTERRUPTED
    assert said == b""
    assert not found["is_whole"]
    assert [device["family"] for device in found["devices"]] == ["sdm630"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["127.0.0.0/8"], "127.0.0.0/8 has 16777216 addresses, and at most 4096 are asked: name less"),
        (["192.0.0.0/19"], "is not one of this machine's own networks"),
        (["192.0.0.0/18", "--anywhere"], "192.0.0.0/18 has 16384 addresses"),
        (["inverter.local"], "'inverter.local' is no network: write 192.168.1.0/24, or one address"),
    ],
)
def test_a_network_that_is_not_asked_is_refused_in_one_sentence(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["devices", "scan", *arguments]) == WRONG
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http", "²"])
def test_a_port_that_is_none_is_refused(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["devices", "scan", "127.0.0.1", f"--port={port}"])
    assert end.value.code == WRONG
    assert f"argument --port: {port!r} is no TCP port: 1 to 65535" in capsys.readouterr().err


def test_every_family_is_listed_with_what_it_can_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["devices", "list"]) == GOOD
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    listed = {cells[1].strip() for line in lines if len(cells := line.split("│")) > 3}
    assert set(FAMILIES) <= listed
