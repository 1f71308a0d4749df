"""Points 8 and 9 of the console's security: what is asked of the store and of the disk, and what is not loaded."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from agent.adapters.store.store_reader import reading
from agent.console.static import Web
from agent.ports import StoreFailure
from tests.console.served import app_of, client, site_source
from tests.console.test_security_limits import made_store

FORBIDDEN = (
    *("agent.app", "agent.daemon", "agent.cycles", "agent.dispatch", "agent.planning", "agent.forecasting"),
    *("agent.monitoring", "agent.workers", "agent.platform", "agent.cli"),
    *("numpy", "scipy", "pandas", "highspy", "onnxruntime", "pymodbus", "paho", "rich", "httpx"),
)


@pytest.mark.parametrize(
    "name",
    ["../problem.py", "..%2fproblem.py", "%2e%2e/problem.py", "/etc/passwd", "app.py", "a.js.br", ".hidden", "", "sub"],
)
async def test_point_8_only_what_is_in_the_manifest_is_served(tmp_path: Path, name: str) -> None:
    web = tmp_path / "web"
    (web / "sub").mkdir(parents=True)
    for file in ("index.html", "a.js", "a.js.br", "app.py", ".hidden", "sub/b.css"):
        (web / file).write_text("x")
    (tmp_path / "problem.py").write_text("x")
    pages = Web(web)
    assert set(pages.files) == {"index.html", "a.js", "sub/b.css"}
    async with client(app_of(site_source(tmp_path), web=web)) as asking:
        assert (await asking.get(f"/static/{pages.version}/sub/b.css")).status_code == 200
        assert (await asking.get(f"/static/{pages.version}/{name}")).status_code in (401, 404)
        assert (await asking.get(f"/static/{pages.version}/a.js/")).status_code == 404


async def test_point_9_the_store_is_opened_for_reading_alone(tmp_path: Path) -> None:
    source = site_source(tmp_path)
    await made_store(source)
    with pytest.raises(StoreFailure, match="readonly database"), reading(source.store) as connection:
        connection.execute("DELETE FROM kept")


async def test_point_9_a_store_that_nobody_holds_is_read_on_a_folder_that_is_read_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in the unit, whose state folder is mounted so: SQLite cannot make the files beside a store in WAL mode."""
    source = site_source(tmp_path)
    await made_store(source)
    tried = []

    def connect(address: str, **terms: object) -> sqlite3.Connection:
        tried.append(address)
        if "immutable" not in address:
            raise sqlite3.OperationalError("unable to open database file")
        return real(address, **terms)  # type: ignore[no-any-return, call-overload]  # as it is called there

    real = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", connect)
    with reading(source.store) as connection:
        assert connection.execute("SELECT count(*) FROM event").fetchone() == (0,)
    assert len(tried) == 2
    source.store.with_name(f"{source.store.name}-wal").write_bytes(b"")
    with pytest.raises(StoreFailure), reading(source.store):
        pass


def test_point_9_the_console_loads_nothing_that_steers_plans_or_counts_in_arrays() -> None:
    asked = f"import sys, agent.console.serve; print([name for name in {FORBIDDEN!r} if name in sys.modules])"
    before = "from agent.adapters.host import logs; logs.configure('error');"
    found = subprocess.run(
        (sys.executable, "-c", before + asked), capture_output=True, text=True, timeout=60, check=True
    )
    assert found.stdout == "[]\n"
