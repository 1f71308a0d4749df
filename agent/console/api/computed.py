"""What is worked out when it is asked for: sums, forecasts, a what-if. None of it changes anything."""

import asyncio
from datetime import datetime
from functools import partial
from typing import Any

from agent.adapters.processes.child_process import NICENESS, ChildFailure, ChildProcess
from agent.advice.book import NotPossible
from agent.console.api.endpoint import Asked, Endpoint
from agent.console.api.parameters import Kind, Parameter
from agent.console.problem import Problem
from agent.console.reading.aggregate import CLOCKS, FUNCTIONS, LONGEST, RASTERS, Wanted, aggregate
from agent.console.reading.predictions import Changes, prediction, what_if_document, what_if_question
from agent.console.reading.ranges import asked_range
from agent.console.reading.series import COLUMNS
from agent.console.reading.shapes import Document
from agent.console.reading.site import site_of
from agent.console.source import Source
from agent.domain.documents import STATE
from agent.domain.sentence import sentence_of
from agent.domain.what_if import WhatIfAnswer, WhatIfQuestion
from agent.domain.wire import WireError, from_json, to_json

BEFORE_A_PLAN_S = 60
_ASKING = asyncio.Lock()


def _aggregate(asked: Asked) -> Document:
    found = asked_range(asked.get("start"), asked.get("end"), None, asked.now, asked.source.zone)
    names = tuple(dict.fromkeys(asked.get("columns")))
    wanted = Wanted(asked.get("source"), names, asked.get("fn"), asked.get("step"), found)
    return aggregate(asked.source.settings, asked.source.store, wanted)


def _predicted(quantity: str, asked: Asked) -> Document:
    if quantity == "pv_w" and asked.source.settings.solar is None:
        raise Problem("not_possible", "the site has no solar array")
    try:
        return prediction(
            asked.source.store, quantity, asked.get("horizonHours"), asked.get("levels"), asked.now, asked.source.zone
        )
    except ValueError as error:
        raise _told(error, "levels") from error


def _question(asked: Asked) -> WhatIfQuestion:
    site, settings = site_of(asked.source), asked.source.settings
    try:
        soc_pct = STATE.read(site.newest(STATE.name) or "").soc_pct.known
    except WireError:
        soc_pct = None
    changes = Changes(
        asked.get("soc"), asked.get("horizonHours"), asked.get("reserve"), tuple(asked.get("prices") or ())
    )
    try:
        return what_if_question(settings, soc_pct, changes, asked.now)
    except ValueError as error:
        raise _told(error, "prices") from error


def _told(error: ValueError, field: str) -> Exception:
    """What cannot be done now stays what it is; anything else is a wrong value of ``field``."""
    return error if isinstance(error, NotPossible) else Problem("bad_value", sentence_of(error), field)


async def _optimised(source: Source, question: Any) -> Document:
    """One at a time, none in the minute before a plan: the planner's memory is counted once. Raises Problem."""
    assert isinstance(question, WhatIfQuestion)
    wait_s = _until_free_s(question.now, source.settings.planning.interval_s)
    if wait_s is not None:
        raise Problem("busy", "a plan is made in this minute: ask again after it", after_s=wait_s)
    if _ASKING.locked():
        raise Problem("busy", "another what-if is being worked out", after_s=5)
    planning = source.settings.planning
    child = ChildProcess("what-if", "agent.workers.what_if", planning.deadline_s, planning.memory_mb, niceness=NICENESS)
    async with _ASKING:
        try:
            answer = from_json(WhatIfAnswer, await child.ask(to_json(question).encode()))
        except ChildFailure as failure:
            raise Problem("not_possible", sentence_of(failure)) from failure
    return what_if_document(source.settings, answer)


def _until_free_s(now: datetime, interval_s: int) -> int | None:
    """Seconds to wait where a plan is due within a minute; None where it is not. Plans are made on whole intervals."""
    left_s = interval_s - now.timestamp() % interval_s
    return int(left_s) + BEFORE_A_PLAN_S if left_s < min(BEFORE_A_PLAN_S, interval_s / 2) else None


AGGREGATE = (
    Parameter("source", Kind.TEXT, "rows that are computed with", tuple(LONGEST), required=True),
    Parameter("columns", Kind.WORDS, "columns of the answer", tuple(COLUMNS), low=1, high=len(COLUMNS), required=True),
    Parameter("fn", Kind.TEXT, "what is made of the rows of a step", tuple(FUNCTIONS), required=True),
    Parameter("step", Kind.TEXT, "an entry each", (*RASTERS, *CLOCKS), required=True),
    Parameter("start", Kind.TIME, "first day of the site, or an instant", required=True),
    Parameter("end", Kind.TIME, "last day, which belongs to it, or an instant; today when left out"),
)
PREDICT = (
    Parameter("horizonHours", Kind.NUMBER, "how far; as far as is known when left out", low=0.25, high=96),
    Parameter("levels", Kind.NUMBERS, "quantiles, 0..1; those of the forecast when left out", low=1, high=20),
)
OPTIMISE = (
    Parameter("soc", Kind.NUMBER, "state of charge to begin with, %; that of now when left out", low=0, high=100),
    Parameter("prices", Kind.NUMBERS, "import prices per kWh, one an hour or one a step", low=1, high=1200),
    Parameter("horizonHours", Kind.WHOLE, "how far; as the planner when left out", low=2, high=96),
    Parameter("reserve", Kind.NUMBER, "state of charge that is kept, %", low=0, high=100),
)
ENDPOINTS = (
    Endpoint("POST", "data/aggregate", "sums, means and extremes of any columns", _aggregate, AGGREGATE,
             "data_aggregate"),
    Endpoint("POST", "predict/consumption", "the kept forecast of the load", partial(_predicted, "load_w"), PREDICT,
             "predict_consumption"),
    Endpoint("POST", "predict/solar", "the kept forecast of the sun", partial(_predicted, "pv_w"), PREDICT,
             "predict_solar"),
    Endpoint("POST", "optimize/battery", "a what-if: what would be planned on other terms", _question, OPTIMISE,
             "optimize_battery", then=_optimised),
)  # fmt: skip
