"""What a command of the superuser leaves beside the store belongs to the service, which has to go on with it."""

import os
from pathlib import Path

import pytest

from agent.__main__ import main
from agent.made_up import fill
from tests import site_files

SERVICE = 65534  # a user that is not root
COMMANDS = {"the lock": ["hold"], "a key of the console": ["console", "keys", "add", "N"], "a request": ["ab", "start"]}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files for others")
@pytest.mark.parametrize("command", COMMANDS.values(), ids=list(COMMANDS))
async def test_it_belongs_to_the_owner_of_the_folder(tmp_path: Path, command: list[str]) -> None:
    config = site_files.write_home(tmp_path, inverter_port=1, meter_port=2)
    config.write_text(f"{config.read_text()}\n[console]\n")
    await fill(tmp_path / "site.sqlite3", 5000.0)
    before = set(tmp_path.rglob("*"))
    for path in (tmp_path, *before):
        os.chown(path, SERVICE, SERVICE)
    main([*command, "--config", str(config)])
    made = set(tmp_path.rglob("*")) - before
    assert made
    assert [path.name for path in made if path.stat().st_uid != SERVICE] == []
