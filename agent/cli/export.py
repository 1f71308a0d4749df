"""`enalysis-edge export`: all that the agent knows of its owner's site, in one archive of CSV and JSON."""

import csv
import io
import os
import sys
import zipfile
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from agent.adapters.store import store_export as store
from agent.adapters.store.store_reader import kept_documents
from agent.cli.ending import BAD_SETTINGS, FAILED, GOOD
from agent.cli.folded import say
from agent.cli.site_command import add_config, settings_at_hand
from agent.domain.records import MINUTE_FIELDS
from agent.ports import StoreFailure
from agent.settings.schema import Settings
from agent.settings.store_path import console_folder

# Of the console's own folder: its password, keys and the targets of alerts are secrets and stay.
CONSOLE_FILES = ("preferences.json", "audit.log", "audit.log.1")
SHOWN_EVERY = 2000


class NotExported(Exception):
    """There is no archive. ``str()`` says why."""


def add_arguments(parser: ArgumentParser) -> None:
    """The site file and the archive."""
    add_config(parser)
    parser.add_argument("--to", type=Path, required=True, metavar="FILE.zip", help="the archive to write")


def run(asked: Namespace) -> int:
    """0, 1 where it was not written, 2 where the site file is broken; the daemon may run meanwhile."""
    found = settings_at_hand(asked.config)
    if found is None:
        return BAD_SETTINGS
    settings, good = found
    try:
        say(export(settings, asked.config, asked.to, datetime.now(UTC)))
    except (NotExported, StoreFailure) as error:
        say(str(error), sys.stderr)
        return FAILED
    return GOOD if good else BAD_SETTINGS


def export(settings: Settings, site_file: Path, archive: Path, now: datetime) -> str:
    """Write ``archive`` whole or not at all, for this user alone; a sentence. Raises NotExported and StoreFailure."""
    if archive.exists():
        raise NotExported(f"{archive} is there already: name another file")
    hidden = archive.with_name(f".{archive.name}.new")
    try:
        descriptor = os.open(hidden, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
                told = _fill(packed, settings, site_file, now)
            hidden.rename(archive)
        finally:
            hidden.unlink(missing_ok=True)
    except OSError as error:
        raise NotExported(f"{archive} cannot be written: {(error.strerror or str(error)).lower()}") from error
    return f"{archive}: {told}, {archive.stat().st_size / 1e6:z.1f} MB; README.txt in it says what is what"


def _fill(packed: zipfile.ZipFile, settings: Settings, site_file: Path, now: datetime) -> str:
    path = Path(settings.store.path)
    packed.writestr("README.txt", _readme(settings, now))
    packed.writestr("settings.json", settings.model_dump_json(by_alias=True, indent=1))
    with suppress(OSError):  # a site file that is not there any more: the settings are the ones it had
        packed.write(site_file, "site.toml")
    counts = {}
    for table in store.TABLES:
        wanted = store.count(path, table)
        counts[table.name] = _write(packed, table.name, table.columns, store.rows(path, table), wanted)
    for version, names in store.catalogues(path):
        name = f"device_values_{version}"
        counts[name] = _write(packed, name, ("at", *names), store.points(path, version, names), 0)
    for name, body in kept_documents(path).items():
        packed.writestr(f"documents/{name.replace('/', '_')}.json", body)
    for name in CONSOLE_FILES:
        with suppress(FileNotFoundError):
            packed.write(console_folder(path) / name, f"console/{name}")
    return ", ".join(f"{counts[name]} {name}" for name in ("readings", "decisions", "events"))


def _write(packed: zipfile.ZipFile, name: str, columns: Sequence[str], found: Iterable[store.Row], wanted: int) -> int:
    """A table as CSV; how many rows it has. Where somebody watches, how far it has got is shown."""
    shown, written = sys.stderr.isatty(), 0
    with packed.open(f"{name}.csv", "w", force_zip64=True) as raw, io.TextIOWrapper(raw, "utf-8", newline="") as text:
        lines = csv.writer(text)
        lines.writerow(columns)
        for row in found:
            lines.writerow(row)
            written += 1
            if shown and written % SHOWN_EVERY == 0:
                of = f" of {wanted}" if wanted else ""
                print(f"\r\x1b[K{name}: {written}{of}", end="", file=sys.stderr, flush=True)
    if shown:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    return written


def _readme(settings: Settings, now: datetime) -> str:
    """What each file is, with units and signs."""
    units = ", ".join(f"{field.name} ({field.unit})" for field in MINUTE_FIELDS if field.unit)
    lines = [
        f"All data of {settings.site.name} ({settings.site.id}), read {now:%Y-%m-%d %H:%M} UTC.",
        "",
        "Times are UTC. Power is positive towards the site: grid_w > 0 is import, battery_w > 0 is discharge, and",
        f"load_w = grid_w + pv_w + battery_w. Money is in {settings.site.currency}. An empty cell is not known.",
        f"Units: {units}.",
        "",
        *(f"{table.name}.csv: {table.what}" for table in store.TABLES),
        "device_values_*.csv: means of a minute of all that was read of the devices; a file for each set of them",
        "documents/: what the agent keeps, as JSON: the plan, what it has learnt, the platform's last messages",
        "console/: preferences, and who logged in",
        "settings.json, site.toml: the settings, as they are used and as they were written",
        "",
        "Keys and passwords are not here: they are in files of their own. Models of the site are not, either.",
    ]
    return "\n".join(lines) + "\n"
