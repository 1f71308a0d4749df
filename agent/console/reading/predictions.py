"""The kept plan's forecasts at the levels that are asked for, and the question of a what-if."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from agent.advice.book import NotPossible
from agent.console.reading.plan import NoPlan, kept_plan, plan_series
from agent.console.reading.shapes import Document, head, local, rounded
from agent.domain.forecast import Forecast
from agent.domain.sentence import listed
from agent.domain.sentences import readings as say
from agent.domain.what_if import WhatIfAnswer, WhatIfQuestion
from agent.settings.schema import Settings


@dataclass(frozen=True, slots=True)
class Changes:
    """What is other than it is; None leaves it so. ``prices`` are one a step of the plan, or one an hour."""

    soc_pct: float | None
    horizon_h: int | None
    reserve_pct: float | None
    prices: tuple[float, ...]


def prediction(
    store: Path, quantity: str, hours: float | None, levels: Sequence[float] | None, now: datetime, zone: ZoneInfo
) -> Document:
    """The steps to come, for so many hours. Raises StoreFailure, NotPossible without a plan and ValueError."""
    try:
        plan = kept_plan(store)
    except NoPlan as missing:
        raise NotPossible(str(missing)) from missing
    found = plan.load if quantity == "load_w" else plan.pv
    end = now + timedelta(hours=hours) if hours is not None else found.horizon.end
    step = timedelta(seconds=found.horizon.step_s)
    places = [place for place, at in enumerate(found.horizon.times()) if at + step > now and at < end]
    if not places:
        raise NotPossible(f"the newest forecast ended at {found.horizon.end.astimezone(zone):%Y-%m-%d %H:%M}")
    wanted = list(found.levels if levels is None else levels)
    notes: list[str] = []
    if end > found.horizon.end:
        notes.append(say.forecast_reaches(end_at=found.horizon.end.astimezone(zone)))
    if plan.expires_at <= now:
        notes.append(say.forecast_of_expired_plan(expired_at=plan.expires_at.astimezone(zone)))
    return {
        "quantity": quantity,
        "source": found.source,
        "issued_at": local(found.issued_at, zone),
        "step_s": found.horizon.step_s,
        "levels": wanted,
        "at": [local(found.horizon.times()[place], zone) for place in places],
        "values": [[rounded(_at_level(found, level, place), 1) for place in places] for level in wanted],
        **listed("notes", notes),
    }


def what_if_question(settings: Settings, soc_pct: float | None, changes: Changes, now: datetime) -> WhatIfQuestion:
    """``soc_pct`` is the battery's now. Raises NotPossible and ValueError."""
    soc_pct = changes.soc_pct if changes.soc_pct is not None else soc_pct
    if soc_pct is None:
        raise NotPossible("the state of charge is not known now: say one")
    hours = changes.horizon_h or settings.planning.horizon_h
    steps = hours * 3600 // settings.planning.step_s
    prices = changes.prices
    if prices and len(prices) == hours and steps % hours == 0:
        prices = tuple(price for price in prices for _ in range(steps // hours))
    if prices and len(prices) != steps:
        raise ValueError(f"prices has a length of {len(changes.prices)}: {steps} steps or {hours} hours were expected")
    settings_text = settings.model_dump_json(by_alias=True)
    return WhatIfQuestion(settings_text, now, soc_pct, hours, changes.reserve_pct, prices)


def what_if_document(settings: Settings, answer: WhatIfAnswer) -> Document:
    """The plan that would be made, and what it would save."""
    return {
        **head(settings),
        "what_if": True,
        "cost": rounded(answer.cost, 4),
        "cost_without_battery": rounded(answer.cost_without_battery, 4),
        "stored_change_wh": rounded(answer.stored_change_wh, 0),
        "stored_change_value": rounded(answer.stored_change_wh / 1000.0 * answer.value_per_kwh, 4),
        "saved": rounded(answer.saved, 4),
        "series": plan_series(settings, answer.plan),
        **listed("notes", [*answer.plan.notes, say.only_what_if()]),
    }


def _at_level(found: Forecast, level: float, place: int) -> float:
    """Linear between the levels that the forecast has. Raises ValueError outside of them."""
    levels = found.levels
    if not levels[0] <= level <= levels[-1]:
        raise ValueError(f"levels are known from {levels[0]:g} to {levels[-1]:g}, not {level:g}")
    upper = next(q for q, known in enumerate(levels) if known >= level)
    if levels[upper] == level:
        return found.values[upper][place]
    low, high = found.values[upper - 1][place], found.values[upper][place]
    return low + (high - low) * (level - levels[upper - 1]) / (levels[upper] - levels[upper - 1])
