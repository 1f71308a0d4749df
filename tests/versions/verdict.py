"""What the proofs say in an environment, package by package."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from tests.versions.environment import PLACE, Environment
from tests.versions.proofs import COMMANDS, ROOT, TESTS, WHOLE, files


@dataclass(frozen=True, slots=True)
class Verdict:
    """``failures`` and ``left_out`` give a reason for each package that did not work, or was not tried."""

    failures: dict[str, str]
    left_out: dict[str, str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one test: ``word`` is passed, failed or skipped. ``place`` is file::name, with the parameters in brackets."""

    place: str
    word: str
    reason: str


def judge(end: str, environment: Environment) -> Verdict:
    """Run every proof. What they print is kept in ``<end>.log``."""
    report = PLACE / f"{end}.xml"
    report.unlink(missing_ok=True)
    failures: dict[str, str] = {}
    with (PLACE / f"{end}.log").open("wb") as log:
        pytest = ("python", "-m", "pytest", "-p", "no:cacheprovider", f"--junitxml={report}", *files())
        _run(environment, pytest, log.fileno())
        for package, command in COMMANDS.items():
            if code := _run(environment, command, log.fileno()):
                failures[package] = f"{' '.join(command)} ended with code {code}"
    return verdict_of(outcomes(report), failures)


def verdict_of(found: list[Outcome], failures: dict[str, str]) -> Verdict:
    """Package by package from the outcomes of single tests; ``failures`` are those known already."""
    failures, left_out = dict(failures), {}
    for package, proofs in (TESTS | WHOLE).items():
        for proof in proofs:
            mine = [outcome for outcome in found if outcome.place.startswith(proof)]
            failed = [outcome for outcome in mine if outcome.word == "failed"]
            if not mine:
                failures.setdefault(package, f"{proof} was not run")
            elif failed:
                failures.setdefault(package, f"{failed[0].place.partition('::')[2]}: {failed[0].reason}")
            elif all(outcome.word == "skipped" for outcome in mine):
                left_out.setdefault(package, mine[0].reason)
    return Verdict(failures, left_out)


def outcomes(report: Path) -> list[Outcome]:
    """What pytest wrote of each test; none where it could not begin."""
    if not report.exists():
        return []
    found = []
    for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314, we have just had it written
        place = f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name')}"
        ended = next((case.find(word) for word in ("failure", "error", "skipped") if case.find(word) is not None), None)
        word = "passed" if ended is None else "skipped" if ended.tag == "skipped" else "failed"
        reason = "" if ended is None else (ended.get("message") or ended.tag).strip().splitlines()[0]
        found.append(Outcome(place, word, reason))
    return found


def _run(environment: Environment, command: tuple[str, ...], log: int) -> int:
    programme = environment.bin / command[0]
    path = f"{environment.bin}{os.pathsep}{os.environ.get('PATH', '')}"
    answer = subprocess.run(
        (programme, *command[1:]), cwd=ROOT, env={**os.environ, "PATH": path}, stdout=log, stderr=log, check=False
    )
    return answer.returncode
