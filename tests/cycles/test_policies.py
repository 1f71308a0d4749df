"""Plan or rule: the days are counted on the site itself, what steers is shown, kept over a start, and reasoned."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from agent.adapters.host.clock import VirtualClock
from agent.cycles.policies import Policies
from agent.dispatch.policy_meter import PolicyMeter
from agent.domain.policies import Policy, PolicyRecord, RuleRecord
from agent.domain.request import Objective, Place
from agent.domain.setpoint import Rung
from agent.domain.site import Connection, Measured, SiteState
from agent.domain.tariff import Flat
from agent.site_conditions.site_conditions import SiteConditions
from agent.site_view import Outlet
from drivers.reading import Quality
from tests.cycles.control_stage import BATTERY, START, ControlStage, plan
from tests.cycles.hearing import Hearing
from tests.shown import show

RULE = PolicyRecord(Policy.SELF_CONSUMPTION, START, 9, (RuleRecord(Policy.SELF_CONSUMPTION, 4.0, 1.0),))


class Site:
    """A house that takes 1 kW all day. The plan holds the battery for dearer hours that never come."""

    def __init__(self, document: str | None = None, counts: bool = True) -> None:
        self.clock = VirtualClock(START)
        self.hearing, self.outlet = Hearing(self.clock), Outlet()
        conditions = SiteConditions(Flat(0.28), Flat(0.05), 0.25, Connection(), Objective(), Place(51.5, 0.0, "UTC"))
        meter = PolicyMeter(conditions, BATTERY, ZoneInfo("UTC")) if counts else None
        self.cycle = Policies(self.clock, self.hearing.pending, self.outlet, meter, "home")
        self.cycle.recall(document)

    async def pass_days(self, days: float, every_s: float = 300.0, left_out: range = range(0)) -> None:
        for step in range(round(days * 86_400 / every_s)):
            known = Measured(None, Quality.MISSING) if step in left_out else Measured(1000.0, Quality.GOOD)
            state = SiteState(
                at=self.clock.now(),
                grid_w=known,
                pv_w=Measured(0.0, Quality.GOOD),
                battery_w=Measured(0.0, Quality.GOOD),
                soc_pct=Measured(50.0, Quality.GOOD),
                load_w=known,
            )
            holding = plan(1.0, self.clock.now() - timedelta(minutes=1), timedelta(days=1))
            show(self.outlet, state=state, plan=holding)
            self.cycle.step()
            await self.clock.sleep(every_s)


def written(site: Site) -> PolicyRecord | None:
    return site.outlet.view.policies


async def test_whole_days_are_counted_and_kept() -> None:
    site = Site()
    await site.pass_days(3.1)
    record = written(site)
    assert record is not None
    assert record.days == 2  # the first had begun at noon
    after = Site(site.hearing.documents["policies"])
    assert written(after) == record


async def test_a_day_that_was_not_measured_counts_nothing() -> None:
    site = Site()
    await site.pass_days(2.1, left_out=range(200, 300))
    assert written(site) is None


async def test_with_a_demand_charge_the_plan_is_never_left() -> None:
    site = Site(counts=False)
    await site.pass_days(1.6)
    assert written(site) is None


async def test_what_cannot_be_read_is_told_and_the_days_begin_anew() -> None:
    site = Site('{"acting": "nobody"}')
    assert written(site) is None
    assert "the kept policies cannot be used" in site.hearing.told[0][2]


async def test_a_rule_that_has_earned_more_steers_and_says_why() -> None:
    stage = ControlStage()
    show(stage.outlet, plan=plan(1.0), policies=RULE)
    setpoint = await stage.step()
    assert setpoint.rung is Rung.RULES
    assert setpoint.battery_w == 1000.0
    assert setpoint.reason == ("the self-consumption rule: it has earned more here than the plan over the last 9 days")


async def test_the_plan_steers_where_it_has_earned_more() -> None:
    stage = ControlStage()
    show(stage.outlet, plan=plan(1.0), policies=PolicyRecord())
    setpoint = await stage.step()
    assert setpoint.rung is Rung.PLAN
    assert setpoint.battery_w is not None
    assert setpoint.battery_w <= 0.0


async def test_without_a_plan_the_ladder_is_as_before() -> None:
    stage = ControlStage()
    show(stage.outlet, policies=RULE)
    assert (await stage.step()).reason == "self-consumption: there is no plan yet"
