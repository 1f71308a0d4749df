"""Known vulnerabilities of what is shipped, asked of the package index by pip-audit, and the bill of materials.

pip-audit has an environment of its own (``lock/audit.txt``): it is no part of what it judges.
"""

import json
import subprocess
from pathlib import Path

from systemd.package.deb import BUILD, bill_of, epoch, write_bill
from systemd.package.lock_file import ROOT, releases
from systemd.package.target import Target
from systemd.package.wheels import agent_wheel, fetch

AUDIT = ROOT / ".venv" / "audit" / "bin" / "python"
PATIENCE_S = 300


class NotAudited(Exception):
    """It is not known whether there are vulnerabilities. ``str()`` says why."""


def audit(target: Target, project: str, out: Path) -> list[str]:
    """A sentence for each known vulnerability; the bill of materials is written. Raises NotAudited."""
    folder = BUILD / f"{target.suite}-{target.architecture}"
    wheels, own = fetch(target, releases(target), folder / "wheels"), agent_wheel(folder / "own", epoch())
    version = target.version(project)
    text = bill_of(target, version, own, wheels)
    print(f"{write_bill(text, target, version, out)}: {len(json.loads(text)['components'])} components")
    return findings(folder / "wheels" / "requirements.txt")


def findings(requirements: Path, program: Path = AUDIT) -> list[str]:
    """What pip-audit knows of the releases that ``requirements`` names with their hashes. Raises NotAudited."""
    command = [str(program), "-m", "pip_audit", "--requirement", str(requirements), "--require-hashes", "--disable-pip"]
    command += ["--format", "json", "--progress-spinner", "off"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotAudited(f"pip-audit did not run to its end: {error}") from error
    try:
        found = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError) as error:
        said = done.stderr.strip().splitlines() or ["no reason given"]
        raise NotAudited(f"vulnerabilities are not known, the index could not be asked: {said[-1]}") from error
    return [
        f"{one['name']} {one['version']}: {flaw['id']}, put right in {', '.join(flaw['fix_versions']) or 'no release'}"
        for one in found
        for flaw in one.get("vulns", [])
    ]
