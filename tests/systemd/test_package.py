"""The package without its environment: what is in it, what dpkg is told, and what is made of the command line.

Needs no network; `make test-package` installs the whole on a booted Debian.
"""

import gzip
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from agent.cli.commands import COMMANDS
from systemd.package.command_line import commands
from systemd.package.lock_file import LEFT_OUT, releases
from systemd.package.target import ARCHITECTURES, SUITES, NoTarget, Target
from systemd.package.tree import FILES, SCRIPTS, add_control, lay_out, set_times
from tests.systemd.test_unit import PROGRAM, keys

TARGET = Target("bookworm", "amd64")
VERSION = TARGET.version("9.8.7")
EPOCH_S = 1_780_000_000


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package") / "tree"
    lay_out(folder, TARGET, VERSION, EPOCH_S)
    add_control(folder, TARGET, VERSION)
    set_times(folder, EPOCH_S)
    return folder


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="dpkg-deb is not on this machine")
def test_dpkg_takes_it_and_reads_what_it_depends_on(tree: Path, tmp_path: Path) -> None:
    package = tmp_path / "made.deb"
    build = ["dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, package]
    assert subprocess.run(build, capture_output=True, text=True, check=True).stderr == ""
    asked = ["dpkg-deb", "--field", package, "Version", "Architecture", "Depends"]
    said = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    assert said.splitlines()[:2] == ["Version: 9.8.7+deb12", "Architecture: amd64"]
    assert "python3.11," in said
    listed = subprocess.run(["dpkg-deb", "--contents", package], capture_output=True, text=True, check=True).stdout
    assert {line.split()[1] for line in listed.splitlines()} == {"root/root"}


def test_the_site_file_belongs_to_the_site(tree: Path) -> None:
    """It is neither in the package nor a conffile, so no upgrade asks about it."""
    assert [path.name for path in (tree / "etc/enalysis-edge").iterdir()] == ["site.example.toml"]
    assert (tree / "DEBIAN/conffiles").read_text() == "/etc/enalysis-edge/site.example.toml\n"


def test_the_program_of_the_units_leads_to_this_version(tree: Path) -> None:
    """Once ``current`` is there, which the scripts make."""
    home = tree / "opt/enalysis-edge"
    assert (home / "bin").readlink() == Path("current/bin")
    assert (tree / "usr/bin/enalysis-edge").readlink() == Path(PROGRAM)
    entry = (home / VERSION / "bin/enalysis-edge").read_text()
    assert entry.startswith(f"#!/opt/enalysis-edge/{VERSION}/bin/python\n")
    assert (home / VERSION / "bin/python").readlink() == Path("/usr/bin/python3.11")
    made = (tree / "usr/lib/tmpfiles.d/enalysis-edge.conf").read_text()
    assert f"d /var/lib/{keys('Service')['StateDirectory']} {keys('Service')['StateDirectoryMode']}" in made


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_is_plain_shell_and_fails_where_a_step_fails(tree: Path, name: str) -> None:
    script = tree / "DEBIAN" / name
    text = script.read_text()
    assert subprocess.run(["sh", "-n", script], capture_output=True, text=True).stderr == ""
    assert script.stat().st_mode & 0o111
    assert text.startswith("#!/bin/sh\n")
    assert text.count("set -e\n") == 1
    assert not re.search(r"@[A-Z]+@", text)
    units = set(re.findall(r"enalysis-edge[a-z-]*\.service", text))
    assert units <= {path.name for path in (tree / "usr/lib/systemd/system").iterdir()}


def test_an_upgrade_stops_the_agent_only_when_all_is_unpacked() -> None:
    assert "stop_all" not in (FILES / "prerm").read_text().partition("remove | deconfigure")[0]
    upgrade = (FILES / "postrm").read_text().partition("upgrade)")[2].partition(";;")[0]
    assert upgrade.index("stop_all") < upgrade.index("mv -fT")


def test_the_agent_is_enabled_by_a_first_installation_and_by_one_after_a_removal() -> None:
    """dpkg tells postinst of a version before in the second case, too; preinst alone knows the difference."""
    assert '"$1" = install' in (FILES / "preinst").read_text()
    assert '"$2"' not in (FILES / "postinst").read_text()


def test_the_same_tree_is_made_again(tree: Path, tmp_path: Path) -> None:
    again = tmp_path / "tree"
    lay_out(again, TARGET, VERSION, EPOCH_S)
    add_control(again, TARGET, VERSION)
    set_times(again, EPOCH_S)
    assert described(again) == described(tree)


def described(tree: Path) -> dict[str, object]:
    return {
        str(path.relative_to(tree)): (
            path.lstat().st_mtime,
            path.readlink() if path.is_symlink() else (path.stat().st_mode, path.is_file() and path.read_bytes()),
        )
        for path in tree.rglob("*")
    }


def test_the_manual_names_every_command_and_option(tree: Path) -> None:
    page = gzip.decompress((tree / "usr/share/man/man1/enalysis-edge.1.gz").read_bytes()).decode()
    text = page.replace("\\-", "-").replace("\\fB", "").replace("\\fR", "")
    for command in commands():
        section = text.partition(f".SS {' '.join(command.words)}\n")[2].partition("\n.S")[0]
        assert section, command.words
        options = {word for one in command.arguments for word in one.words} - {"-h", "--help"}
        assert [word for word in options if word not in section] == []


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not on this machine")
def test_groff_has_nothing_to_say_about_the_manual(tree: Path) -> None:
    page = gzip.decompress((tree / "usr/share/man/man1/enalysis-edge.1.gz").read_bytes())
    done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z"], input=page, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (("",), {*COMMANDS, "-h", "--help", "--version"}),
        (("rep",), {"report"}),
        (("models", "pro"), {"promote"}),
        (("models", "rollback", "p"), {"pv_w"}),
        (("report", "--by", ""), {"hour", "day", "month", "year"}),
        (("report", "--config", "x.toml", "--pic"), {"--picture"}),
        (("report", "--csv", ""), set()),  # a file: bash offers them
    ],
)
def test_bash_completes_what_is_typed(tree: Path, typed: tuple[str, ...], offered: set[str]) -> None:
    script = tree / "usr/share/bash-completion/completions/enalysis-edge"
    words = " ".join(f"'{word}'" for word in ("enalysis-edge", *typed))
    asked = f'. {script}; COMP_WORDS=({words}); COMP_CWORD={len(typed)}; _enalysis_edge; echo "${{COMPREPLY[@]}}"'
    done = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=True)
    assert (set(done.stdout.split()), done.stderr) == (offered, "")


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("suite", SUITES)
def test_a_target_gets_one_release_of_each_package_of_the_lock(suite: str, architecture: str) -> None:
    found = releases(Target(suite, architecture))
    names = [release.name for release in found]
    assert names == sorted(set(names))
    assert {"numpy", "onnxruntime", "highspy", "cryptography", "starlette"} <= set(names)
    assert not set(LEFT_OUT) & set(names)
    assert all(release.hashes for release in found)


def test_another_debian_gets_no_package() -> None:
    with pytest.raises(NoTarget, match="bookworm or trixie, not for sid"):
        Target("sid", "amd64")
