"""Points 1 and 2 of the console's security: what listens, and the password."""

import asyncio
import socket
from pathlib import Path

import pytest

from agent.cli.commands import obey
from agent.console.own_settings import PASSWORD as PASSWORD_FILE
from agent.console.own_settings import OwnSettings
from agent.console.problem import Problem
from agent.console.security.passwords import (
    FAILURES,
    FAILURES_OF_ALL,
    WITHIN_S,
    Doorkeeper,
    hashed,
    matches,
    why_refused,
)
from agent.console.serve import CannotListen, listen
from agent.settings.check import report
from agent.settings.console_section import Console
from tests.console.served import PASSWORD, Times, app_of, cheap_hash, client, log_in, site_source, with_token
from tests.security.items import security
from tests.site_files import TEXT, free_ports, problems, write_home, written

NO_NAME = (
    "[console] host is 0.0.0.0, which other machines reach, and allow_hosts names no way to reach it; "
    'add allow_hosts, such as ["gateway.lan"]'
)
IN_CLEAR = (
    "[console] host is 0.0.0.0, which other machines reach, and passwords would cross the network in clear; "
    "add cert_file and key_file, or insecure = true on a trusted network"
)
ELSEWHERE = Console(host="0.0.0.0", allow_hosts=["gateway.lan"], insecure=True)  # noqa: S104 - what is refused here


@security(1, shows="without a password only loopback is listened to")
@pytest.mark.parametrize("console", [Console(), ELSEWHERE])
def test_point_1_without_a_password_only_this_machine_is_listened_to(tmp_path: Path, console: Console) -> None:
    own, console = OwnSettings(tmp_path), console.model_copy(update={"port": free_ports(1)[0]})
    if console.is_local:
        with listen(console, own) as found:
            assert found.getsockname()[0] == "127.0.0.1"
        return
    with pytest.raises(CannotListen, match="no password has been set"):
        listen(console, own)
    own.set_password(cheap_hash())
    with listen(console, own) as found:
        assert found.getsockname()[0] == "0.0.0.0"  # noqa: S104


@security(13, shows="without [console] the console command listens to nothing")
def test_point_1_without_the_section_nothing_listens(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = write_home(tmp_path, inverter_port=1, meter_port=2)
    assert obey(["console", "--config", str(config)]) == 2
    assert "has no section [console]: nothing listens without it" in capsys.readouterr().err


def test_point_1_a_port_that_is_taken_is_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        console = Console(port=taken.getsockname()[1])
        with pytest.raises(CannotListen) as refused:
            listen(console, OwnSettings(tmp_path))
    assert str(refused.value) == f"127.0.0.1 port {console.port} cannot be listened on: Address already in use"


@pytest.mark.parametrize(
    ("keys", "sentences"),
    [
        ("", []),
        ('host = "::1"', []),
        ('host = "localhost"', []),
        (
            'host = "0.0.0.0"',
            [NO_NAME, IN_CLEAR],
        ),
        ('host = "gateway.lan"\nallow_hosts = ["gateway.lan"]\ninsecure = true', []),
        ('host = "0.0.0.0"\nallow_hosts = ["gateway.lan"]\ncert_file = "a.pem"\nkey_file = "a.key"', []),
        (
            'cert_file = "a.pem"',
            ["[console] cert_file is given without key_file; add key_file, or leave both out"],
        ),
        (
            'cert_file = "a.pem"\nkey_file = "a.key"\ninsecure = true',
            ["[console] insecure is true beside a certificate; leave it out: HTTPS is used"],
        ),
    ],
)
def test_point_1_what_the_site_file_may_say(tmp_path: Path, keys: str, sentences: list[str]) -> None:
    assert [str(one) for one in problems(tmp_path, f"{TEXT}\n[console]\n{keys}\n")] == sentences


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("", "http://127.0.0.1:8470"),
        (
            'host = "0.0.0.0"\nport = 443\nallow_hosts = ["a.lan", "10.0.0.2"]\ncert_file = "a"\nkey_file = "b"',
            "https://0.0.0.0:443, reached as a.lan, 10.0.0.2",
        ),
    ],
)
def test_check_says_where_it_listens(tmp_path: Path, keys: str, words: str) -> None:
    text, code = report(written(tmp_path, f"{TEXT}\n[console]\n{keys}\n"))
    assert code == 0
    assert f"  console   {words}\n" in text


@security(1, shows="a password has 12 characters at least")
@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("", "a password has at least 12 characters"),
        ("elevenchars", "a password has at least 12 characters"),
        ("a" * 12, "a password of one character, again and again, is none"),
        ("x" * 201, "a password has at most 200 characters"),
        (PASSWORD, None),
        ("passwörter äöü", None),
    ],
)
def test_point_2_what_can_be_a_password(password: str, sentence: str | None) -> None:
    assert why_refused(password) == sentence


