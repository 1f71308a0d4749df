"""Each mistake of an installation, as it looks before anything is written."""

from dataclasses import replace
from typing import Any

import pytest

from agent.commissioning.plausibility import findings
from agent.commissioning.sighting import SiteSeen
from agent.domain.commissioning import Finding
from agent.domain.sentence import Sentence
from agent.domain.site import Connection
from drivers.device import Action
from drivers.identity import Found
from drivers.reading import Quantity
from tests.commissioning.sightings import INVERTER, METER, Values, device, inverter, meter, site

Q = Quantity


def stopping(seen: SiteSeen) -> dict[str, Finding]:
    return {finding.code: finding for finding in findings(seen) if finding.stops}


def told(seen: SiteSeen) -> set[str]:
    return {finding.code for finding in findings(seen) if not finding.stops}


def times(values: Values, factor: float, *quantities: Quantity) -> Values:
    return {quantity: factor * values[quantity] for quantity in quantities}


GRID = (Q.GRID_W, Q.GRID_L1_W, Q.GRID_L2_W, Q.GRID_L3_W)


def test_nothing_is_said_of_a_good_site() -> None:
    assert findings(site(inverter(), meter())) == []


MISTAKES: dict[str, tuple[SiteSeen, str, str]] = {
    "SoC unknown": (site(inverter({Q.SOC_PCT: 300.0}), meter()), "implausible", "soc_pct as 300"),
    "empty": (site(inverter({Q.SOC_PCT: 0.0}), meter()), "too_empty", "0 % full: it must be above 12 %"),
    "full": (site(inverter({Q.SOC_PCT: 100.0}), meter()), "too_full", "100 % full: it must be below 93 %"),
    "in fault": (site(inverter({Q.STATE: 7.0}), meter()), "unfit_state", "inverter is in fault (state 7)"),
    "asleep": (site(inverter({Q.STATE: 2.0}), meter()), "unfit_state", "asleep"),
    "firmware update": (site(inverter({Q.STATE: 5.0}), meter()), "unfit_state", "taking a firmware update"),
    "steered by others": (
        site(inverter(order={"mode": 2.0}), meter()),
        "steered_by_others",
        "something else steers inverter now (mode 2)",
    ),
    "meter turned, with the sun out": (
        site(inverter({Q.PV_W: 0.0, Q.AC_W: 800.0}), meter(times(METER, -1.0, *GRID))),
        "negative_load",
        "the sign of the grid's meter may be turned",
    ),
    "battery power turned": (
        site(inverter({Q.BATTERY_W: -2600.0, Q.PV_W: 0.0, Q.AC_W: -2600.0}), meter()),
        "negative_load",
        "of the battery's power may be turned",
    ),
    "battery tenfold": (
        site(inverter({Q.BATTERY_W: 8000.0}), meter()),
        "battery_over_rating",
        "8000 W of battery power, and is rated for 5000 W",
    ),
    "battery turned beside its inverter": (
        site(inverter({Q.BATTERY_W: -800.0}), meter()),
        "inverter_contradicts",
        "the sign of the battery's power may be turned",
    ),
    "sun tenfold": (
        site(inverter({Q.PV_W: 12_000.0}), meter()),
        "sun_over_rating",
        "12000 W of the 8000 W",
    ),
    "sun a thousandfold": (
        site(inverter({Q.PV_W: 1_200_000.0}), meter()),
        "implausible",
        "inverter gives pv_w as 1.2e+06",
    ),
    "inverter's AC tenfold": (
        site(inverter({Q.AC_W: 20_000.0, Q.RATED_W: 30_000.0}), meter()),
        "inverter_contradicts",
        "its scale may be wrong by 10",
    ),
    "meter tenfold": (
        site(inverter(), meter(times(METER, 10.0, *GRID))),
        "more_than_apparent",
        "no power is more than volts times amps",
    ),
    "meter tenfold, over the fuse": (
        site(inverter(), device("meter", {"grid"}, {Q.GRID_W: 170_000.0})),
        "over_limit",
        "its scale may be wrong by 10",
    ),
    "phases mixed": (
        site(inverter(), meter({Q.GRID_L2_W: -500.0})),
        "phases_contradict",
        "700 + -500 + 200 = 400 W, and its total says 1400 W",
    ),
    "total turned": (
        site(inverter(), meter({Q.GRID_W: -1400.0})),
        "phases_contradict",
        "a sign is turned",
    ),
    "volts tenfold": (
        site(inverter(), meter({Q.VOLTAGE_L1_V: 23.1})),
        "odd_voltage",
        "23 V at L1",
    ),
    "more than may be drawn": (
        site(inverter(), meter(), connection=Connection(1000.0, None)),
        "over_limit",
        "more than the 1000 W that may be drawn",
    ),
    "charging would be too much": (
        site(inverter(), meter(), connection=Connection(2500.0, None)),
        "no_room",
        "charging inverter with 750 W would bring the grid to 2950 W",
    ),
    "discharging would be too much": (
        site(inverter({Q.BATTERY_W: -1000.0, Q.AC_W: 200.0}), meter(), connection=Connection(None, 0.0)),
        "no_room",
        "discharging inverter with 750 W would bring the grid to -350 W",
    ),
    "no meter": (
        site(inverter(), meter(samples=(), trouble="nobody listens there", fits=None, answers=False)),
        "no_answer",
        "meter at 10.0.0.5:502 cannot be read: nobody listens there",
    ),
    "no power at the meter": (
        site(inverter(), device("meter", {"grid"}, {Q.FREQUENCY_HZ: 50.0})),
        "value_missing",
        "has the role 'grid' and gives no grid_w",
    ),
    "far more than the battery has": (
        site(inverter({Q.RATED_WH: 1000.0}), meter()),
        "other_rating",
        "its scale may be wrong by 10",
    ),
    "another brand": (
        site(inverter(fits=False, fits_other="other_hybrid", is_another=True), meter()),
        "other_brand",
        "inverter is no A some_hybrid (some_hybrid)",
    ),
    "cannot be steered": (
        site(inverter(trouble="inverter takes no battery setpoint"), meter()),
        "no_answer",
        "takes no battery setpoint",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_stops_it_with_its_sentence(mistake: str) -> None:
    seen, code, words = MISTAKES[mistake]
    found = stopping(seen)
    assert code in found, found
    assert words in found[code].text
    assert all(isinstance(one.text, Sentence) for one in findings(seen) if one.code != "remark")


def test_meter_and_inverter_at_each_others_place() -> None:
    there = inverter(fits=False, fits_other="some_meter", is_another=True)
    here = meter(fits=False, fits_other="some_hybrid", is_another=True)
    found = [one for one in findings(site(there, here)) if one.stops]
    assert [one.code for one in found[:2]] == ["swapped", "swapped"]
    assert "exchange their addresses" in found[0].text
    assert not {one.code for one in found} & {"other_brand", "no_answer"}


def test_a_battery_inverter_without_strings_has_no_sun_by_what_it_delivers() -> None:
    storage = device("inverter", {"battery", "solar"}, {q: v for q, v in INVERTER.items() if q is not Q.PV_W})
    texts = [one.text for one in findings(site(storage, meter())) if one.code == "value_missing" and not one.stops]
    assert ["has the role 'solar' and gives no pv_w" in text for text in texts] == [True]


def test_two_that_are_not_reached_are_not_called_swapped() -> None:
    gone: dict[str, Any] = {"samples": (), "trouble": "no route", "fits": None, "answers": False}
    assert set(stopping(site(inverter(**gone), meter(**gone), device("other", {"load"}, METER)))) >= {"no_answer"}
    assert "swapped" not in stopping(site(inverter(**gone), meter(**gone), device("other", {"load"}, METER)))


def test_two_batteries_with_one_serial_number() -> None:
    same = Found("Maker", "hybrid", "ABC-1", None)
    seen = site(inverter(said=same), replace(inverter(said=same), name="second"), meter())
    text = stopping(seen)["double"].text
    assert "both have the serial number ABC-1" in text
    assert "stands twice in the site file, as two batteries" in text


def test_a_unit_id_that_answers_for_another() -> None:
    silent = Found(None, None, None, None)
    one, other = meter(said=silent), replace(meter(said=silent), name="cellar", roles=frozenset({"load"}), unit_id=2)
    text = stopping(site(inverter(), one, other))["double"].text
    assert "same values all the time" in text
    assert "one unit id answers for the other at 10.0.0.5:502 (1 and 2)" in text


def test_two_meters_of_one_kind_are_two_meters() -> None:
    other = replace(meter({Q.GRID_L1_W: 690.0}, said=Found("Maker", "m", "2", None)), name="cellar", unit_id=2)
    assert "double" not in stopping(site(inverter(), meter(), replace(other, roles=frozenset({"load"}))))


@pytest.mark.parametrize(
    ("seen", "code"),
    [
        (site(inverter(fits=False), meter()), "unrecognised"),
        (site(inverter(), meter({Q.GRID_L1_W: 300.0, Q.GRID_W: 1000.0})), "mixed_phase"),
        (site(inverter({Q.RATED_CHARGE_W: 3000.0}), meter()), "other_rating"),
        (site(inverter(remarks=("its chain is odd",)), meter()), "remark"),
        (site(inverter(), meter({Q.VOLTAGE_L3_V: 120.0, Q.CURRENT_L3_A: 1.9})), "uneven_voltage"),
    ],
)
def test_what_is_odd_is_told_and_stops_nothing(seen: SiteSeen, code: str) -> None:
    assert stopping(seen) == {}
    assert code in told(seen)


def test_a_device_that_cannot_discharge_may_be_nearly_empty() -> None:
    charges = frozenset({Action.HOLD, Action.CHARGE})
    assert stopping(site(inverter({Q.SOC_PCT: 8.0}, actions=charges), meter())) == {}


def test_what_is_seen_once_is_no_contradiction() -> None:
    good, odd = meter(), meter({Q.GRID_L2_W: -500.0})
    mixed = replace(good, samples=(*good.samples[:3], odd.samples[3], *good.samples[4:]))
    assert stopping(site(inverter(), mixed)) == {}
