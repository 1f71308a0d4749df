"""[[device]] sections of what a scan found, added to a site file. A section that stands there is never changed."""

import errno
import os
import stat
import sys
import tomllib
from pathlib import Path

from agent.adapters.host.durable_files import READABLE, write_whole
from agent.cli.ending import FAILED, GOOD
from agent.discovery.found import Scan
from agent.discovery.site_sections import Proposal, Standing, propose, standing

HEAD = "# Devices found by `enalysis-edge devices scan`; config/site.example.toml shows all that a site file needs.\n"


def write_sections(path: Path, scan: Scan) -> int:
    """0; 1 with a sentence where a device is not added, or the file cannot be used."""
    try:
        text = _text(path)
        there = standing(tomllib.loads(text)) if text else Standing()
    except (OSError, ValueError) as error:
        return _not_written(path, _why(error))
    proposals = propose(scan.devices, there)
    added = [one for one in proposals if not one.refused]
    for one in proposals:
        if one.refused:
            print(f"not written to {path}: {one.refused}; it would be:\n{one.text}", file=sys.stderr)
    if not proposals:
        return _not_written(path, "no device of a known family was found")
    if added:
        whole = _joined(text, added)
        try:
            tomllib.loads(whole)
            _write(path.resolve(), whole)
        except (OSError, ValueError) as error:
            return _not_written(path, _why(error))
        print(f"{path}: added {_words(added)}; now `enalysis-edge check {path}`", file=sys.stderr)
    return GOOD if len(added) == len(proposals) else FAILED


def _words(added: list[Proposal]) -> str:
    """Names; what counts only once a person has taken the # away is told apart."""
    plain = [one.name for one in added if "[[device]]" in one.text.splitlines()]
    behind = [one.name for one in added if one.name not in plain]
    parts = [", ".join(plain), f"behind # until you say what they are: {', '.join(behind)}" if behind else ""]
    return ", and ".join(filter(None, parts))


def _text(path: Path) -> str:
    """Empty where there is no such file. Raises OSError, also for a device or a pipe, and ValueError for no UTF-8."""
    try:
        _must_be_plain(path)
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def _must_be_plain(path: Path) -> None:
    """Raises OSError for what is there and is no plain file: it would be replaced by one."""
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "this is not a plain file", str(path))


def _write(path: Path, text: str) -> None:
    """Owner and mode stay what they are. Raises OSError."""
    before = path.stat() if path.exists() else None
    write_whole(path, text.encode(), READABLE if before is None else stat.S_IMODE(before.st_mode))
    if before is not None:
        os.chown(path, before.st_uid, before.st_gid)


def _joined(text: str, added: list[Proposal]) -> str:
    before = text if not text or text.endswith("\n") else f"{text}\n"
    return "\n".join([before or HEAD, *(one.text for one in added)])


def _why(error: OSError | ValueError) -> str:
    if isinstance(error, OSError):
        return (error.strerror or str(error)).lower()
    if isinstance(error, tomllib.TOMLDecodeError):
        return f"this is not TOML: {error}"
    return "this is not UTF-8 text"


def _not_written(path: Path, why: str) -> int:
    print(f"{path} is left as it is: {why}", file=sys.stderr)
    return FAILED
