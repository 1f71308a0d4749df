"""Whether files and functions are short: ``python -m tests.sizes``, a part of ``make check``.

A file has at most 300 lines, a function 45 with its signature and docstring. What is longer stands below with its
reason and the lines that it may have; what has become short enough must leave the list.
"""

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

HOUSE = Path(__file__).parents[1]
FILE_LINES, FUNCTION_LINES = 300, 45
MADE = ("build", "dist", "demo-out", "bench-out")

TABLE = "independent cases of one subject, read one at a time"

# Place -> (lines that it may have, why).
EXCEPTIONS: Mapping[str, tuple[int, str]] = {
    "agent/app.py::build": (68, "wires every part once, line by line, without a branch"),
    "agent/settings/sections.py": (395, "every key of the site file: a table of fields with their words"),
    "tests/adapters/mqtt/test_mqtt_link.py": (450, TABLE),
    "tests/adapters/mqtt/test_payloads.py": (450, TABLE),
    "tests/advice/test_recommendations.py": (450, TABLE),
    "tests/cycles/test_control.py": (450, TABLE),
    "tests/cycles/test_sync.py": (450, TABLE),
    "tests/domain/test_tariff.py": (450, TABLE),
    "tests/drivers/test_datasheet_device.py": (450, TABLE),
    "tests/drivers/test_modbus.py": (450, TABLE),
    "tests/explanation/test_explain.py": (450, TABLE),
    "tests/faults/test_secrets.py::test_a_secret_is_said_nowhere": (
        50,
        "one run of the whole agent, looked at from all sides",
    ),
    "tests/forecasting/test_data_quality.py": (450, TABLE),
    "tests/settings/test_mistakes.py": (450, TABLE),
    "tests/simulator/test_server.py": (450, TABLE),
    "tests/site_conditions/test_site_conditions.py": (450, TABLE),
}


def sizes(name: str, source: str) -> Iterator[tuple[str, int, int]]:
    """(place, lines, lines allowed) of the file and of each function in it; ``name`` is its path in the repository."""
    yield name, len(source.splitlines()), FILE_LINES
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            yield f"{name}::{node.name}", node.end_lineno - node.lineno + 1, FUNCTION_LINES


def verdicts(found: Iterator[tuple[str, int, int]], exceptions: Mapping[str, tuple[int, str]]) -> list[str]:
    """One sentence for each place that is too long, and for each exception that is needed no more."""
    said, needed = [], set()
    for place, lines, limit in found:
        if lines > limit:
            needed.add(place)
            allowed = exceptions.get(place, (limit, ""))[0]
            if lines > allowed:
                said.append(f"{place} has {lines} lines: {allowed} are allowed")
    kept = [place for place in exceptions if place not in needed]
    return said + [f"{place} is not too long any more: it leaves the list" for place in kept]


def sources() -> Iterator[tuple[str, str]]:
    """Every Python file of the repository: (path in it, text)."""
    for folder in sorted(HOUSE.iterdir()):
        if folder.is_dir() and not folder.name.startswith(".") and folder.name not in MADE:
            for path in sorted(folder.rglob("*.py")):
                yield path.relative_to(HOUSE).as_posix(), path.read_text(encoding="utf-8")


def main() -> int:
    """Exit code 1 where something is too long; each place is a line on standard error."""
    said = verdicts((size for name, source in sources() for size in sizes(name, source)), EXCEPTIONS)
    for sentence in said:
        print(sentence, file=sys.stderr)
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
