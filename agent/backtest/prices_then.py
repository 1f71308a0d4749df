"""What the agent knew of prices at a moment of the past."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from agent.backtest.case import Case
from agent.domain.horizon import Horizon
from agent.domain.inputs import CARBON_LOOK_BACK, Inputs
from agent.domain.overlay import Overlay, Word
from agent.domain.tariff import PriceList
from agent.site_conditions.site_conditions import Curves, SiteConditions

PUBLISHED_HOUR = 16  # local; from then on the prices of tomorrow are known
DAY_BEGINS_HOUR = 23  # local; a day of published prices runs from 23:00 to 23:00
LOOK_BACK = timedelta(hours=50)  # what a price that is not known yet is guessed from


def known_until(at: datetime, timezone: str) -> datetime:
    """The end of the day-ahead prices that are known at ``at``: 23:00 of today, or of tomorrow from 16:00 on."""
    zone = ZoneInfo(timezone)
    local = at.astimezone(zone)
    day = local.date() + timedelta(days=1 if local.hour >= PUBLISHED_HOUR else 0)
    return datetime.combine(day, time(DAY_BEGINS_HOUR), zone).astimezone(UTC)


def curves_at(case: Case, index: int, horizon: Horizon) -> Curves:
    """Prices over ``horizon`` as the agent's own site conditions complete them from what is known at step ``index``.

    The carbon intensity counts only where the objective gives it a price. What is ahead is expected from what it was,
    unless the case says that it is published.
    """
    now, step = case.at(index), timedelta(seconds=case.horizon.step_s)
    until = min(horizon.end, known_until(now, case.place.timezone)) if case.day_ahead else horizon.end
    back = max(0, index - LOOK_BACK // step)
    known = min(case.horizon.steps, index + max(1, (until - now) // step))
    unknown = PriceList(case.at(back), case.horizon.step_s, ())
    counts = case.objective.carbon_price_per_kg > 0
    conditions = SiteConditions(
        import_tariff=unknown,
        export_tariff=unknown,
        flat_carbon_kg_per_kwh=0.0,
        site_connection=case.connection,
        objective=case.objective,
        place=case.place,
        said=Inputs(
            import_prices=_said(case, case.import_price[back:known].tolist(), back, now),
            export_prices=_said(case, case.export_price[back : index + horizon.steps].tolist(), back, now),
            carbon=_carbon(case, index, horizon, now) if counts else None,
        ),
    )
    curves = conditions.curves(horizon)
    assert curves is not None, "the price of the running step is always known"
    return curves


def _carbon(case: Case, index: int, horizon: Horizon, now: datetime) -> Overlay:
    """What was measured until now, or with a published forecast, which is taken to come true, over ``horizon`` too."""
    back = max(0, index - CARBON_LOOK_BACK // timedelta(seconds=case.horizon.step_s))
    until = index + (horizon.steps if case.carbon_published else 1)
    return _said(case, case.carbon_kg_per_kwh[back:until].tolist(), back, now)


def _said(case: Case, prices: list[float], first: int, now: datetime) -> Overlay:
    return Overlay((Word(now, case.at(first), case.horizon.step_s, tuple(prices)),))
