"""The text of each value; what is not known is None, Home Assistant's own word for it."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from agent.domain.alarms import StandingAlarm
from agent.domain.energy_totals import EnergyTotals
from agent.domain.override import Override, OverrideAction
from agent.domain.plan import Plan
from agent.domain.setpoint import Rung
from agent.domain.site import Measured
from agent.home_assistant.entities import ENTITIES
from agent.home_assistant.states import LONGEST_TEXT, MOST_ALARMS, Known, attributes, next_run, states
from agent.site_view import SiteView
from drivers.reading import Quality
from tests.cycles.control_stage import plan as flat_plan
from tests.home_assistant.households import NOON, SETPOINT, STATE, known

QUARTER = timedelta(minutes=15)


def planned(*battery_w: float, start: datetime = NOON, valid: timedelta = timedelta(hours=6)) -> Plan:
    """A plan whose battery does this in quarters of an hour from ``start``, then rests; > 0 discharges."""
    found = flat_plan(0.31)
    powers = [*battery_w, *[0.0] * (len(found.steps) - len(battery_w))]
    steps = tuple(
        replace(step, charge_w=max(-w, 0.0), discharge_w=max(w, 0.0))
        for step, w in zip(found.steps, powers, strict=True)
    )
    horizon = replace(found.horizon, start=start)
    return replace(found, issued_at=start, expires_at=start + valid, horizon=horizon, steps=steps)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("grid_power", "1234"),
        ("solar_power", "2500"),
        ("battery_power", "0"),
        ("load_power", "3734"),
        ("battery_soc", "61.2"),
        ("mode", "plan"),
        ("reason", "charging: stored energy is worth 0.310/kWh"),
        ("override", "auto"),
        ("problem", "OFF"),
        ("import_price", "None"),
        ("stored_energy_value", "None"),
        ("next_charge", "None"),
        ("grid_import_energy", "None"),
        ("order_result", "None"),
    ],
)
def test_at_noon(key: str, said: str) -> None:
    assert states(known())[key] == said


def test_before_anything_is_known_nothing_is_made_up() -> None:
    found = states(known(SiteView()))
    said = {key: text for key, text in found.items() if text != "None"}
    assert said.pop("saved_today") == '{"saved": "None", "since": "2026-05-31T23:00:00+00:00"}'
    assert said == {"override": "auto", "problem": "OFF", "set_power": "0", "set_minutes": "0"}


@pytest.mark.parametrize("quality", [Quality.STALE, Quality.FROZEN, Quality.IMPLAUSIBLE])
def test_what_cannot_be_acted_on_is_not_shown(quality: Quality) -> None:
    state = replace(STATE, grid_w=Measured(500.0, quality))
    assert states(known(SiteView(state=state)))["grid_power"] == "None"


def test_a_reason_is_cut_to_what_a_state_may_hold() -> None:
    view = SiteView(setpoint=replace(SETPOINT, reason="ä" * 300))
    said = states(known(view))["reason"]
    assert (len(said), said[-1]) == (LONGEST_TEXT, "…")
    exact = SiteView(setpoint=replace(SETPOINT, reason="x" * LONGEST_TEXT))
    assert states(known(exact))["reason"] == "x" * LONGEST_TEXT


def test_prices_and_the_value_by_the_plan() -> None:
    found = states(known(SiteView(plan=planned(0.0)), prices=(0.28, -0.012345678)))
    prices = (found["import_price"], found["export_price"], found["stored_energy_value"])
    assert prices == ("0.28000", "-0.01235", "0.3100")
    late = states(known(SiteView(plan=planned(0.0, valid=timedelta(0)))))
    assert late["stored_energy_value"] == "None"


WRITTEN = EnergyTotals(1_234_567.899, 0.4, 2000.0, 3e9, 5.0, day=date(2026, 6, 1), saved=1.23456)


@pytest.mark.parametrize(
    ("key", "kwh"),
    [
        ("grid_import_energy", "1234.567"),
        ("grid_export_energy", "0.000"),
        ("solar_energy", "2.000"),
        ("battery_charge_energy", "3000000.000"),
        ("battery_discharge_energy", "0.005"),
    ],
)
def test_energies_are_what_is_written_cut_to_a_watt_hour(key: str, kwh: str) -> None:
    assert states(known(written=WRITTEN))[key] == kwh


@pytest.mark.parametrize(
    ("now", "saved", "since"),
    [
        (NOON, 1.2346, "2026-05-31T23:00:00+00:00"),
        (datetime(2026, 5, 31, 23, 30, tzinfo=UTC), 1.2346, "2026-05-31T23:00:00+00:00"),  # half past midnight there
        (datetime(2026, 6, 1, 23, 0, tzinfo=UTC), "None", "2026-06-01T23:00:00+00:00"),  # the next day has begun
    ],
)
def test_the_saving_is_of_the_sites_day(now: datetime, saved: object, since: str) -> None:
    found = json.loads(states(known(written=WRITTEN, now=now))["saved_today"])
    assert found == {"saved": saved, "since": since}


@pytest.mark.parametrize(
    ("powers", "at_min", "charge", "discharge"),
    [
        ((0.0, -2000.0, -1000.0, 0.0, 3000.0), 0, (15, 45, 1500.0), (60, 75, 3000.0)),
        ((-2000.0, -1000.0), 20, (15, 30, 1000.0), None),  # it runs already: what is left of it
        ((-2000.0, -1000.0), 30, None, None),
        ((-2000.0, 0.0, -900.0), 15, (30, 45, 900.0), None),
        ((-49.0, 49.0), 0, None, None),
        ((), 0, None, None),
    ],
)
def test_the_next_run_of_the_plan(
    powers: tuple[float, ...],
    at_min: int,
    charge: tuple[int, int, float] | None,
    discharge: tuple[int, int, float] | None,
) -> None:
    now = NOON + timedelta(minutes=at_min)
    for wanted, charging in ((charge, True), (discharge, False)):
        run = next_run(planned(*powers), now, charging)
        found = run and (
            (run.start - NOON) / timedelta(minutes=1),
            (run.end - NOON) / timedelta(minutes=1),
            run.power_w,
        )
        assert found == wanted


def test_a_plan_that_must_not_be_followed_says_nothing_of_what_comes() -> None:
    assert next_run(planned(-2000.0, valid=timedelta(0)), NOON, charging=True) is None


def test_the_next_run_as_a_time_with_attributes() -> None:
    found = known(SiteView(plan=planned(0.0, -2000.4)))
    assert states(found)["next_charge"] == "2026-06-01T12:15:00+00:00"
    assert json.loads(attributes(found)["next_charge"]) == {"until": "2026-06-01T12:30:00+00:00", "power_w": 2000}
    assert json.loads(attributes(found)["next_discharge"]) == {"until": None, "power_w": None}


def test_an_override_with_its_end() -> None:
    override = Override(OverrideAction.CHARGE, NOON + timedelta(hours=1), NOON, 2000.0)
    found = known(SiteView(override=override))
    assert states(found)["override"] == "charge"
    assert json.loads(attributes(found)["override"]) == {"until": "2026-06-01T13:00:00+00:00", "power_w": 2000.0}


def test_alarms_with_their_reasons_and_no_more_than_a_state_may_carry() -> None:
    alarm = StandingAlarm("device_lost", "meter", NOON, "meter: gone – since noon", "told", "Check the cable.")
    found = known(SiteView(alarms=(alarm,)))
    assert states(found)["problem"] == "ON"
    assert json.loads(attributes(found)["problem"]) == {
        "count": 1,
        "alarms": [
            {
                "kind": "device_lost",
                "subject": "meter",
                "since": "2026-06-01T12:00:00+00:00",
                "text": "meter: gone – since noon",
            }
        ],
    }
    many = known(SiteView(alarms=(replace(alarm, text="x" * 2000),) * 500))
    told: dict[str, Any] = json.loads(attributes(many)["problem"])
    assert (told["count"], len(told["alarms"])) == (500, MOST_ALARMS)
    assert len(attributes(many)["problem"]) < 16_384, "above this Home Assistant keeps no attributes"


def test_every_word_that_is_said_is_an_option() -> None:
    options = {entity.key: entity.options.get("options") for entity in ENTITIES}
    assert options["mode"] == [rung.value for rung in Rung]
    words = {
        states(known(SiteView(override=Override(action, NOON + QUARTER, NOON))))["override"]
        for action in OverrideAction
    }
    assert words | {"auto"} == set(options["override"])  # type: ignore[call-overload]


def test_orders_show_what_they_are_given() -> None:
    found: Known = known(power_w=1500.0, minutes=90.0, result="y" * 400)
    said = states(found)
    assert (said["set_power"], said["set_minutes"], len(said["order_result"])) == ("1500", "90", LONGEST_TEXT)
