"""A release: its bill of materials, its audit, its signature. No network."""

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from systemd.package.audit import NotAudited, findings
from systemd.package.sbom import Shipped, bill, shipped
from systemd.package.signature import SIGNATURE, SUMS, NotGenuine, make_key, sign, verify
from systemd.package.target import Target
from systemd.package.wheels import NotFetched, unpack
from tests.security.items import security

TARGET = Target("bookworm", "amd64")
METADATA = """\
Metadata-Version: 2.4
Name: {name}
Version: 1.5
License-Expression: MIT
Requires-Dist: other>=1
Requires-Dist: never; python_version < "3.9"
Requires-Dist: extra-only; extra == "more"
"""


def wheel(folder: Path, name: str, **files: str) -> Path:
    path = folder / f"{name}-1.5-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr(f"{name}-1.5.dist-info/METADATA", METADATA.format(name=name))
        for member, text in files.items():
            packed.writestr(member, text)
    return path


@security(18, shows="the bill of materials (CycloneDX) is the same for the same parts")
def test_a_bill_is_the_same_for_the_same_parts_and_says_what_needs_what(tmp_path: Path) -> None:
    one = shipped(wheel(tmp_path, "one"), TARGET)
    assert (one.licence, one.needs) == ("MIT", ("other",))
    other = Shipped("other", "2.0", "0" * 64, None, ())
    agent = Shipped("enalysis-edge", "1.0", "1" * 64, "Apache-2.0", ("one",))
    text = bill(TARGET, "1.0+deb12", 1_780_000_000, agent, [one, other])
    assert text == bill(TARGET, "1.0+deb12", 1_780_000_000, agent, [one, other])
    found = json.loads(text)
    needs = {part["ref"]: part["dependsOn"] for part in found["dependencies"]}
    assert needs["pkg:pypi/one@1.5"] == ["pkg:pypi/other@2.0"]
    assert needs[found["metadata"]["component"]["bom-ref"]][0] == "pkg:pypi/one@1.5"
    kinds = {part["type"] for part in found["components"]}
    assert kinds == {"library", "machine-learning-model"}
    assert {part["name"] for part in found["components"]} >= {"one", "other", "uplot", "htm"}
    references = [part["bom-ref"] for part in found["components"]]
    assert len(references) == len(set(references))


def test_what_a_wheel_brings_for_tests_stays_out_and_a_pattern_that_fits_nothing_is_told(tmp_path: Path) -> None:
    members = {"numpy/core.py": "a", "numpy/tests/test_core.py": "b", "numpy/lib/tests/test_lib.py": "c"}
    scripts = {"numpy-1.5.data/scripts/f2py": "d", "numpy-1.5.data/purelib/pure.py": "e"}
    unpack(wheel(tmp_path, "numpy", **members, **scripts), tmp_path / "in")
    found = {str(path.relative_to(tmp_path / "in")) for path in (tmp_path / "in").rglob("*") if path.is_file()}
    assert found == {"numpy/core.py", "pure.py", "numpy-1.5.dist-info/METADATA"}
    with pytest.raises(NotFetched, match="TRIMMED is out of date"):
        unpack(wheel(tmp_path, "numpy", **{"numpy/core.py": "a"}), tmp_path / "again")


@pytest.fixture
def release(tmp_path: Path) -> tuple[Path, Path, Path]:
    """A folder of two files that is signed, the private key and the public one."""
    folder, private = tmp_path / "dist", tmp_path / "release"
    folder.mkdir()
    for name in ("a_1_amd64.deb", "a_1_amd64.cdx.json"):
        (folder / name).write_text(name)
    public = make_key(private)
    sign(folder, private)
    return folder, private, public


def test_a_release_is_what_was_signed_file_by_file(release: tuple[Path, Path, Path]) -> None:
    folder, private, public = release
    assert private.stat().st_mode & 0o777 == 0o600
    assert len(verify(folder, public)) == 2
    package = folder / "a_1_amd64.deb"
    package.write_text("another")
    with pytest.raises(NotGenuine, match="is not the file that was signed"):
        verify(folder, public)
    package.write_text(package.name)
    (folder / "b.deb").write_text("slipped in")
    with pytest.raises(NotGenuine, match=r"b\.deb is not in the release"):
        verify(folder, public)


@security(17, shows="a release with a changed byte in its list or signature is found")
def test_any_byte_of_list_or_signature_that_differs_is_found(release: tuple[Path, Path, Path]) -> None:
    folder, _, public = release
    for name in (SUMS, SIGNATURE):
        whole = (folder / name).read_bytes()
        for index in range(0, len(whole), 7):
            (folder / name).write_bytes(whole[:index] + bytes([whole[index] ^ 1]) + whole[index + 1 :])
            with pytest.raises(NotGenuine, match="is not signed by"):
                verify(folder, public)
        (folder / name).write_bytes(whole)
    assert verify(folder, public)


def test_the_key_of_somebody_else_opens_nothing(release: tuple[Path, Path, Path], tmp_path: Path) -> None:
    with pytest.raises(NotGenuine):
        verify(release[0], make_key(tmp_path / "other"))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not on this machine")
def test_openssl_alone_can_verify_it(release: tuple[Path, Path, Path]) -> None:
    folder, _, public = release
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", str(public), "-rawin", "-in", SUMS]
    done = subprocess.run([*command, "-sigfile", SIGNATURE], cwd=folder, capture_output=True, text=True)
    assert "Verified Successfully" in done.stdout, done.stderr
    assert subprocess.run(["sha256sum", "--check", "--quiet", SUMS], cwd=folder).returncode == 0


def auditor(folder: Path, body: str) -> Path:
    """A program in place of the audit's Python."""
    program = folder / "python"
    program.write_text(f"#!{sys.executable}\nimport json, sys\n{body}\n")
    program.chmod(0o755)
    return program


@security(18, shows="what is known against a release is told with its remedy")
def test_what_is_known_against_a_release_is_told_with_its_remedy(tmp_path: Path) -> None:
    flaw = {"id": "PYSEC-1", "fix_versions": ["2.1"]}
    found = {"dependencies": [{"name": "one", "version": "1.5", "vulns": [flaw]}, {"name": "other", "version": "2"}]}
    program = auditor(tmp_path, f"print(json.dumps({found!r})); sys.exit(1)")
    assert findings(tmp_path / "requirements.txt", program) == ["one 1.5: PYSEC-1, put right in 2.1"]


@security(18, shows="an index that cannot be asked is no clean bill")
def test_an_index_that_cannot_be_asked_is_no_clean_bill(tmp_path: Path) -> None:
    program = auditor(tmp_path, "print('ERROR: connection refused', file=sys.stderr); sys.exit(1)")
    with pytest.raises(NotAudited, match="could not be asked: ERROR: connection refused"):
        findings(tmp_path / "requirements.txt", program)
    with pytest.raises(NotAudited, match="did not run to its end"):
        findings(tmp_path / "requirements.txt", tmp_path / "nothing")
