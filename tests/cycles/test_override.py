"""A person's word: above plan and rule, within all limits, kept over a restart, and over in any case."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from agent.cycles.override import Overrides
from agent.domain.documents import OVERRIDE
from agent.domain.override import Override, OverrideAction
from agent.domain.setpoint import Rung, Setpoint
from agent.domain.site import MISSING
from agent.site_view import Outlet
from drivers.reading import Quantity
from tests.cycles.control_stage import ControlStage, plan
from tests.cycles.hand_clock import START, HandClock
from tests.cycles.hearing import Hearing
from tests.shown import show

HOUR = timedelta(hours=1)
ZONE = ZoneInfo("Europe/London")


class Site:
    """The cycle on a clock of the test's; ``again`` is its next run on what was kept."""

    def __init__(self, clock: HandClock, document: str | None = None) -> None:
        self.clock, self.hearing, self.outlet = clock, Hearing(clock), Outlet()
        self.cycle = Overrides(clock, self.hearing.pending, self.outlet, ZONE)
        self.cycle.recall(document)

    @property
    def texts(self) -> list[str]:
        return [text for _, _, text in self.hearing.told]

    def again(self) -> "Site":
        return Site(self.clock, self.hearing.documents.get("override"))


def charge(until: datetime, power_w: float | None = 2000.0) -> Override:
    return Override(OverrideAction.CHARGE, until, START, power_w)


@pytest.fixture
def site() -> Site:
    return Site(HandClock())


def test_it_begins_is_kept_and_ends_at_its_time(site: Site) -> None:
    assert site.cycle.begin(charge(START + HOUR)) is None
    assert OVERRIDE.read(site.hearing.documents["override"]) == charge(START + HOUR)
    after = site.again()
    assert after.outlet.view.override == charge(START + HOUR)
    ends_in_an_hour(after)
    assert after.texts == ["charge with 2.00 kW: over, its time has passed; the agent decides again"]
    assert after.again().outlet.view.override is None


def test_a_clock_that_is_set_back_makes_it_no_longer(site: Site) -> None:
    site.cycle.begin(charge(site.clock.now() + HOUR))
    site.clock.wall_s = -7200.0
    site.clock.seconds += 3600.0
    site.cycle.step()
    assert site.outlet.view.override is None


def test_a_clock_that_was_set_back_while_nobody_ran_makes_it_no_longer_either(site: Site) -> None:
    site.cycle.begin(charge(site.clock.now() + HOUR))
    site.clock.wall_s = -5 * 86_400.0
    ends_in_an_hour(site.again())


def ends_in_an_hour(site: Site) -> None:
    site.clock.seconds += 3599.0
    site.cycle.step()
    assert site.outlet.view.override is not None
    site.clock.seconds += 1.0
    site.cycle.step()
    assert site.outlet.view.override is None


def test_a_start_half_way_leaves_it_the_other_half_whatever_the_clock_says_then(site: Site) -> None:
    site.cycle.begin(charge(START + 2 * HOUR))
    site.clock.seconds += 3600.0
    after = site.again()
    site.clock.wall_s = -5 * 86_400.0
    ends_in_an_hour(after)


def test_a_person_s_word_outlasts_a_battery_that_is_away_for_an_hour(site: Site) -> None:
    site.cycle.begin(charge(START + 2 * HOUR))
    show(site.outlet, setpoint=Setpoint(START, None, 60.0, Rung.RELEASE, "released: the grid power is stale"))
    site.clock.seconds += 3600.0
    site.cycle.step()
    assert site.outlet.view.override is not None


def test_the_platform_may_end_what_nobody_has_asked_for(site: Site) -> None:
    assert site.cycle.end_of_platform() is None
    assert site.texts == []


@pytest.mark.parametrize(
    ("until", "refusal"),
    [
        (START, "until 2026-06-01 01:00 is in the past"),
        (START + timedelta(hours=25), "until 2026-06-02 02:00 is more than 24 hours away"),
    ],
)
def test_what_has_no_end_soon_is_refused(site: Site, until: datetime, refusal: str) -> None:
    assert site.cycle.begin(charge(until)) == refusal
    assert site.outlet.view.override is None