@security(1, shows="it is kept as scrypt with a salt of its own")
def test_point_2_it_is_kept_as_scrypt_with_a_salt_of_its_own() -> None:
    first, second = hashed(PASSWORD), hashed(PASSWORD)
    assert (first.cost, len(bytes.fromhex(first.salt)), len(bytes.fromhex(first.digest))) == (2**15, 16, 32)
    assert first.digest != second.digest
    assert matches(PASSWORD, first)
    assert not matches(f"{PASSWORD}!", first)


async def test_point_2_there_is_no_default_password(tmp_path: Path) -> None:
    source = site_source(tmp_path)
    (source.own / PASSWORD_FILE).unlink()
    async with client(app_of(source)) as asking:
        for tried in ("", "admin", PASSWORD):
            answer = await log_in(asking, tried)
            assert (answer.status_code, answer.json()["code"]) == (503, "not_set_up")


@security(1, shows="five failures in five minutes lock the address, for the right password too")
async def test_point_2_five_failures_in_five_minutes_lock_the_address(tmp_path: Path) -> None:
    times = Times()
    app = app_of(site_source(tmp_path, times), times)
    async with client(app) as asking, client(app, "192.168.1.7") as other:
        for _ in range(FAILURES):
            answer = await log_in(asking, "wrong password!")
            assert (answer.status_code, answer.json()["code"]) == (401, "wrong_password")
            times.passes(10)
        locked = await log_in(asking)
        assert (locked.status_code, locked.json()["code"]) == (429, "locked"), "the right one is not looked at either"
        assert int(locked.headers["retry-after"]) == WITHIN_S - 10 * FAILURES + 1
        assert (await log_in(other)).status_code == 200
        times.passes(int(locked.headers["retry-after"]))
        assert (await log_in(asking)).status_code == 200


async def test_point_2_many_addresses_together_are_locked_too() -> None:
    times = Times()
    door, known = Doorkeeper(lambda: times.monotonic_s), cheap_hash()
    for number in range(FAILURES_OF_ALL):
        assert not await door.check("wrong password!", known, f"192.168.1.{number}")
    with pytest.raises(Problem, match="too many wrong passwords"):
        await door.check(PASSWORD, known, "192.168.2.1")
    times.passes(WITHIN_S)
    assert await door.check(PASSWORD, known, "192.168.2.1")


async def test_point_2_passwords_are_checked_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes 32 MiB; more than a few that wait are sent away."""
    at_once, most = 0, 0

    async def to_thread(_: object, *arguments: object) -> bool:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0)
        at_once -= 1
        return True

    monkeypatch.setattr(asyncio, "to_thread", to_thread)
    door = Doorkeeper(lambda: 0.0)
    asked = [door.check(PASSWORD, cheap_hash(), "127.0.0.1") for _ in range(10)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert most == 1
    assert [answer for answer in answers if answer is True] == [True] * 4
    assert {one.code for one in answers if isinstance(one, Problem)} == {"busy"}


async def test_point_2_a_new_password_needs_the_old_one_and_ends_other_sessions(tmp_path: Path) -> None:
    source = site_source(tmp_path)
    app = app_of(source)
    async with client(app) as asking, client(app) as other:
        token = await with_token(asking)
        await log_in(other)

        async def change(old: str, new: str) -> tuple[int, str | None]:
            answer = await asking.post("/api/v1/password", json={"old": old, "new": new}, headers=token)
            return answer.status_code, answer.json().get("code")

        assert await change("wrong password!", "another long one") == (401, "wrong_password")
        assert await change(PASSWORD, "short") == (400, "bad_value")
        assert (await other.get("/api/v1/session")).status_code == 200
        assert await change(PASSWORD, "another long one") == (200, None)
        assert (await other.get("/api/v1/session")).status_code == 401
        assert (await asking.get("/api/v1/session")).status_code == 200
        assert (await log_in(other, "another long one")).status_code == 200


def test_point_2_it_is_set_by_command_into_a_file_of_this_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write_home(tmp_path, inverter_port=1, meter_port=2)
    answers = iter(["a long password", "another long one", "a long password", "a long password"])
    monkeypatch.setattr("agent.cli.console.getpass", lambda _: next(answers))
    command = ["console", "--config", str(config), "set-password"]
    assert obey(command) == 1
    assert capsys.readouterr().err == "the two are not the same; nothing was changed\n"
    assert obey(command) == 0
    file = tmp_path / "console" / PASSWORD_FILE
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert "a long password" not in file.read_text()
    known = OwnSettings(file.parent).password()
    assert known is not None
    assert matches("a long password", known)
