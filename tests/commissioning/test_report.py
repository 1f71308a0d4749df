"""The report in its three forms: a page that stands alone, rows of a terminal, and what the store keeps."""

import re
from dataclasses import replace

import pytest
from rich.console import Console

from agent.cli.commission_show import show_report
from agent.commissioning.page import page
from agent.commissioning.trace_rows import rows, time_row
from agent.domain.commissioning import BatteryTest, CommissionedDevice, Commissioning, Finding, Reversion, Step
from agent.domain.wire import from_json, to_json
from tests.commissioning.procedure import NOON

BATTERY = ((0.0, 500.0), (10.0, -750.0), (40.0, 0.0), (70.0, 750.0), (100.0, 500.0))
GRID = ((0.0, 0.0), (11.0, 1250.0), (41.0, 500.0), (71.0, -250.0), (101.0, 0.0))
STEP = Step("charge", -750.0, -748.0, 9.0, 39.0, True, 500.0, -750.0, 1.5, 600.0, 2.0)
TEST = BatteryTest(
    "inverter",
    750.0,
    (STEP, replace(STEP, what="hold", taken_w=0.0, settled_w=None, dead_time_s=None, off_w=None)),
    BATTERY,
    GRID,
    (),
    ((9.0, -748.0), (39.0, 0.0), (99.0, None)),
    Reversion("free 21 s after the last order", 20.0, 21.0),
    1.02,
    3.0,
    "inverter is released, its 3 settings are as they were found",
)
REPORT = Commissioning(
    NOON,
    "A. Fitter <a@example.org>",
    "Home & Garden",
    False,
    "it was not passed",
    (CommissionedDevice("inverter", "Brand <b>", "some_hybrid", "10.0.0.2:502 unit 1", "M-1", "S-1", None),),
    (Finding("a", "the <sign> is turned", "inverter"), Finding("b", "a note", stops=False)),
    (TEST,),
)
EMPTY = replace(REPORT, tests=(), findings=(), ended="it was stopped before anything was written")


@pytest.mark.parametrize("report", [REPORT, EMPTY])
def test_it_is_kept_as_it_is(report: Commissioning) -> None:
    assert from_json(Commissioning, to_json(report)) == report


def test_what_the_fast_loop_is_told_is_the_worst_of_all() -> None:
    worse = replace(TEST, meter_lag_s=5.0, steps=(replace(STEP, dead_time_s=4.0, off_w=90.0),))
    report = replace(REPORT, tests=(TEST, worse))
    assert (report.meter_lag_s, report.dead_time_s, report.off_w) == (5.0, 4.0, 90.0)
    assert (EMPTY.meter_lag_s, EMPTY.dead_time_s, EMPTY.off_w) == (None, None, None)


@pytest.mark.parametrize("report", [REPORT, EMPTY])
def test_the_page_stands_alone(report: Commissioning) -> None:
    text = page(report)
    assert not re.search(r"<script|src=|href=|url\(|@import|https?:", text)
    assert "NOT passed" in text
    assert "Home &amp; Garden" in text
    assert "A. Fitter &lt;a@example.org&gt;" in text
    for tag in ("html", "body", "table", "svg", "ul"):
        assert text.count(f"<{tag}") == text.count(f"</{tag}>")


def test_the_picture_of_the_page_has_both_curves_and_what_was_asked() -> None:
    text = page(REPORT)
    lines = re.findall(r'<polyline [^>]*points="([^"]*)"', text)
    assert [len(line.split()) for line in lines] == [
        4,
        len(GRID),
        len(BATTERY),
    ]  # an order has two ends, a release none
    for line in lines:
        for point in line.split():
            x, y = map(float, point.split(","))
            assert 0.0 <= x <= 760.0
            assert 0.0 <= y <= 260.0
    assert "the &lt;sign&gt; is turned" in text


@pytest.mark.parametrize("report", [REPORT, EMPTY])
def test_the_terminal_needs_no_more_than_80_columns(report: Commissioning) -> None:
    console = Console(width=80, record=True, file=None, force_terminal=False)
    with console.capture() as captured:
        show_report(console, report)
    said = captured.get()
    assert max(len(line.rstrip()) for line in said.splitlines()) <= 80
    assert report.ended in said
    assert "A. Fitter <a@example.org>" in " ".join(said.split())


def test_a_trace_is_drawn_from_its_highest_to_its_lowest_value() -> None:
    drawn = rows(((0.0, 0.0), (50.0, 1000.0)), 100.0, 27, 2, "battery")
    assert drawn[0] == "battery"
    assert drawn[1].split()[0] == "+1.00"
    assert drawn[2].split()[0] == "+0.00"
    left, right = slice(7, 16), slice(18, 27)
    assert set(drawn[2][left]) != {chr(0x2800)}
    assert set(drawn[1][left]) == {chr(0x2800)}
    assert set(drawn[1][right]) != {chr(0x2800)}
    assert set(drawn[2][right]) == {chr(0x2800)}


@pytest.mark.parametrize("watts", [0.0, 0.3, -5.0, 20_000_000.0])
def test_a_trace_of_one_value_is_drawn(watts: float) -> None:
    drawn = rows(((0.0, watts), (30.0, watts)), 30.0, 80, 5, "battery")
    assert [len(line) for line in drawn[1:]] == [80] * 5
    assert any(set(line[7:]) != {chr(0x2800)} for line in drawn[1:])


@pytest.mark.parametrize("last_s", [1.0, 30.0, 100.0, 12_345.0])
def test_the_axis_of_time_fits_under_the_trace(last_s: float) -> None:
    assert len(time_row(last_s, 80)) == 80
    assert time_row(last_s, 80).rstrip().endswith(f"{last_s:.0f} s")
