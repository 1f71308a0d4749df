"""The rows of a play and the file they stand in."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agent.backtest.figures import COLUMNS, Row, rows_of, turns
from agent.backtest.figures_file import FiguresFile, FiguresMismatch
from agent.backtest.play import Played
from tests.backtest import cases

MADE: dict[str, object] = {"days": 30, "consumption": "a 1"}
ROW = Row("house", 0.0, 0.0, 3600, 900, "perfect", 48.0, 1.5, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 2.5, 1.0, 0.7, 0.1)


def test_a_row_by_hand() -> None:
    """Two hours: 2 kW of load at 0.5, met by 1 kW of battery; then 1 kW of sun sold at 0.05."""
    load, sun = np.array([2000.0, 0.0]), np.array([0.0, 1000.0])
    case = cases.case(
        history=cases.history_of(load, sun), load_w=load, pv_w=sun, import_price=np.array([0.5, 0.5]),
        export_price=np.full(2, 0.05), carbon_kg_per_kwh=np.full(2, 0.2), first=0, last=2,
    )  # fmt: skip
    idle = Played("no_battery", np.zeros(2), np.full(3, 50.0), 0.002)
    used = Played("self_consumption", np.array([1000.0, 0.0]), np.array([50.0, 50.0 - 10 / 0.9, 50.0 - 10 / 0.9]), 0.0)
    best = Played("perfect", np.array([2000.0, 0.0]), np.array([50.0, 50.0 - 20 / 0.9, 50.0 - 20 / 0.9]), 0.0)
    none, rule, _ = rows_of(case, [idle, used, best], 10.0)
    assert none.cost == pytest.approx(2 * 0.5 - 1 * 0.05 + 10.0 * 2.0)
    assert (none.saving, none.capture, none.cycles) == (0.0, 0.0, 0.0)
    assert (none.import_kwh, none.export_kwh, none.co2_kg, none.peak_import_kw) == (2.0, 1.0, pytest.approx(0.4), 2.0)
    assert (none.hours, none.export_price, none.ms_per_decision) == (2.0, 0.05, pytest.approx(1.0))
    # A kWh saved at 0.5 came out of the battery and is worth 0.9 * 0.5 / 0.9 there; the demand charge is halved.
    assert rule.saving == pytest.approx(10.0, abs=1e-4)
    assert rule.capture == pytest.approx(0.5, abs=1e-4)
    assert rule.cycles == pytest.approx(1 / 0.9 / 10, abs=1e-4)
    assert rule.peak_battery_kw == 1.0
    assert rule.lost_kwh == pytest.approx(1 / 0.9 - 1, abs=1e-4)
    assert (none.peak_battery_kw, none.turns_per_day, none.lost_kwh) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("powers", "expected"),
    [([], 0), ([0, 0], 0), ([500, 500, 0], 0), ([500, 0, -500, 0.5, -20], 1), ([500, -500, 500], 2)],
)
def test_a_rest_is_no_turn(powers: list[float], expected: int) -> None:
    assert turns(np.array(powers, dtype=float)) == expected


def test_capture_is_empty_where_nothing_can_be_saved() -> None:
    load = np.full(24, 1000.0)
    case = cases.case(days=1, history=cases.history_of(load, load), load_w=load, pv_w=load, played_days=1)
    still = [Played(name, np.zeros(24), np.full(25, 50.0), 0.0) for name in ("no_battery", "perfect")]
    assert [row.capture for row in rows_of(case, still, 0.0)] == [None, None]


def test_rows_come_back_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "figures.csv"
    file = FiguresFile(path, MADE)
    assert file.open() == []
    rows = [ROW, replace(ROW, site="barn", capture=None)]
    file.add(rows)
    assert path.read_text().splitlines()[0] == ",".join(COLUMNS)
    assert FiguresFile(path, MADE).open() == rows


@pytest.mark.parametrize("cut", [1, 5, 30])
def test_half_a_last_line_is_dropped(cut: int, tmp_path: Path) -> None:
    path = tmp_path / "figures.csv"
    file = FiguresFile(path, MADE)
    file.open()
    file.add([ROW, replace(ROW, site="barn")])
    path.write_bytes(path.read_bytes()[:-cut])
    again = FiguresFile(path, MADE)
    assert again.open() == [ROW]
    again.add([replace(ROW, site="mill")])
    assert [row.site for row in FiguresFile(path, MADE).open()] == ["house", "mill"]


def test_what_was_asked_for_then_and_is_not_now_is_another_making(tmp_path: Path) -> None:
    path = tmp_path / "figures.csv"
    FiguresFile(path, {**MADE, "demand_interval_s": 1800}).open()
    with pytest.raises(FiguresMismatch, match="was made with demand_interval_s 1800, not without; choose another file"):
        FiguresFile(path, MADE).open()


def test_a_header_cut_short_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "figures.csv"
    path.write_text("site,export")
    assert FiguresFile(path, MADE).open() == []
    assert path.read_text() == ",".join(COLUMNS) + "\n"


BAD = [
    ({"days": 60}, None, "was made with days 30, not 60"),
    ({"days": None}, None, "was made with days 30, not without; choose another file"),
    ({"demand_charge": 2.5}, None, "was made without demand_charge, not with 2.5; choose another file"),
    ({"consumption": "a 2"}, None, "was made with consumption a 1, not a 2"),
    ({}, "site,cost\nhouse,1\n", ":1: these are not the columns of a backtest"),
    ({}, ",".join(COLUMNS) + "\nhouse,much" + ",1" * 17 + "\n", ":2: could not convert"),
    ({}, ",".join(COLUMNS) + "\nhouse,1\n", ":2: "),
    ({}, b"\xff\xfe\n", "is no text"),
]


@pytest.mark.parametrize(("made", "content", "said"), BAD)
def test_another_kind_of_file_is_refused_and_left_alone(
    made: dict[str, object], content: str | bytes | None, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "figures.csv"
    FiguresFile(path, MADE).open()
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = path.read_bytes()
    with pytest.raises(FiguresMismatch, match=said):
        FiguresFile(path, {**MADE, **made}).open()
    assert path.read_bytes() == before


def test_a_file_that_does_not_say_how_it_was_made_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "figures.csv"
    path.write_text(",".join(COLUMNS) + "\n")
    with pytest.raises(FiguresMismatch, match="does not say how it was made"):
        FiguresFile(path, MADE).open()
