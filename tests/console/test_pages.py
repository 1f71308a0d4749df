"""The pages' own files, the console's own settings, defects, and a start and an end of the process."""

import gzip
import os
import signal
import subprocess
import sys
import time
import urllib.request
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.__main__ import main
from agent.console.own_settings import PREFERENCES, OwnFolderFailure, OwnSettings, Preferences
from agent.console.security.access import Scope
from agent.console.security.keys import MOST_KEYS, new_key
from agent.console.source import Source
from agent.console.static import Web
from tests.cli.person import at_a_terminal
from tests.console.served import app_of, client, key, site_source, with_token
from tests.site_files import free_ports, write_home


def pages(folder: Path) -> Path:
    web = folder / "web"
    web.mkdir()
    (web / "index.html").write_text('<script type="module" src="/static/app.js"></script>')
    (web / "app.js").write_text("import './part.js'; // " + "x" * 2000)
    (web / "part.js").write_text("export {}")
    (web / "part.js.br").write_bytes(b"made beforehand")
    return web


async def test_the_page_names_its_files_by_their_content_and_they_are_kept_for_ever(tmp_path: Path) -> None:
    web = pages(tmp_path)
    version = Web(web).version
    async with client(app_of(site_source(tmp_path), web=web)) as asking:
        page = await asking.get("/advice")
        assert page.text == f'<script type="module" src="/static/{version}/app.js"></script>'
        assert page.headers["cache-control"] == "no-cache"
        script = await asking.get(f"/static/{version}/app.js")
        assert script.headers["content-type"] == "text/javascript; charset=utf-8"
        assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert (await asking.get("/advice", headers={"If-None-Match": page.headers["etag"]})).status_code == 304
        assert (await asking.get("/static/000000000000/app.js")).status_code == 404
    (web / "part.js").write_text("export { }")
    assert Web(web).version != version


async def test_files_are_packed_beforehand(tmp_path: Path) -> None:
    web = pages(tmp_path)
    found = Web(web).files
    assert set(found["app.js"].packed) == {"gzip"}
    assert gzip.decompress(found["app.js"].packed["gzip"]) == (web / "app.js").read_bytes()
    async with client(app_of(site_source(tmp_path), web=web)) as asking:
        path = f"/static/{Web(web).version}/part.js"
        wanted = ("gzip, br", "br"), ("gzip;q=1.0, br; q=0", "gzip"), ("gzip;q=0.0", None), ("identity", None)
        for taken, encoding in wanted:
            async with asking.stream("GET", path, headers={"Accept-Encoding": taken}) as answer:
                assert answer.headers.get("content-encoding") == encoding
                assert answer.headers["vary"] == "Accept-Encoding"


async def test_preferences_are_kept_and_checked(tmp_path: Path) -> None:
    source = site_source(tmp_path)
    async with client(app_of(source)) as asking:
        token = await with_token(asking)
        assert (await asking.get("/api/v1/preferences")).json()["theme"] == "auto"
        wanted = {"theme": "dark", "language": "de", "digits": 1, "thresholds": {"soc_below_pct": 15}, "notify": []}
        answer = await asking.put("/api/v1/preferences", json=wanted, headers=token)
        assert answer.status_code == 200
        assert (await asking.get("/api/v1/preferences")).json() == answer.json()
        assert (source.own / PREFERENCES).stat().st_mode & 0o777 == 0o600
        for wrong, sentence in (
            ({"theme": "pink"}, "theme is 'pink', which is none of auto, light, dark"),
            ({"colour": "dark"}, "unknown field colour"),
            ({"digits": 4}, "digits is not from 0 to 3"),
            ({"digits": "two"}, "digits: int was expected, not str"),
            ({"thresholds": {"soc_below_pct": 101}}, "thresholds: soc_below_pct is 101, which is not from 0 to 100"),
            ({"notify": [""]}, "notify names at most 100 kinds, each of 1 to 60 characters"),
        ):
            refused = await asking.put("/api/v1/preferences", json=wrong, headers=token)
            assert (refused.status_code, refused.json()["detail"]) == (400, sentence)


