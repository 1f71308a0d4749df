"""The session's cookie: whom it is sent to, and what else comes with it."""

from pathlib import Path

import httpx
import pytest

from agent.console.app import Application
from tests.console.served import HERE, PASSWORD, app_of, client, log_in, site_source, with_token

FLOW = "/api/v1/realtime/energy-flow"


async def test_the_cookie_is_for_this_site_alone_and_scripts_never_see_it(tmp_path: Path) -> None:
    async with client(app_of(site_source(tmp_path))) as asking:
        cookie = (await log_in(asking)).headers["set-cookie"].lower()
        assert {"httponly", "samesite=strict", "path=/"} <= {part.strip() for part in cookie.split(";")}
        out = await asking.delete("/api/v1/session", headers=await with_token(asking))
        assert out.status_code == 204
        assert (await asking.get(FLOW)).status_code == 401


async def test_tunnels_to_two_sites_that_end_at_one_host_have_a_session_each(tmp_path: Path) -> None:
    folders = tmp_path / "one", tmp_path / "other"
    for folder in folders:
        folder.mkdir()
    jar = httpx.Cookies()  # as a browser's, it does not know ports
    apps = dict(zip((8470, 8471), (app_of(site_source(folder)) for folder in folders), strict=True))
    for port, app in apps.items():
        async with at_port(app, port, jar) as asking:
            await asking.post("/api/v1/session", json={"password": PASSWORD}, headers={"Origin": f"{HERE}:{port}"})
            jar = asking.cookies
    assert set(jar) == {"ee_session_8470", "ee_session_8471"}
    for port, app in apps.items():
        async with at_port(app, port, jar) as asking:
            assert (await asking.get("/api/v1/session")).status_code == 200


def at_port(app: Application, port: int, jar: httpx.Cookies) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 40000))
    return httpx.AsyncClient(transport=transport, base_url=f"{HERE}:{port}", cookies=jar)


@pytest.mark.parametrize("other", ['look={"theme":"dark"}', "name=Jürgen", "a@b=1", "path=/x", "flag", "a=b c"])
async def test_a_cookie_of_another_program_on_this_host_keeps_nobody_out(tmp_path: Path, other: str) -> None:
    """Browsers send the cookies of all ports of a host, the older ones first."""
    async with client(app_of(site_source(tmp_path))) as asking:
        await log_in(asking)
        ours = f"ee_session={asking.cookies['ee_session']}"
        asking.cookies.clear()
        for sent in (f"{other}; {ours}", f"{ours}; {other}"):
            assert (await asking.get("/api/v1/session", headers={b"Cookie": sent.encode()})).status_code == 200, sent
