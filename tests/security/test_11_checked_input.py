"""Item 11: nothing turns what comes from outside into code or objects; what is checked stands in tests/fuzz."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.app.processes import ROOT
from tests.security.items import security

# exec, pickle, marshal, eval, yaml.load, shell, SQL and XML of strangers, TLS unchecked, temporary files guessed
RULES = "S102,S301,S302,S306,S307,S314,S318,S323,S501,S506,S602,S604,S605,S609,S701"
WARNS = "import pickle, sys\npickle.loads(sys.stdin.buffer.read())\neval(input())\n"


def found(*paths: str | Path) -> str:
    ruff = Path(sys.executable).with_name("ruff")
    command = [ruff, "check", "--isolated", "--ignore-noqa", "--select", RULES, "--output-format", "concise", *paths]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60.0).stdout


@security(
    11, shows="bandit's rules on pickle, eval, exec, YAML, shells: none broken in what runs on a site, noqa or not"
)
@pytest.mark.parametrize("package", ["agent", "drivers"])
def test_nothing_makes_code_or_objects_of_input(package: str) -> None:
    assert found(package) == "All checks passed!\n"


def test_the_rules_would_find_it(tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text(WARNS)
    assert {"S301", "S307"} <= set(found(tmp_path / "wrong.py").split())
