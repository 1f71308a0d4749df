"""A package is good only when its tests were run and passed."""

import io
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from tests.versions.__main__ import table
from tests.versions.environment import Environment
from tests.versions.proofs import PLAN, TESTS, WHOLE
from tests.versions.verdict import Outcome, Verdict, outcomes, verdict_of

REPORT = """\
<testsuites><testsuite>
<testcase classname="tests.test_spans" name="test_one[a]" />
<testcase classname="tests.test_spans" name="test_two"><failure message="no&#10;more">x</failure></testcase>
<testcase classname="tests.test_spans" name="test_three"><error message="broken">x</error></testcase>
<testcase classname="tests.test_spans" name="test_four"><skipped message="no broker">x</skipped></testcase>
</testsuite></testsuites>
"""
ALL_WELL = [Outcome(proof, "passed", "") for proofs in (TESTS | WHOLE).values() for proof in proofs]


def test_the_report_is_read(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(REPORT)
    assert [(one.place.partition("::")[2], one.word, one.reason) for one in outcomes(report)] == [
        ("test_one[a]", "passed", ""),
        ("test_two", "failed", "no"),
        ("test_three", "failed", "broken"),
        ("test_four", "skipped", "no broker"),
    ]
    assert outcomes(tmp_path / "none.xml") == []


def test_a_failure_a_skip_and_a_test_that_was_not_run_are_told_apart() -> None:
    assert verdict_of(ALL_WELL, {"ruff": "code 1"}) == Verdict({"ruff": "code 1"}, {})
    broken = [replace(one, word="failed", reason="not JSON") if one.place == PLAN else one for one in ALL_WELL]
    assert set(verdict_of(broken, {}).failures) == {"highspy", "a plan"}
    skipped = [replace(one, word="skipped", reason="why") if "mqtt_tls" in one.place else one for one in ALL_WELL]
    assert verdict_of(skipped, {}) == Verdict({}, {"trustme": "why"})
    assert set(verdict_of([], {}).failures) == {*TESTS, *WHOLE}


def test_the_table_says_what_became_of_each() -> None:
    verdict = Verdict({"highspy": "a banner"}, {"trustme": "no broker"})
    written = io.StringIO()
    console = Console(width=100, file=written)
    console.print(table({"newest": (Environment(Path("bin"), {"highspy": "1.16.0"}), verdict)}))
    rows = [line.strip("│ ").split("│") for line in written.getvalue().splitlines()]
    said = {row[0].strip(): [cell.strip() for cell in row[1:]] for row in rows if len(row) == 3}
    assert said["highspy"] == ["1.16.0", "newest fails: a banner"]
    assert said["trustme"] == ["-", "newest left out: no broker"]
    assert said["numpy"] == ["-", "good"]
