"""The cheap measurements, once: figures come out, and the ratios are made of what was measured."""

import json
from pathlib import Path
from statistics import median

import pytest

from drivers.dumps.dump_file import read_dump
from drivers.registry import FAMILIES
from tests.bench import __main__ as bench
from tests.bench import decisions, lp, partition, payload, steps, sync
from tests.bench.figures import Figure, Samples, side_by_side
from tests.bench.site_minutes import played_rows
from tests.dumps.make import FOLDER

READ_BY_BLOCKS = {name for name, family in FAMILIES.items() if not family.switches}


@pytest.fixture(scope="module")
def figures() -> dict[str, list[Figure]]:
    return {module.__name__: module.measure(rounds=1) for module in (lp, payload, decisions)}


def test_every_figure_has_a_positive_value_and_a_yardstick(figures: dict[str, list[Figure]]) -> None:
    assert [len(found) for found in figures.values()] == [3, 2, 7]
    for figure in (figure for found in figures.values() for figure in found):
        assert figure.ours.low > 0
        assert figure.yardstick is not None
        assert figure.yardstick.low > 0
        assert figure.ratio == figure.ours.median / figure.yardstick.median


def test_a_payload_holds_more_than_its_bare_points_and_shrinks_when_packed(figures: dict[str, list[Figure]]) -> None:
    plain, packed = figures["tests.bench.payload"]
    assert plain.ratio is not None
    assert plain.ratio > 1
    assert packed.ours.median < plain.ours.median


def test_every_family_is_polled_in_little_more_than_the_least_time(tmp_path: Path) -> None:
    table = tmp_path / "partition.md"
    figures = partition.measure(table)
    assert {figure.what.split(",")[0] for figure in figures} == READ_BY_BLOCKS
    assert [figure.what for figure in figures if figure.over] == []
    assert all(f"| {name} |" in table.read_text("utf-8") for name in READ_BY_BLOCKS)


@pytest.mark.parametrize("profile", ["kostal", "growatt_sph"])
async def test_a_step_of_the_load_is_met_by_a_setpoint_and_by_a_rule_of_the_devices_own(
    profile: str, tmp_path: Path
) -> None:
    answer = await steps.answer_of(tmp_path, profile, read_dump(FOLDER / f"{profile}.json"), 0.0)
    assert answer.settled_s is not None
    assert answer.settled_s <= 10.0
    assert answer.overshoot_w < steps.SETTLED_W


def test_a_figure_is_over_only_with_a_goal_and_a_ratio_above_it() -> None:
    ours, yardstick = Samples((3.0, 2.0, 10.0)), Samples((2.0,))
    assert (ours.median, ours.low, ours.high) == (3.0, 2.0, 10.0)
    assert Figure("x", "ms", ours, yardstick, goal=1.4).over
    assert not Figure("x", "ms", ours, yardstick, goal=1.5).over
    assert not Figure("x", "ms", ours, yardstick).over
    assert not Figure("x", "ms", ours, goal=1.0).over


def test_works_take_turns_and_the_first_turn_is_not_counted() -> None:
    calls: list[str] = []
    samples = side_by_side(2, lambda: calls.append("a"), lambda: calls.append("b"))
    assert calls == ["a", "b"] * 3
    assert [len(column.values) for column in samples] == [2, 2]


def test_one_figure_can_be_asked_for_and_its_numbers_are_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "deep" / "bench.json"
    assert bench.main(["--only", "payload", "--out", str(out)]) == 0
    written = json.loads(out.read_text("utf-8"))
    assert [figure["name"] for figure in written["figures"]] == ["payload", "payload"]
    first = written["figures"][0]
    assert first["ratio"] == median(first["ours"]["values"]) / median(first["yardstick"]["values"])
    assert "MQTT payload" in capsys.readouterr().out


def test_an_unknown_figure_is_refused() -> None:
    with pytest.raises(SystemExit) as refusal:
        bench.main(["--only", "everything"])
    assert refusal.value.code == 2


def test_a_reading_of_a_site_in_a_packed_backlog_costs_two_bytes_at_most() -> None:
    rows = played_rows(1.0)
    packed, plain = sync.payload_of(rows, history=True), sync.payload_of(rows, history=False)
    assert packed.median <= sync.GOAL_B
    assert plain.median > 5 * packed.median