def test_without_the_time_nothing_begins_and_what_was_kept_is_over(site: Site) -> None:
    site.cycle.begin(charge(START + HOUR))
    site.clock.believed = False
    assert site.cycle.begin(charge(START + HOUR)) == "the time is not known, so nothing can be asked for until a time"
    after = site.again()
    assert (after.outlet.view.override, after.texts[-1]) == (
        None, "charge with 2.00 kW: over, the time is not known; the agent decides again"
    )  # fmt: skip


def test_a_person_ends_it(site: Site) -> None:
    site.cycle.end()
    assert site.texts == []
    site.cycle.begin(charge(START + HOUR))
    site.cycle.end()
    assert site.texts == [
        "charge with 2.00 kW until 2026-06-01 02:00, asked for by a person",
        "charge with 2.00 kW: over, ended by a person; the agent decides again",
    ]


@pytest.mark.parametrize("document", ["{", '{"action": "burn"}', "[]"])
def test_a_kept_one_that_cannot_be_read_is_told_and_forgotten(document: str) -> None:
    site = Site(HandClock(), document)
    assert site.outlet.view.override is None
    assert site.texts[0].startswith("the kept override cannot be used: Override")
    assert site.hearing.documents == {"override": "null"}


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ((OverrideAction.CHARGE, START.replace(tzinfo=None), START, None), "no time zone"),
        ((OverrideAction.CHARGE, START, START.replace(tzinfo=None), None), "no time zone"),
        ((OverrideAction.CHARGE, START, START, float("inf")), "a power of inf W cannot be"),
        ((OverrideAction.CHARGE, START, START, 0.0), "a power of 0 W cannot be"),
        ((OverrideAction.CHARGE, START, START, float("nan")), "a power of nan W cannot be"),
        ((OverrideAction.HOLD, START, START, 100.0), "a battery that is held has no power"),
    ],
)
def test_what_cannot_be_meant_is_no_override(fields: tuple[object, ...], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Override(*fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("action", "power_w", "battery_w"),
    [
        (OverrideAction.HOLD, None, 0.0),
        (OverrideAction.CHARGE, 2000.0, -2000.0),
        (OverrideAction.CHARGE, None, -5000.0),
        (OverrideAction.DISCHARGE, 1500.0, 1500.0),
        (OverrideAction.DISCHARGE, 1e6, 5000.0),
    ],
)
async def test_it_stands_above_the_plan_within_the_limits(
    action: OverrideAction, power_w: float | None, battery_w: float
) -> None:
    stage = ControlStage()
    now = stage.clock.now()
    show(stage.outlet, plan=plan(1.0), override=Override(action, now + HOUR, now, power_w))
    setpoint = await stage.step()
    assert (setpoint.battery_w, setpoint.rung) == (pytest.approx(battery_w), Rung.OVERRIDE)
    assert "a person has asked for it" in setpoint.reason


async def test_an_empty_battery_is_not_discharged_by_hand_either() -> None:
    stage = ControlStage()
    now = stage.clock.now()
    stage.site.values["inverter"][Quantity.SOC_PCT] = 5.0
    show(stage.outlet, override=Override(OverrideAction.DISCHARGE, now + HOUR, now, 3000.0))
    setpoint = await stage.step()
    assert setpoint.battery_w == pytest.approx(0.0)
    assert setpoint.reason.endswith("the SoC window binds")


async def test_a_battery_that_cannot_be_judged_is_released_whatever_a_person_says() -> None:
    stage = ControlStage()
    now = stage.clock.now()
    del stage.site.values["inverter"][Quantity.SOC_PCT]
    show(stage.outlet, override=Override(OverrideAction.CHARGE, now + HOUR, now))
    setpoint = await stage.step()
    assert (setpoint.battery_w, setpoint.rung) == (None, Rung.RELEASE)
    assert MISSING.quality.value in setpoint.reason
