"""Where the demo leaves its store and site file, and what can be asked of them afterwards."""

import shutil
import sys
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

NAME = "site"
SITE_FILE = "site.toml"
OURS = "# The site file of `make demo`."


class FolderTaken(ValueError):
    """The folder holds something that no demo has written. ``str()`` says so in one sentence."""


def fresh_folder(beside: Path) -> Path:
    """An empty folder ``site`` in ``beside``; what an earlier demo left there goes. Raises FolderTaken."""
    folder = beside / NAME
    if folder.exists() and not _is_ours(folder):
        raise FolderTaken(f"{folder} holds no demo's store and is left alone: name another place with --out")
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FolderTaken(f"{folder} cannot be made: {error.strerror or error}") from error
    return folder


def commands_to_try(folder: Path, end: datetime, timezone: str) -> str:
    """Three commands on what was played, as markup."""
    site, evening = folder / SITE_FILE, end.astimezone(ZoneInfo(timezone)).replace(hour=18, minute=0)
    program = Path(sys.executable).parent / "enalysis-edge"
    shown = program.relative_to(Path.cwd()) if program.is_relative_to(Path.cwd()) else program
    rows = (
        f"{shown} report --config {site} --by hour --to {evening:%Y-%m-%d}",
        f"{shown} explain --config {site} --at {evening:%Y-%m-%dT%H:%M}",
        f"{shown} console --config {site} set-password",
        f"{shown} console --config {site}",
    )
    return "\n".join(
        (f"the store is kept in [bold]{folder}[/], until the next demo; ask it:", *(f"  {row}" for row in rows))
    )


def _is_ours(folder: Path) -> bool:
    found = folder / SITE_FILE
    if not folder.is_dir():
        return False
    if not any(folder.iterdir()):
        return True
    return found.is_file() and found.read_text("utf-8", "replace").startswith(OURS)
