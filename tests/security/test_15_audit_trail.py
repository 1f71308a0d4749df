"""Item 15: what was asked, changed and refused is written down, and outlives a kill; the console has its own trail."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from simulator.broker import find_mosquitto, start_broker
from tests.app.processes import daemon, enalysis_edge, quick_site, simulator, until
from tests.faults.test_secrets import everything_said
from tests.security.items import security
from tests.site_files import HOME_ID, free_ports


def events(folder: Path) -> list[tuple[int, str, str]]:
    """(seq, kind, text) of every event."""
    with closing(sqlite3.connect(f"file:{folder / 'site.sqlite3'}?mode=ro", uri=True)) as connection:
        return connection.execute("SELECT seq, kind, text FROM event ORDER BY seq").fetchall()


def has(folder: Path, *kinds: str) -> bool:
    return set(kinds) <= {kind for _, kind, _ in events(folder)}


@pytest.mark.broker
@pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed on this machine")
@security(15, shows="a command, a refused message and a changed setting are events in order; SIGKILL loses none")
def test_what_was_asked_changed_and_refused_outlives_a_kill(tmp_path: Path) -> None:
    (tmp_path / "broker").mkdir()
    broker = start_broker(tmp_path / "broker", users={HOME_ID: "a", "ear": "listens"})
    (tmp_path / "word").write_text("a\n")
    heard: list[bytes] = []
    ear = everything_said(broker.port, heard)
    inverter_port, meter_port = free_ports(2)
    cloud = (
        f'\n[cloud]\nhost = "127.0.0.1"\nport = {broker.port}\ntls = false\n'
        f'username = "{HOME_ID}"\npassword_file = "word"\n'
    )
    config = quick_site(tmp_path, inverter_port, meter_port, cloud=cloud)
    try:
        with simulator(inverter_port, meter_port), daemon(config) as running:
            until(lambda: any(b"up/info" in one for one in heard), "the agent at the broker")
            ear.publish(f"ee/1/{HOME_ID}/down/cmd/format", b"{}", qos=1)
            ear.publish(f"ee/1/{HOME_ID}/down/input/gridlimit", b"{}", qos=1)
            assert enalysis_edge("hold", "--for", "30min", "--config", config).returncode == 0
            until(lambda: has(tmp_path, "override", "message_refused"), "both in the store")
            running.kill()
            before = events(tmp_path)
            config.write_text(config.read_text("utf-8").replace("import_limit_w = 17000", "import_limit_w = 16000"))
            with daemon(config) as again:
                until(lambda: has(tmp_path, "settings_changed"), "the change in the store")
                again.stop()
    finally:
        ear.loop_stop()
        broker.stop()
    after = events(tmp_path)
    assert after[: len(before)] == before
    assert [seq for seq, _, _ in after] == sorted({seq for seq, _, _ in after}), "no number twice"
    told = {kind: text for _, kind, text in after}
    assert "hold" in told["override"].lower()
    assert "import_limit_w" in told["settings_changed"]
