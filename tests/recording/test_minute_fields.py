"""The table of a minute's fields, the typed rows and what is made of both are one."""

import typing
from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest

from agent.adapters.store.schema_sql import MINUTE_COLUMNS, ROLLUP_COLUMNS, minute_row, minute_values
from agent.domain.records import MINUTE_FIELDS, Averaged, MinuteField, MinuteRow
from agent.domain.setpoint import Rung
from agent.domain.site import Measured, SiteState
from agent.recording.minute_means import ControlStep, MinuteMeans
from agent.recording.rollups import COLUMNS, Rollup, of_minute

START = datetime(2026, 6, 1, tzinfo=UTC)
KINDS = {
    Averaged.SPAN: int,
    Averaged.MEAN: float | None,
    Averaged.TOTAL: float,
    Averaged.KNOWN_TOTAL: float | None,
    Averaged.ANY: bool,
    Averaged.ALL: bool,
    Averaged.LONGEST: Rung | None,
}


def test_the_table_names_every_field_of_a_minute_and_no_other() -> None:
    names = [field.name for field in MINUTE_FIELDS]
    assert len(set(names)) == len(names)
    assert {*names, "at", "points"} == {field.name for field in fields(MinuteRow)}


@pytest.mark.parametrize("field", MINUTE_FIELDS, ids=lambda field: field.name)
def test_a_field_has_the_type_that_its_average_gives(field: MinuteField) -> None:
    assert typing.get_type_hints(MinuteRow)[field.name] == KINDS[field.averaged]


def test_the_table_makes_every_field_of_a_rollup_and_no_other() -> None:
    names = [column.name for column in COLUMNS]
    assert len(set(names)) == len(names)
    assert {*names, "at"} == {field.name for field in fields(Rollup)} == set(ROLLUP_COLUMNS)


def test_every_number_of_the_table_has_a_source_in_a_control_step() -> None:
    means, known = MinuteMeans(), Measured(1000.0, age_s=0.0)
    state = SiteState(START, known, known, known, known, known)
    means.add(ControlStep(state, {}, 0.3, 0.1, 0.2, Rung.RULES, False, True, (0.3, 0.1), 2000.0), 60.0)
    (row,) = means.finished(START + timedelta(minutes=1))
    assert [field.name for field in MINUTE_FIELDS if getattr(row, field.name) is None] == []


def test_what_was_not_measured_is_missing_and_no_total_of_it_is() -> None:
    means = MinuteMeans()
    means.add(ControlStep(SiteState(START), {}, None, None, None, None, False, True), 60.0)
    (row,) = means.finished(START + timedelta(minutes=1))
    missing = {field.name for field in MINUTE_FIELDS if getattr(row, field.name) is None}
    kinds = (Averaged.MEAN, Averaged.KNOWN_TOTAL, Averaged.LONGEST)
    assert missing == {field.name for field in MINUTE_FIELDS if field.averaged in kinds}
    assert of_minute(row, START).covered_s == 0.0


def test_a_minute_is_read_as_it_was_written() -> None:
    row = MinuteRow(
        START, 60, 59.5, 1.0, None, -3.0, 4.0, 50.0, 6.0, 7.0, 8.0, 9.0, None, 0.1, True, Rung.PLAN, False, (), 0.3
    )
    values = minute_values(row)
    assert len(values) == len(MINUTE_COLUMNS)
    assert minute_row(values) == row