async def test_a_number_that_is_none_is_no_threshold(tmp_path: Path) -> None:
    async with client(app_of(site_source(tmp_path))) as asking:
        token = await with_token(asking)
        for body in ('{"thresholds": {"price_above_per_kwh": NaN}}', '{"thresholds": {"soc_below_pct": Infinity}}'):
            assert (await asking.put("/api/v1/preferences", content=body, headers=token)).status_code == 400


async def test_keys_are_shown_once_and_can_do_no_more_than_their_maker(tmp_path: Path) -> None:
    source = site_source(tmp_path)
    async with client(app_of(source)) as asking:
        admin = {**key(source, Scope.ADMIN), "Content-Type": "application/json"}
        refused = await asking.post("/api/v1/keys", json={"name": "x", "scopes": ["read"]}, headers=admin)
        assert (refused.status_code, refused.json()["code"]) == (403, "scope")
        for wrong in ({"name": "", "scopes": ["admin"]}, {"name": "x", "scopes": []}, {"name": "x", "scopes": ["all"]}):
            assert (await asking.post("/api/v1/keys", json=wrong, headers=admin)).status_code == 400
        token = await with_token(asking)
        made = await asking.post("/api/v1/keys", json={"name": "grafana", "scopes": ["read"]}, headers=token)
        bearer = {"Authorization": f"Bearer {made.json()['key']}"}
        assert (await asking.get("/api/v1/session", headers=bearer)).json()["csrf"] is None
        (_, shown) = (await asking.get("/api/v1/keys")).json()["items"]
        assert (shown["name"], shown["scopes"], shown["expires_at"]) == ("grafana", ["read"], None)
        assert shown["used_at"] is not None
        assert not {"key", "digest"} & set(shown)
        assert (await asking.delete(f"/api/v1/keys/{shown['id']}", headers=token)).status_code == 204
        assert (await asking.delete(f"/api/v1/keys/{shown['id']}", headers=token)).status_code == 404
        assert (await asking.get("/api/v1/session", headers=bearer)).status_code == 401


def test_the_last_use_of_a_key_is_kept_once_an_hour(tmp_path: Path) -> None:
    source = site_source(tmp_path)
    own, now = OwnSettings(source.own), source.now()
    own.add_key(new_key("a test", [Scope.READ], now, None)[1])
    for after_min, kept_min in ((0, 0), (59, 0), (60, 60)):
        own.key_was_used(own.api_keys()[0], now + timedelta(minutes=after_min))
        assert own.api_keys()[0].used_at == now + timedelta(minutes=kept_min)


def test_there_are_not_more_keys_than_a_person_can_look_through(tmp_path: Path) -> None:
    source = site_source(tmp_path)
    for _ in range(MOST_KEYS):
        key(source, Scope.READ)
    with pytest.raises(OwnFolderFailure, match=f"there are {MOST_KEYS} keys already: remove one first"):
        key(source, Scope.READ)


@pytest.mark.parametrize("text", ["", "{", '{"theme": 5}', "[" * 100_000])
async def test_a_file_of_its_own_that_is_damaged_is_told_and_can_be_replaced(tmp_path: Path, text: str) -> None:
    source = site_source(tmp_path)
    (source.own / PREFERENCES).write_text(text)
    async with client(app_of(source)) as asking:
        token = await with_token(asking)
        answer = await asking.get("/api/v1/preferences")
        assert (answer.status_code, answer.json()["code"]) == (409, "not_possible")
        assert PREFERENCES in answer.json()["detail"]
        assert (await asking.put("/api/v1/preferences", json={}, headers=token)).status_code == 200
        assert OwnSettings(source.own).preferences() == Preferences()


async def test_what_is_not_there_is_a_problem(tmp_path: Path) -> None:
    source = site_source(tmp_path)
    async with client(app_of(source)) as asking:
        headers = {**key(source, *Scope), "Content-Type": "application/json"}
        for method, path, code, allowed in (
            ("GET", "/api/v1/nothing", "not_found", None),
            ("POST", "/health", "wrong_method", "GET, HEAD"),
            ("PUT", "/api/v1/override", "wrong_method", "GET, HEAD, POST"),
            ("GET", "/api/v1/session/", "not_found", None),
        ):
            answer = await asking.request(method, path, headers=headers)
            assert answer.json()["code"] == code
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers.get("allow") == allowed


