"""Points 3 to 6 of the console's security: names, other sites' pages, who may come in, headers."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.routing import BaseRoute, Route
from wsproto import events

from agent.console.own_settings import OwnSettings
from agent.console.security.access import Scope, needed
from agent.console.security.hosts import allowed_hosts, host_of, is_same_origin
from agent.console.security.sessions import IDLE_S, LONGEST_S
from agent.settings.console_section import Console
from tests.console.served import (
    HERE,
    JSON,
    Reader,
    Times,
    app_of,
    cheap_hash,
    client,
    key,
    log_in,
    serving,
    site_source,
    with_token,
)
from tests.security.items import security

FLOW = "/api/v1/realtime/energy-flow"


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("127.0.0.1:8470", "127.0.0.1"),
        ("LocalHost", "localhost"),
        ("localhost.", "localhost"),
        ("[::1]:8470", "::1"),
        ("evil.example:8470", "evil.example"),
        ("127.0.0.1:8470:1", None),
        ("127.0.0.1/x", None),
        ("me@127.0.0.1", None),
        ("", None),
    ],
)
def test_the_name_in_a_host_header(header: str, name: str | None) -> None:
    assert host_of(header) == name


def test_an_address_that_means_all_is_no_name() -> None:
    assert allowed_hosts("0.0.0.0", ["gateway.lan"]) == {"127.0.0.1", "::1", "localhost", "gateway.lan"}  # noqa: S104


@security(13, shows="the console answers 421 to another Host")
async def test_point_3_another_name_is_421_whatever_is_asked_and_whoever_asks(tmp_path: Path) -> None:
    """A page of evil.example whose name has been made to lead to us (DNS rebinding)."""
    source = site_source(tmp_path)
    app = app_of(source, console=Console(allow_hosts=["gateway.lan"]))
    async with client(app) as asking:
        headers = key(source, *Scope)
        for path in ("/", FLOW, "/nothing"):
            answer = await asking.get(path, headers={**headers, "Host": "evil.example"})
            assert (answer.status_code, answer.json()["code"]) == (421, "wrong_host")
        for name in ("gateway.lan:8470", "localhost", "127.0.0.1:1"):
            assert (await asking.get(FLOW, headers={**headers, "Host": name})).status_code == 200


@pytest.mark.parametrize(
    ("origin", "host", "scheme", "same"),
    [
        ("http://127.0.0.1:8470", "127.0.0.1:8470", "http", True),
        ("https://gateway.lan", "gateway.lan", "http", True),  # behind a proxy
        ("https://gateway.lan", "gateway.lan", "https", True),
        ("http://gateway.lan", "gateway.lan", "https", False),
        ("http://127.0.0.1:9000", "127.0.0.1:8470", "http", False),
        ("http://127.0.0.1:8470.evil.example", "127.0.0.1:8470", "http", False),
        ("null", "127.0.0.1:8470", "http", False),
        ("file://", "", "http", False),
    ],
)
def test_what_is_our_own_origin(origin: str, host: str, scheme: str, same: bool) -> None:
    assert is_same_origin(origin, host, scheme) is same


@security(13, shows="a page of another site changes nothing at the console")
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"Origin": "http://evil.example"}, "Origin"),
        ({"Origin": None}, "Origin"),
        ({"Sec-Fetch-Site": "cross-site"}, "Sec-Fetch-Site"),
        ({"Sec-Fetch-Site": "same-site"}, "Sec-Fetch-Site"),
        ({"X-CSRF-Token": None}, "X-CSRF-Token"),
        ({"X-CSRF-Token": "guessed"}, "X-CSRF-Token"),
        ({"Content-Type": "text/plain"}, "Content-Type"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, "Content-Type"),
    ],
)
async def test_point_4_a_page_of_another_site_changes_nothing(
    tmp_path: Path, changes: dict[str, str | None], field: str
) -> None:
    source = site_source(tmp_path)
    async with client(app_of(source)) as asking:
        good = await with_token(asking)
        asked = {name: value for name, value in {**good, **changes}.items() if value is not None}
        body = '{"theme":"dark"}'
        refused = await asking.put("/api/v1/preferences", content=body, headers=asked)
        assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (403, "csrf", field)
        assert OwnSettings(source.own).preferences().theme == "auto"
        assert (await asking.put("/api/v1/preferences", content=body, headers=good)).status_code == 200
        assert OwnSettings(source.own).preferences().theme == "dark"


async def test_point_4_no_other_origin_is_ever_allowed_to_read(tmp_path: Path) -> None:
    source = site_source(tmp_path)
    async with client(app_of(source)) as asking:
        headers = {**key(source, *Scope), "Origin": "http://evil.example"}
        for method, path in (("GET", FLOW), ("GET", "/"), ("OPTIONS", FLOW)):
            answer = await asking.request(method, path, headers=headers)
            assert not [name for name in answer.headers if name.startswith("access-control-")]


async def test_point_4_a_login_by_another_site_is_refused(tmp_path: Path) -> None:
    async with client(app_of(site_source(tmp_path))) as asking:
        body = {"password": "correct horse battery"}
        answer = await asking.post("/api/v1/session", json=body, headers={**JSON, "Origin": "http://evil.example"})
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf")
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Origin": HERE}, 401),
        ({"Cookie": "ee_session=guessed", "Origin": HERE}, 401),
        ({"Authorization": "Bearer ee_00000000_guessed"}, 401),
    ],
)
async def test_point_5_a_websocket_is_refused_before_it_is_one(
    tmp_path: Path, headers: dict[str, str], status: int
) -> None:
    async with serving(site_source(tmp_path)) as (port, _):
        reader = await Reader.connect(port, headers)
        refused = await reader.event()
        assert isinstance(refused, events.RejectConnection)
        assert refused.status_code == status
        reader.close()


async def test_point_5_a_websocket_of_another_sites_page_or_name_is_refused(tmp_path: Path) -> None:
    source = site_source(tmp_path)
    async with serving(source) as (port, _):
        good = key(source, Scope.READ)
        for headers, host, status in (
            ({**good, "Origin": "http://evil.example"}, f"127.0.0.1:{port}", 403),
            (good, "evil.example", 421),
        ):
            reader = await Reader.connect(port, headers, host)
            refused = await reader.event()
            assert isinstance(refused, events.RejectConnection)
            assert refused.status_code == status
            reader.close()
        reader = await Reader.connect(port, {**good, "Origin": f"http://127.0.0.1:{port}"}, f"127.0.0.1:{port}")
        assert isinstance(await reader.event(), events.AcceptConnection)
        reader.close()


def paths_of(routes: Sequence[BaseRoute]) -> list[tuple[str, str]]:
    """Each method and path, its parameters filled in."""
    found = [route for route in routes if isinstance(route, Route)]
    filled = [(route, route.path.replace("{name:path}", "app.js").replace("{", "").replace("}", "")) for route in found]
    return [(method, path) for route, path in filled for method in sorted(route.methods or ())]


async def test_point_5_every_route_but_login_and_static_needs_a_login(tmp_path: Path) -> None:
    app = app_of(site_source(tmp_path))
    asked = paths_of(app.routes)
    async with client(app) as asking:
        answers = {(method, path): await asking.request(method, path, headers=JSON) for method, path in asked}
    open_ones = {one for one, answer in answers.items() if answer.status_code != 401}
    assert {path for method, path in open_ones if method == "POST"} == {"/api/v1/session"}
    assert {path for method, path in open_ones if method != "POST"} <= {
        "/", "/login", "/now", "/plan", "/analytics", "/advice", "/settings", "/static/version/app.js",
    }  # fmt: skip
    assert ("GET", FLOW) in answers
    assert ("GET", "/health") in answers


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/", None),
        ("GET", "/static/0/app.js", None),
        ("POST", "/static/0/app.js", Scope.ACT),
        ("POST", "/api/v1/session", None),
        ("GET", "/api/v1/session", Scope.READ),
        ("GET", "/health", Scope.READ),
        ("GET", "/metrics", Scope.READ),
        ("GET", "/api/v1/plan", Scope.READ),
        ("GET", "/api/plan", Scope.READ),
        ("POST", "/api/v1/advisories/a/dismiss", Scope.ACT),
        ("POST", "/api/advisories/a/dismiss", Scope.ACT),
        ("POST", "/api/v1/optimize/battery", Scope.READ),
        ("POST", "/api/predict/solar", Scope.READ),
        ("POST", "/api/v1/data/aggregate", Scope.READ),
        ("PUT", "/api/v1/preferences", Scope.ADMIN),
        ("GET", "/api/v1/keys", Scope.ADMIN),
        ("GET", "/api/keys", Scope.ADMIN),
        ("DELETE", "/api/v1/keys/1", Scope.ADMIN),
        ("POST", "/api/v1/password", Scope.ADMIN),
    ],
)
def test_what_needs_which_scope(method: str, path: str, scope: Scope | None) -> None:
    assert needed(method, path) is scope


async def test_a_key_does_what_its_scopes_allow_and_nothing_after_its_end(tmp_path: Path) -> None:
    times = Times()
    source = site_source(tmp_path, times)
    async with client(app_of(source, times)) as asking:
        reading = {
            **key(source, Scope.READ, expires_at=times.now + timedelta(days=1)),
            "Content-Type": JSON["Content-Type"],
        }
        assert (await asking.get(FLOW, headers=reading)).status_code == 200
        refused = await asking.put("/api/v1/preferences", json={}, headers=reading)
        assert (refused.status_code, refused.json()["code"]) == (403, "scope")
        times.passes(86401)
        assert (await asking.get(FLOW, headers=reading)).status_code == 401


async def test_a_session_ends_when_it_is_idle_when_it_is_old_and_with_another_password(tmp_path: Path) -> None:
    times = Times()
    source = site_source(tmp_path, times)
    async with client(app_of(source, times)) as asking:

        async def goes_on() -> bool:
            return (await asking.get(FLOW)).status_code == 200

        await log_in(asking)
        times.passes(IDLE_S - 1)
        assert await goes_on()
        times.passes(IDLE_S + 1)
        assert not await goes_on()
        await log_in(asking)
        for _ in range(int(LONGEST_S / IDLE_S)):
            times.passes(IDLE_S - 1)
            assert await goes_on()
        times.passes(IDLE_S - 1)
        assert not await goes_on()
        await log_in(asking)
        OwnSettings(source.own).set_password(cheap_hash("another one, quite long", b"another salt 123"))
        assert not await goes_on()


async def test_point_6_every_answer_has_the_policy(tmp_path: Path) -> None:
    source = site_source(tmp_path)
    async with client(app_of(source)) as asking:
        good = key(source, *Scope)
        for path, headers, status in (
            ("/", {}, 200),
            (FLOW, good, 200),
            (FLOW, {}, 401),
            ("/nothing", good, 404),
            ("/", {"Host": "evil.example"}, 421),
            ("/api/v1/session/", good, 404),
        ):
            answer = await asking.get(path, headers=headers)
            assert answer.status_code == status
            policy = answer.headers["content-security-policy"]
            assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; ")
            assert "unsafe" not in policy
            assert policy.endswith("base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "no-referrer"
            assert answer.headers["cache-control"] in ("no-store", "no-cache")
