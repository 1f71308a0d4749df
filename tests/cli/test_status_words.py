"""The parts of `status` that are pure: its first line, the site in words, the rows of the plan."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from agent.cli.status_headline import Health, headline
from agent.cli.status_plan import rows_of
from agent.cli.status_site import site_lines
from agent.domain.plan import PlanStep
from agent.domain.site import MISSING, Measured, SiteState
from drivers.reading import Quality
from tests.cycles.control_stage import plan

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
GOOD = Health(alarms=0, runs=True, observes=False, state_at=NOW - timedelta(seconds=60), picture_every_s=61.0)


@pytest.mark.parametrize(
    ("health", "line"),
    [
        (GOOD, "OK"),
        (replace(GOOD, alarms=1), "attention: 1 alarm stands"),
        (replace(GOOD, alarms=3, observes=True), "attention: only observing, 3 alarms stand"),
        (replace(GOOD, alarms=None), "attention: the alarms cannot be read"),
        (replace(GOOD, runs=False, state_at=None), "attention: the agent does not run"),
        (replace(GOOD, state_at=None), "attention: nothing was measured yet"),
        (replace(GOOD, state_at=NOW - timedelta(minutes=10)), "attention: the newest measurement is 10 min old"),
    ],
)
def test_the_first_line(health: Health, line: str) -> None:
    assert headline(health, NOW) == (line, line == "OK")


def state(**measured: float | Measured) -> SiteState:
    known = {name: one if isinstance(one, Measured) else Measured(one) for name, one in measured.items()}
    return SiteState(NOW, **known)  # type: ignore[arg-type] # the names are those of its quantities


@pytest.mark.parametrize(
    ("seen", "label", "words"),
    [
        (state(battery_w=520.0, soc_pct=61.2), "battery", "discharging 0.52 kW, 61 %"),
        (state(battery_w=-1200.0, grid_w=-30.0, soc_pct=61.0), "battery", "charging from the sun 1.20 kW, 61 %"),
        (state(battery_w=-1200.0, grid_w=1700.0), "battery", "charging from the grid 1.20 kW, charge not known"),
        (state(battery_w=-1200.0, grid_w=600.0), "battery", "charging from sun and grid 1.20 kW, charge not known"),
        (state(battery_w=-1200.0), "battery", "charging 1.20 kW, charge not known"),
        (state(battery_w=-20.0, soc_pct=10.0), "battery", "resting, 10 %"),
        (state(soc_pct=10.0), "battery", "not known, 10 %"),
        (state(load_w=Measured(250.0, Quality.ESTIMATED)), "house", "0.25 kW (estimated)"),
        (state(load_w=Measured(250.0, Quality.STALE, 300.0)), "house", "0.25 kW (stale, 5 min old)"),
        (state(pv_w=Measured(0.0, Quality.ASLEEP)), "sun", "nothing (asleep)"),
        (state(pv_w=MISSING), "sun", "not known"),
        (state(grid_w=-0.4), "grid", "nothing"),
        (state(grid_w=-2500.0), "grid", "exporting 2.50 kW"),
        (state(grid_w=2500.0), "grid", "importing 2.50 kW"),
    ],
)
def test_the_site_in_words(seen: SiteState, label: str, words: str) -> None:
    assert dict(site_lines(seen, resting_w=50.0))[label] == words


def test_neighbours_that_are_equal_are_one_row() -> None:
    made = plan(0.2, NOW)
    rest = made.steps[0]
    away = replace(rest, discharge_w=600.0, import_w=400.0)
    stored = replace(rest, charge_w=2000.0, import_w=0.0, pv_w=3000.0, soc_pct=70.0)
    steps: tuple[PlanStep, ...] = (
        rest, rest, away, replace(away, discharge_w=200.0, import_w=800.0, soc_pct=40.0), stored, *(rest,) * 3,
        *(replace(rest, import_price=0.1),) * 8,
    )  # fmt: skip
    start = made.horizon.start
    found = rows_of(replace(made, steps=steps), start)
    assert [(row.battery, (row.end - row.start).total_seconds() / 900.0) for row in found] == [
        ("resting", 2.0),
        ("discharging 0.40", 2.0),
        ("charging from the sun 2.00", 1.0),
        ("resting", 3.0),
        ("resting", 8.0),
    ]
    assert (found[1].grid_w, found[1].soc_pct, found[2].soc_pct) == (600.0, 40.0, 70.0)
    assert found[-1].end == made.horizon.end
    later = rows_of(replace(made, steps=steps), start + timedelta(minutes=20))
    assert (later[0].start, later[0].battery) == (start + timedelta(minutes=15), "resting")