async def test_a_person_who_goes_where_no_page_is_has_a_way_on(tmp_path: Path) -> None:
    source = site_source(tmp_path)
    async with client(app_of(source)) as asking:
        person = {**key(source, Scope.READ), "Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
        for path in ("/settings/", "/nothing"):
            answer = await asking.get(path, headers=person)
            assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
            assert answer.text == (await asking.get("/now")).text
        for path in ("/api/v1/nothing", "/static/nothing"):
            answer = await asking.get(path, headers=person)
            assert answer.headers["content-type"] == "application/problem+json"
        stranger = await asking.get("/nothing", headers={"Accept": "text/html"})
        assert stranger.status_code == 401


async def test_a_defect_is_500_and_tells_nobody_what_it_had_in_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def with_defect(source: Source) -> list[Route]:
        async def fails(request: Request) -> Response:
            secret = "s3cret"  # noqa: S105 - what must not be told
            raise ValueError(secret)

        return [Route("/api/v1/fails", fails)]

    monkeypatch.setattr("agent.console.app.api_routes", with_defect)
    source = site_source(tmp_path)
    async with client(app_of(source)) as asking:
        answer = await asking.get("/api/v1/fails", headers=key(source, Scope.READ))
    assert (answer.status_code, answer.json()["code"]) == (500, "defect")
    assert answer.headers["x-content-type-options"] == "nosniff"
    told = "".join(capfd.readouterr())
    assert "ValueError" in told
    assert "test_pages.py" in told
    assert "s3cret" not in answer.text + told


def test_the_process_serves_without_a_store_and_ends_in_order(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    config = write_home(tmp_path, inverter_port=1, meter_port=2)
    config.write_text(f"{config.read_text()}\n[console]\nport = {port}\n")
    command = [sys.executable, "-m", "agent", "console", "--config", str(config)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    set_up = subprocess.run([*command, "set-password", "--stdin"], input="short\n", capture_output=True, text=True)
    assert (set_up.returncode, set_up.stderr) == (1, "a password has at least 12 characters\n")
    unseen = [*command, "set-password"]
    nobody = subprocess.run(unseen, input="", capture_output=True, text=True, env=environment, start_new_session=True)
    assert (nobody.returncode, nobody.stderr) == (
        1, "no terminal to ask for a password; with --stdin it is read from standard input\n"
    )  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as serving:
        page = None
        while page is None:
            assert serving.poll() is None, serving.communicate()
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as answer:
                    page = answer.read()
            except OSError:
                time.sleep(0.1)
        serving.send_signal(signal.SIGTERM)
        _, said = serving.communicate(timeout=30)
    assert b"<html" in page
    assert serving.returncode == 0
    assert "Traceback" not in said


def test_where_there_is_no_key_the_list_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = write_home(tmp_path, inverter_port=1, meter_port=2)
    config.write_text(f"{config.read_text()}\n[console]\n")
    assert main(["console", "keys", "list", "--config", str(config)]) == 0
    assert capsys.readouterr().out == "there are no keys: `console keys add NAME` makes one\n"


async def test_somebody_at_a_terminal_is_told_the_address(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    config = write_home(tmp_path, inverter_port=1, meter_port=2)
    config.write_text(f"{config.read_text()}\n[console]\nport = {port}\n")
    async with at_a_terminal("console", "--config", str(config)) as person:
        await person.sees(f"the console is at http://127.0.0.1:{port}/ until Ctrl-C")
        assert await person.ends_by("\x03") == 0


def test_a_console_that_is_not_installed_is_one_sentence(tmp_path: Path) -> None:
    config = write_home(tmp_path, inverter_port=1, meter_port=2)
    config.write_text(f"{config.read_text()}\n[console]\n")
    without = (
        "import sys; sys.modules['starlette'] = None; from agent.__main__ import main; sys.exit(main(sys.argv[1:]))"
    )
    for action in ([], ["set-password"], ["keys", "list"]):
        command = [sys.executable, "-c", without, "console", "--config", str(config), *action]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert ended.returncode == 1
        assert ended.stderr.startswith("the console is not installed: pip install 'enalysis-edge[console]' (")
