"""Item 12: the password of the broker is in one file with mode 0600, and in nothing that others can look at."""

import os
import re
from contextlib import suppress
from pathlib import Path

from tests.app.processes import ROOT
from tests.security.items import security
from tests.security.sockets import family_of
from tests.security.whole_site import CANARY, WholeSite

UNIT = ROOT / "systemd" / "enalysis-edge.service"


def holding(folder: Path) -> set[Path]:
    """The files below ``folder`` that hold the canary."""
    return {path for path in folder.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()}


@security(12, shows="canary grep: no file but its own, no command line and no environment of a process holds it")
def test_the_password_stands_in_its_own_file_alone(site: WholeSite) -> None:
    assert site.spoken_to(), "it has logged in with it"
    assert holding(site.folder) - holding(site.folder / "broker") == {site.folder / "secret"}
    looked_at = 0
    for pid in family_of(site.agent_pid):
        for name in ("cmdline", "environ"):
            with suppress(OSError):  # a planner that has ended
                assert CANARY.encode() not in Path(f"/proc/{pid}/{name}").read_bytes(), name
                looked_at += 1
    assert looked_at >= 2


@security(12, shows="no core dump can hold it: the unit sets LimitCORE=0, and its files are for its user alone")
def test_the_unit_leaves_no_dump_and_opens_no_file_to_others() -> None:
    service = dict(re.findall(r"^(\w+)=(.*)$", UNIT.read_text("utf-8"), re.MULTILINE))
    assert (service["LimitCORE"], service["UMask"]) == ("0", "0077")
    assert (service["StateDirectoryMode"], service["RuntimeDirectoryMode"]) == ("0700", "0700")
    assert "LoadCredential=" in UNIT.read_text("utf-8")
    assert os.environ.get("CREDENTIALS_DIRECTORY") is None, "a test sees no credentials of this machine"
