"""Points 10 and 11 of the console's security: what is written down, and HTTPS."""

import asyncio
import json
import ssl
from pathlib import Path

import pytest
import trustme

from agent.cli.commands import obey
from agent.console.own_settings import KEYS, OwnSettings
from agent.console.security.access import Scope
from agent.console.security.audit import LARGEST, MOST_OF_NOBODY, NAME, NOBODY, Audit
from agent.console.serve import CannotListen, server
from agent.settings.console_section import Console
from tests.console.served import PASSWORD, Times, app_of, client, key, log_in, serving, site_source, with_token
from tests.security.items import security
from tests.site_files import write_home


def lines(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / NAME).read_text().splitlines()]


@security(15, shows="the console writes down logins, keys and requests, and no secret")
async def test_point_10_logins_keys_and_requests_are_written_down_and_no_secret_is(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = site_source(tmp_path)
    async with client(app_of(source)) as asking:
        await log_in(asking, "a wrong password")
        token = await with_token(asking)
        cookie = asking.cookies["ee_session"]
        made = await asking.post("/api/v1/keys", json={"name": "home", "scopes": ["read"]}, headers=token)
        secret = made.json()["key"]
        assert made.status_code == 201
        await asking.get("/health?note=s3cret-query", headers={"Authorization": f"Bearer {secret}"})
        await asking.request("DELETE", f"/api/v1/keys/{made.json()['id']}?note=s3cret-query", headers=token)
        await asking.delete("/api/v1/session", headers=token)
    assert [(line["what"], line["who"]) for line in lines(source.own)] == [
        ("login_failed", "nobody"),
        ("request", "nobody"),
        ("login", "person"),
        ("request", "nobody"),
        ("key_added", "person"),
        ("request", "person"),
        ("key_removed", "person"),
        ("request", "person"),
        ("logout", "person"),
        ("request", "person"),
    ]
    assert lines(source.own)[0]["from"] == "127.0.0.1"
    shown, told = "".join(capfd.readouterr()), (source.own / NAME).read_text()
    for words in ("a wrong password", PASSWORD, cookie, token["X-CSRF-Token"], secret, secret[12:], "s3cret-query"):
        assert words not in told
        assert words not in shown
    assert secret[12:] not in (source.own / KEYS).read_text()
    assert (source.own / NAME).stat().st_mode & 0o777 == 0o600


async def test_point_10_what_is_refused_is_written_down_too(tmp_path: Path) -> None:
    source = site_source(tmp_path)
    async with client(app_of(source)) as asking:
        await asking.post("/api/v1/keys", json={})
        reading = {**key(source, Scope.READ), "Content-Type": "application/json"}
        await asking.post("/api/v1/keys", json={}, headers=reading)
        await asking.get("/api/v1/keys", headers=reading)
    assert [(line["who"], line["path"], line["status"]) for line in lines(source.own)] == [
        ("nobody", "/api/v1/keys", 401),
        ("nobody", "/api/v1/keys", 403),
    ]


@security(15, shows="the console log is capped")
def test_point_10_the_log_does_not_grow_for_ever(tmp_path: Path) -> None:
    source = site_source(tmp_path)
    audit = Audit(source.own, source.now)
    (source.own / NAME).write_bytes(b"x" * LARGEST)
    audit.write("login", "person\nnobody", "127.0.0.1", path="/" + "x" * 10_000)
    assert (source.own / f"{NAME}.1").stat().st_size == LARGEST
    assert len((source.own / NAME).read_text().splitlines()) == 1
    assert (source.own / NAME).stat().st_size < 500


def test_point_10_a_flood_of_strangers_does_not_fill_it(tmp_path: Path) -> None:
    times = Times()
    times.now = times.now.replace(second=0, microsecond=0)
    source = site_source(tmp_path, times)
    audit = Audit(source.own, source.now)
    for _ in range(MOST_OF_NOBODY + 40):
        audit.write("request", NOBODY, "192.168.1.66", status=401)
    audit.write("logout", "person", "127.0.0.1")
    assert len(lines(source.own)) == MOST_OF_NOBODY + 1
    times.passes(60)
    audit.write("request", NOBODY, "192.168.1.66", status=401)
    assert lines(source.own)[-1]["left_out"] == 40


def test_point_10_a_log_that_cannot_be_written_fails_nothing(tmp_path: Path) -> None:
    Audit(tmp_path / "none", site_source(tmp_path).now).write("login", "person", "127.0.0.1")


def certificate(folder: Path) -> tuple[Console, ssl.SSLContext]:
    authority = trustme.CA()
    made = authority.issue_cert("localhost")
    made.private_key_pem.write_to_path(folder / "console.key")
    made.cert_chain_pems[0].write_to_path(folder / "console.pem")
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    paths = {"cert_file": str(folder / "console.pem"), "key_file": str(folder / "console.key")}
    return Console.model_validate({"host": "0.0.0.0", "allow_hosts": ["gateway.lan"], **paths}), trusting  # noqa: S104


async def test_point_11_with_a_certificate_only_https_is_spoken_and_the_cookie_stays_on_it(tmp_path: Path) -> None:
    source = site_source(tmp_path)
    console, trusting = certificate(tmp_path)
    body = json.dumps({"password": PASSWORD}).encode()
    head = (
        "POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nOrigin: https://localhost\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    async with serving(source, console) as (port, _):
        incoming, outgoing = await asyncio.open_connection("localhost", port, ssl=trusting)
        outgoing.write(head + body)
        answer = (await incoming.read()).decode()
        assert answer.startswith("HTTP/1.1 200 ")
        assert "; secure" in answer.lower().partition("set-cookie:")[2].partition("\r\n")[0]
        incoming, outgoing = await asyncio.open_connection("localhost", port, ssl=trusting)
        outgoing.write(head.replace(b"https://", b"http://") + body)
        assert (await incoming.read()).startswith(b"HTTP/1.1 403 ")
        incoming, outgoing = await asyncio.open_connection("localhost", port)
        outgoing.write(head + body)
        assert not (await incoming.read()).startswith(b"HTTP")


def test_point_11_a_certificate_that_cannot_be_used_is_one_sentence(tmp_path: Path) -> None:
    source = site_source(tmp_path)
    console, _ = certificate(tmp_path)
    (tmp_path / "console.key").write_text("no key")
    with pytest.raises(CannotListen, match=r"console\.pem and its key cannot be used: "):
        server(console, source)


def test_keys_by_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = ["console", "--config", str(write_home(tmp_path, inverter_port=1, meter_port=2)), "keys"]
    assert obey([*config, "add", "grafana", "--scope", "read", "--days", "30"]) == 0
    text = capsys.readouterr().out.splitlines()[0]
    assert obey([*config, "list"]) == 0
    listed = capsys.readouterr().out
    key_id = listed.split()[0]
    assert text.startswith(f"ee_{key_id}_")
    assert listed.startswith(f"{key_id}  grafana: read, expires ")
    assert text not in listed
    assert obey([*config, "add", "x", "--days", "-1"]) == 1
    assert capsys.readouterr().err == "a key that has expired already opens nothing\n"
    assert obey([*config, "add", "x", "--days", "99999999999"]) == 1
    assert obey([*config, "remove", "nothing"]) == 1
    assert "there is no key nothing" in capsys.readouterr().err
    assert obey([*config, "remove", key_id]) == 0
    assert OwnSettings(tmp_path / "console").api_keys() == ()
