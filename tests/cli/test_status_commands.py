"""`status` shows the newest commands, `check` the file of keys."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.__main__ import main
from agent.domain.command_record import CommandRecord, CommandState, Door
from agent.domain.records import Batch
from simulator.signer import Signer
from tests import site_files
from tests.cli.test_status import Site, site

__all__ = ["site"]  # a fixture
AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
SIGNED = CommandRecord(
    "c-1", "override", Door.PLATFORM, "ops-1", 7, AT, CommandState.EXECUTING, "charge until 14:00", AT, True
)


async def test_the_newest_commands_are_shown(site: Site) -> None:
    by_hand = replace(SIGNED, id="advice-1", name="advice", door=Door.SITE, key="", counter=None, trusted=False)
    unsigned = replace(
        by_hand, id="advice-2", door=Door.PLATFORM, trusted=True, state=CommandState.REJECTED, reason="no"
    )
    await site.write(Batch(commands=(replace(SIGNED, id="c-0"), SIGNED, by_hand, unsigned)))
    _, lines = site.said()
    assert [line for line in lines if line.startswith("command ")] == [
        "command 01 Jun 13:00:00 advice by the platform, unsigned: rejected, no",
        "command 01 Jun 13:00:00 (the clock was not trusted) advice at the site: executing, charge until 14:00",
        "command 01 Jun 13:00:00 override by the platform, key ops-1, c-1: executing, charge until 14:00",
    ]


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        (None, 0, "keys_file"),
        ("command ops-1 AAAA", 1, "line 1: the key is not 32 bytes in base64"),
        ("", 1, "it holds no key"),
        (Signer("ops-1", bytes(32)).key_line(), 0, ""),
    ],
)
def test_check_tells_what_is_wrong_with_the_keys(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, code: int, words: str
) -> None:
    keys = tmp_path / "platform.keys"
    cloud = f'{site_files.CLOUD.format(port=1)}keys_file = "{keys}"\n'
    file = site_files.write_home(tmp_path, inverter_port=1, meter_port=2, cloud=cloud)
    if text is not None:
        keys.write_text(text)
    assert main(["check", str(file)]) == code
    said = capsys.readouterr()
    assert words in (said.err if code else said.out)
    assert (said.out + said.err).startswith("good: ") == (code == 0)
    assert not code or said.err.splitlines()[-1].startswith("bad: ")
