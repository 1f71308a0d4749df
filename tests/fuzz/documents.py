"""Answers of the planner and kept documents: refused by the wire or by the check, or sound."""

import json
from datetime import UTC, datetime
from random import Random

from agent.domain.inputs import GridLimitInput, Inputs, TariffInput, WeatherInput
from agent.domain.plan import Plan
from agent.domain.wire import WireError, from_json, to_json
from agent.planning.check import check_plan
from tests.fuzz.mutation import HOSTILE, changed, damaged, text_of
from tests.fuzz.tally import Tally, Tick
from tests.planning.days import request
from tests.planning.test_make_plan import plan_for

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def run(chance: Random, count: int, tick: Tick) -> Tally:
    tally = Tally("planner answers, kept documents")
    asked = request(steps=6)
    plan, inputs = json.loads(to_json(plan_for(asked))), json.loads(to_json(_inputs()))
    for number in range(count):
        good, kind = (plan, Plan) if number % 3 else (inputs, Inputs)
        text = damaged(chance, text_of(good)) if chance.random() < 0.3 else text_of(changed(chance, good, HOSTILE))
        with tally.watched(text):
            try:
                found = from_json(kind, text)
            except WireError as error:
                tally.refused += 1
                str(error)
                continue
            if isinstance(found, Plan) and check_plan(found, asked):
                tally.refused += 1
                continue
            tally.taken += 1
        tick(number)
    return tally


def _inputs() -> Inputs:
    said = Inputs().joined_by(TariffInput(NOW, NOW, 3600, (0.3, None, 0.2), (0.1, 0.1, None)))
    said = said.joined_by(WeatherInput(NOW, NOW, 3600, (9.0,), (), (None,)))
    return said.joined_by(GridLimitInput(NOW, NOW, NOW.replace(hour=20), 4200.0, None))
