"""What a plan expects to save on the days that it holds whole. Pure."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from agent.domain.ledger import MICRO, PredictedDay
from agent.domain.plan import Plan, PlanStep


def predicted_days(plan: Plan, zone: ZoneInfo) -> tuple[PredictedDay, ...]:
    """Each day of ``zone`` whose beginning and end are borders of steps within the plan's horizon, oldest first."""
    horizon, found = plan.horizon, []
    day = horizon.start.astimezone(zone).date()
    while (end := _midnight(day + timedelta(days=1), zone)) <= horizon.end:
        first = (_midnight(day, zone) - horizon.start).total_seconds() / horizon.step_s
        last = (end - horizon.start).total_seconds() / horizon.step_s
        if first >= 0 and first.is_integer() and last.is_integer():
            steps = plan.steps[int(first) : int(last)]
            bills = (sum(bill(step, horizon.step_h) for step in steps) for bill in (_no_battery, _planned))
            found.append(PredictedDay(_midnight(day, zone), plan.issued_at, *(round(MICRO * each) for each in bills)))
        day += timedelta(days=1)
    return tuple(found)


def _no_battery(step: PlanStep, hours: float) -> float:
    net_kwh = (step.load_w - step.pv_w) * hours / 1000.0
    return net_kwh * (step.import_price if net_kwh > 0 else step.export_price)


def _planned(step: PlanStep, hours: float) -> float:
    return (step.import_w * step.import_price - step.export_w * step.export_price) * hours / 1000.0


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(0), zone).astimezone(UTC)
