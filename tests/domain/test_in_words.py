"""Numbers for people have no -0.00, in no sentence of the rooms that speak to them."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.domain.in_words import kw, kwh, money, pct, price

AGENT = Path(__file__).parents[2] / "agent"
SPEAKING = ("advice", "cli", "dispatch", "explanation", "savings")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (kw(-2.0), "0.00 kW"),
        (kw(-1234.0), "-1.23 kW"),
        (kw(520.0, 1), "0.5 kW"),
        (kwh(-20.0), "0.0 kWh"),
        (money(-0.004, "EUR"), "0.00 EUR"),
        (money(-0.004, signed=True), "+0.00"),
        (money(1.005e6, "GBP", signed=True), "+1005000.00 GBP"),
        (price(-0.0001), "0.000"),
        (pct(-0.2), "0 %"),
        (pct(61.24, 1), "61.2 %"),
    ],
)
def test_what_rounds_to_nothing_has_no_sign(said: str, expected: str) -> None:
    assert said == expected


def formats(source: str) -> Iterator[str]:
    """The format of each value that is printed with fixed decimal places."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FormattedValue) and isinstance(node.format_spec, ast.JoinedStr):
            parts = node.format_spec.values
            spec = "".join(str(part.value) if isinstance(part, ast.Constant) else "0" for part in parts)
            if spec.endswith(("f", "%")) and "." in spec and not spec.startswith("%"):
                yield spec


def test_the_search_finds_a_format_that_would_print_a_sign_before_nothing() -> None:
    assert list(formats('f"{a:.2f} {b:+z.{n}f} {c:%H.%M} {d:>10}"')) == [".2f", "+z.0f"]


@pytest.mark.parametrize("room", SPEAKING)
def test_every_number_in_a_sentence_is_printed_without_the_sign_of_nothing(room: str) -> None:
    signed = {
        path.name: found
        for path in (AGENT / room).glob("*.py")
        if (found := [spec for spec in formats(path.read_text("utf-8")) if "z" not in spec])
    }
    assert signed == {}
