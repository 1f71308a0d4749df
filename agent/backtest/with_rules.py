"""The agent in a play: its plan's table, or a rule where the days so far say that it earns more here."""

from datetime import timedelta
from zlib import crc32
from zoneinfo import ZoneInfo

from agent.backtest.case import Case
from agent.backtest.policies import Policy as Played
from agent.backtest.policies import SelfConsumption, Step, TableAlone, TimeOfUse
from agent.dispatch.policy_choice import after_day
from agent.dispatch.shadow_policies import ShadowPolicies
from agent.domain.policies import Policy, PolicyRecord


class AsControlled:
    """What the agent does. With a demand charge, which no rule knows, the table is never left."""

    def __init__(self, case: Case, demand_charge: float = 0.0) -> None:
        self._by: dict[Policy, Played] = {
            Policy.TABLE: TableAlone(case, demand_charge),
            Policy.SELF_CONSUMPTION: SelfConsumption(),
            Policy.TIME_OF_USE: TimeOfUse(case),
        }
        self._chooses = demand_charge == 0.0
        self._zone, self._drawn = ZoneInfo(case.place.timezone), crc32(case.name.encode()) / 2**32
        self._shadows = ShadowPolicies.at(case.start_pct)
        self.record = PolicyRecord()

    def power_w(self, step: Step, soc_pct: float) -> float:
        wanted_w = self._by[self.record.acting].power_w(step, soc_pct)
        if self._chooses:
            self._follow(step)
        return wanted_w

    def _follow(self, step: Step) -> None:
        case, index = step.case, step.index
        wanted_w = {policy: by.power_w(step, self._shadows.soc_pct[policy]) for policy, by in self._by.items()}
        bought = float(case.import_price[index]) + case.objective.carbon_price_per_kg * float(
            case.carbon_kg_per_kwh[index]
        )
        prices = bought, float(case.export_price[index])
        self._shadows.follow(wanted_w, step.net_w, prices, case.battery, case.horizon.step_h)
        begin, end = (case.at(index + i).astimezone(self._zone).date() for i in (0, 1))
        if end > begin:
            whole = self._shadows.hours > timedelta(hours=20) / timedelta(hours=1)
            costs = self._shadows.end_day(case.battery)
            if whole:
                self.record = after_day(self.record, costs, case.at(index + 1), self._drawn)
