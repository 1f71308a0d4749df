"""What the site does now, plans, expects and has; what happened there."""

from importlib.metadata import PackageNotFoundError, version

from agent.adapters.store.console_reader import Sought
from agent.console.api.endpoint import FROM_TO, PAGE, Asked, Endpoint
from agent.console.api.metrics import metrics
from agent.console.api.parameters import Kind, Parameter
from agent.console.reading import happened, site
from agent.console.reading.commissioning import commissioning
from agent.console.reading.demand import demand
from agent.console.reading.happened import Page
from agent.console.reading.meters import meters
from agent.console.reading.models import models
from agent.console.reading.plan import forecasts, plan
from agent.console.reading.shapes import Document
from agent.domain.alarms import Severity
from agent.domain.documents import ALARMS


def _page(asked: Asked) -> Page:
    first, last = asked.from_to()
    named = {name: asked.values.get(name) for name in ("kind", "severity")}
    sought = Sought(asked.get("limit"), start=first, end=last, text=asked.values.get("q"), **named)
    return Page(sought, asked.get("cursor"))


def _decisions(asked: Asked) -> Document:
    return happened.decisions(asked.source.store, _page(asked), asked.source.zone)


def _events(asked: Asked) -> Document:
    return happened.events(asked.source.store, _page(asked), asked.source.zone)


def _alarms(asked: Asked) -> Document:
    found = site.site_of(asked.source)
    return happened.alarms(found.newest(ALARMS.name), found.now, found.zone)


def _meters(asked: Asked) -> Document:
    return meters(asked.source.store, asked.source.settings.devices, asked.now, asked.source.zone)


def _plan(asked: Asked) -> Document:
    return plan(asked.source.settings, asked.source.store, asked.now)


def _forecasts(asked: Asked) -> Document:
    return forecasts(asked.source.settings, asked.source.store, asked.now)


def _demand(asked: Asked) -> Document:
    return demand(asked.source.settings, asked.source.store, asked.now)


def _models(asked: Asked) -> Document:
    return models(asked.source.settings, asked.source.store, asked.now)


def program_version() -> str:
    """Of the package that is installed; ``unknown`` where it runs from its sources."""
    try:
        return version("enalysis-edge")
    except PackageNotFoundError:
        return "unknown"


EVENTS = (
    Parameter("kind", Kind.TEXT, "word of the event, such as device_lost, or with its subject device_lost/meter"),
    Parameter("severity", Kind.TEXT, "how it was told", tuple(one.value for one in Severity)),
    Parameter("q", Kind.TEXT, "text that it holds"),
)

ENDPOINTS = (
    Endpoint("GET", "status", "whether the agent runs and steers, and what wants attention",
             lambda asked: site.status(asked.source), example="status"),
    Endpoint("GET", "realtime/energy-flow", "what flows now, the battery, today's sums and the prices",
             lambda asked: site.energy_flow(asked.source), example="realtime_energy-flow"),
    Endpoint("GET", "meters", "what every device said in the newest minute", _meters, example="meters", tables=True),
    Endpoint("GET", "plan", "the plan in force, a reason a step, and what came of it", _plan, example="plan",
             tables=True),
    Endpoint("GET", "forecasts", "the plan's forecasts by level, beside what came", _forecasts, example="forecasts"),
    Endpoint("GET", "decisions", "setpoints and their reasons, newest first", _decisions, (*FROM_TO, *PAGE),
             "decisions", tables=True),
    Endpoint("GET", "events", "what happened, newest first", _events, (*FROM_TO, *EVENTS, *PAGE), "events",
             tables=True),
    Endpoint("GET", "alarms", "what is wrong now, and what to check", _alarms, example="alarms", tables=True),
    Endpoint("GET", "models", "which models forecast, what they have learnt, what is doubted", _models,
             example="models"),
    Endpoint("GET", "demand", "the highest imports of the months", _demand, example="demand"),
    Endpoint("GET", "commissioning", "why the battery may be steered, and what the test of the devices measured",
             lambda asked: commissioning(asked.source), example="commissioning"),
    Endpoint("GET", "/health", "whether the agent runs and stores, for a watchdog",
             lambda asked: site.health(asked.source, program_version()), example="health", is_bad=site.is_unwell),
    Endpoint("GET", "/metrics", "what is measured now, for Prometheus", lambda asked: metrics(asked.source),
             media_type="text/plain; version=0.0.4; charset=utf-8"),
)  # fmt: skip
