"""The files of the package as they lie on the gateway, and those that tell dpkg about it.

Each version has a folder of its own below /opt/enalysis-edge, and ``current`` leads to one: an upgrade is one rename,
and whatever instant the power goes, what starts next is whole.
"""

import gzip
import os
import shutil
from pathlib import Path

from systemd.package.completion import completion
from systemd.package.control import conffiles, control
from systemd.package.lock_file import ROOT
from systemd.package.man_page import man_page
from systemd.package.target import Target

HOME = Path("/opt/enalysis-edge")
FILES = Path(__file__).parent / "files"
SYSTEMD = ROOT / "systemd"
UNITS = ("enalysis-edge.service", "enalysis-edge-console.service")
SCRIPTS = ("preinst", "postinst", "prerm", "postrm")
ENTRY = """\
#!{home}/bin/python
import sys

from agent.__main__ import main

sys.exit(main())
"""
DOC = Path("usr/share/doc/enalysis-edge")


def lay_out(tree: Path, target: Target, version: str, epoch_s: int) -> Path:
    """Everything but the environment's packages; the folder that they belong in. ``tree`` is made anew."""
    shutil.rmtree(tree, ignore_errors=True)
    site_packages = _environment(tree, target, version)
    for source, place in _copied():
        _put(tree / place, source.read_bytes())
    _put(tree / "usr/share/man/man1/enalysis-edge.1.gz", _packed(man_page(version, epoch_s).encode()))
    _put(tree / DOC / "changelog.gz", _packed((ROOT / "CHANGELOG.md").read_bytes()))
    _put(tree / "usr/share/bash-completion/completions/enalysis-edge", completion().encode())
    _link(tree / "usr/bin/enalysis-edge", HOME / "bin" / "enalysis-edge")
    return site_packages


def add_control(tree: Path, target: Target, version: str) -> None:
    """The folder DEBIAN, once all other files are there. Raises OSError."""
    stop = (FILES / "stop").read_text("utf-8")
    for name in SCRIPTS:
        text = (FILES / name).read_text("utf-8").replace("@VERSION@", version).replace("@STOP@\n", stop)
        _put(tree / "DEBIAN" / name, text.encode(), 0o755)
    _put(tree / "DEBIAN" / "conffiles", conffiles().encode())
    _put(tree / "DEBIAN" / "control", control(target, version, installed_bytes(tree)).encode())


def installed_bytes(folder: Path) -> int:
    """What the files below ``folder`` hold, without DEBIAN."""
    return sum(
        path.lstat().st_size
        for path in folder.rglob("*")
        if not path.is_dir() and path.relative_to(folder).parts[0] != "DEBIAN"
    )


def set_times(tree: Path, epoch_s: int) -> None:
    """One time for all, and the rights that the umask of this machine has no say in."""
    for path in sorted(tree.rglob("*"), reverse=True):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        os.utime(path, (epoch_s, epoch_s), follow_symlinks=False)
    tree.chmod(0o755)
    os.utime(tree, (epoch_s, epoch_s))


def _environment(tree: Path, target: Target, version: str) -> Path:
    home = HOME / version
    inside = tree / home.relative_to("/")
    site_packages = inside / "lib" / f"python{target.python}" / "site-packages"
    site_packages.mkdir(parents=True)
    _link(inside / "bin" / "python", Path(f"/usr/bin/python{target.python}"))
    _put(inside / "bin" / "enalysis-edge", ENTRY.format(home=home).encode(), 0o755)
    words = f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {target.python}\n"
    _put(inside / "pyvenv.cfg", words.encode())
    for name in ("bin", "lib", "pyvenv.cfg"):
        _link(inside.parent / name, Path("current") / name)
    return site_packages


def _copied() -> list[tuple[Path, str]]:
    """Files as they are in the project, and where they go."""
    drop_ins = sorted((SYSTEMD / "drop-ins").glob("*.conf"))
    return [
        *((SYSTEMD / unit, f"usr/lib/systemd/system/{unit}") for unit in UNITS),
        (SYSTEMD / "enalysis-edge.sysusers.conf", "usr/lib/sysusers.d/enalysis-edge.conf"),
        (FILES / "enalysis-edge.tmpfiles.conf", "usr/lib/tmpfiles.d/enalysis-edge.conf"),
        *((path, f"usr/share/enalysis-edge/drop-ins/{path.name}") for path in drop_ins),
        (ROOT / "config" / "site.example.toml", "etc/enalysis-edge/site.example.toml"),
        (ROOT / "config" / "site.schema.json", "usr/share/enalysis-edge/site.schema.json"),
        (ROOT / "SECURITY.md", f"{DOC}/SECURITY.md"),
        (ROOT / "LICENSE", f"{DOC}/copyright"),
    ]


def _put(path: Path, content: bytes, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)


def _link(path: Path, to: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(to)


def _packed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)
