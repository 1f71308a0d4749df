"""/analytics: energy, cost, carbon and savings of a range."""

from agent.console.api.endpoint import COMPARE, GRANULARITY, RANGE, Asked, Endpoint
from agent.console.api.parameters import Kind, Parameter
from agent.console.reading import demand
from agent.console.reading.analytics import Question, carbon, consumption, cost
from agent.console.reading.savings import cost_baseline, savings
from agent.console.reading.shapes import Document


def _question(asked: Asked) -> Question:
    named = (asked.get(name) for name in ("granularity", "breakdown", "compareWith", "shift"))
    return Question(asked.range(), asked.now, *named)


def _consumption(asked: Asked) -> Document:
    return consumption(asked.source.settings, asked.source.store, _question(asked))


def _cost(asked: Asked) -> Document:
    settings, store, question = asked.source.settings, asked.source.store, _question(asked)
    document = cost(settings, store, question, lambda found: cost_baseline(store, found))
    if question.breakdown == "demand":
        document["breakdown"] = demand.breakdown(settings, store, question.asked.start, question.asked.end)
    return document


def _carbon(asked: Asked) -> Document:
    return carbon(asked.source.settings, asked.source.store, _question(asked))


def _savings(asked: Asked) -> Document:
    return savings(asked.source.settings, asked.source.store, _question(asked))


def _series(*breakdowns: str) -> tuple[Parameter, ...]:
    taken_apart = Parameter("breakdown", Kind.TEXT, "how the totals are taken apart", breakdowns)
    return (*RANGE, GRANULARITY, taken_apart, *COMPARE)


ENDPOINTS = (
    Endpoint(
        "GET", "analytics/consumption", "energies of home, sun, grid and battery; baseline: the four weeks before",
        _consumption, _series("source", "hour", "weekday", "tariff"), "analytics_consumption", tables=True, marked=True,
    ),
    Endpoint(
        "GET", "analytics/cost", "money at the meter; baseline: without a battery, and by the rule",
        _cost, _series("tariff", "direction", "demand"), "analytics_cost", tables=True, marked=True,
    ),
    Endpoint(
        "GET", "analytics/carbon", "carbon of what was imported; baseline: without a battery, approximately",
        _carbon, _series("hour", "source"), "analytics_carbon", tables=True, marked=True,
    ),
    Endpoint(
        "GET", "analytics/savings", "what the battery saved, between no battery and hindsight; baseline: the rule",
        _savings, _series("loss", "advice"), "analytics_savings", tables=True, marked=True,
    ),
)  # fmt: skip
