"""The bill of materials of one package, in CycloneDX 1.6 (ECMA-424): every wheel with its hash and licence, what it
needs, the scripts of the pages, and the models.
"""

import hashlib
import json
import re
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from systemd.package.lock_file import ROOT
from systemd.package.target import Target
from systemd.package.wheels import sha256_of

VENDORED = ROOT / "agent" / "console" / "web" / "vendor" / "vendored.json"
MODELS = ROOT / "exported_models"
LONGEST_LICENCE = 80  # some put the whole text there
Part = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shipped:
    """A wheel by what its METADATA says. ``needs`` are canonical names, judged for the target."""

    name: str
    version: str
    sha256: str
    licence: str | None
    needs: tuple[str, ...]

    @property
    def purl(self) -> str:
        return f"pkg:pypi/{self.name}@{self.version}"


def shipped(wheel: Path, target: Target) -> Shipped:
    """Raises ValueError for a wheel without METADATA."""
    with zipfile.ZipFile(wheel) as packed:
        found = [name for name in packed.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name)]
        if len(found) != 1:
            raise ValueError(f"{wheel.name} has no METADATA")
        said = HeaderParser().parsestr(packed.read(found[0]).decode("utf-8", "replace"))
    asked = [Requirement(text) for text in said.get_all("Requires-Dist", [])]
    needs = {
        canonicalize_name(one.name) for one in asked if one.marker is None or one.marker.evaluate(target.markers())
    }
    name = canonicalize_name(str(said["Name"]))
    return Shipped(name, str(said["Version"]), sha256_of(wheel), _licence(said), tuple(sorted(needs)))


def _licence(said: Any) -> str | None:
    """The expression, the short name, or what the classifiers say."""
    for key in ("License-Expression", "License"):
        text = str(said.get(key, "")).strip()
        if 0 < len(text) <= LONGEST_LICENCE and text != "UNKNOWN" and "\n" not in text:
            return text
    named = [one.rpartition(" :: ")[2] for one in said.get_all("Classifier", []) if one.startswith("License :: ")]
    return " and ".join(named) or None


def bill(target: Target, version: str, epoch_s: int, agent: Shipped, wheels: Sequence[Shipped]) -> str:
    """The document as JSON text: the same for the same parts."""
    parts = [*(_library(one) for one in wheels), *_scripts(), *_models()]
    parts.sort(key=lambda part: str(part["bom-ref"]))
    known = {one.name: one.purl for one in wheels}
    ours = {**_library(agent), "type": "application", "purl": _deb(target, version), "bom-ref": _deb(target, version)}
    ours["version"] = version
    del ours["hashes"]  # of the wheel, which is not shipped as such
    root = str(ours["bom-ref"])
    others = [str(part["bom-ref"]) for part in parts if not str(part["bom-ref"]).startswith("pkg:pypi/")]
    # What the agent needs by an extra of its own (the console) is installed, too, and nobody else's.
    needed = {need for one in wheels for need in one.needs}
    direct = sorted({known[n] for n in agent.needs if n in known} | {known[n] for n in known if n not in needed})
    tree = [{"ref": root, "dependsOn": [*direct, *others]}]
    tree += [{"ref": one.purl, "dependsOn": [known[need] for need in one.needs if need in known]} for one in wheels]
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch_s)), "component": ours},
        "components": parts,
        "dependencies": sorted(tree, key=lambda one: str(one["ref"])),
    }
    digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
    named = {"serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, f'{root}#{digest}')}"}
    return json.dumps({**document, **named}, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _deb(target: Target, version: str) -> str:
    return f"pkg:deb/debian/enalysis-edge@{quote(version, safe='')}?arch={target.architecture}&distro={target.suite}"


def _library(one: Shipped) -> Part:
    part: Part = {"type": "library", "name": one.name, "version": one.version, "purl": one.purl, "bom-ref": one.purl}
    part["hashes"] = [{"alg": "SHA-256", "content": one.sha256}]
    if one.licence is not None:
        part["licenses"] = [{"license": {"name": one.licence}}]
    return part


def _scripts() -> list[Part]:
    """What the console's pages have from others."""
    parts = []
    for one in json.loads(VENDORED.read_text("utf-8")):
        purl = f"pkg:npm/{str(one['package']).replace('@', '%40')}@{one['version']}"
        hashes = [{"alg": "SHA-256", "content": one["sha256"]}]
        licences = [{"license": {"name": one["licence"]}}]
        part = {"type": "library", "name": one["package"], "version": one["version"], "purl": purl}
        parts.append({**part, "bom-ref": f"{purl}#{one['file']}", "hashes": hashes, "licenses": licences})
    return parts


def _models() -> list[Part]:
    return [
        {
            "type": "machine-learning-model",
            "name": str(path.relative_to(MODELS)),
            "bom-ref": f"model:{path.relative_to(MODELS)}",
            "hashes": [{"alg": "SHA-256", "content": sha256_of(path)}],
        }
        for path in sorted(MODELS.rglob("*.onnx"))
    ]
