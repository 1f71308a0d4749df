"""One question an endpoint, and what the console's site answers: ``python -m tests.console.api_examples`` writes them.

Lists are cut to two dozen entries. The files are for whoever writes a page or a client.
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from agent.console.api.routes import routes
from agent.console.problem import Problem, problem_response
from tests.console import own_examples
from tests.console.described import refuse_undescribed
from tests.console.site import ConsoleSite, year_of

FOLDER = Path(__file__).parent / "examples"
MOST_ENTRIES = 24
ADVICE = "advisories/hold_battery/2026-06-03"


@dataclass(frozen=True)
class Question:
    method: str
    path: str
    body: Mapping[str, Any] | None = None


GET, POST = "GET", "POST"
QUESTIONS = {
    "analytics_consumption": Question(GET, "analytics/consumption?breakdown=source&compareWith=previous"),
    "analytics_cost": Question(GET, "analytics/cost?breakdown=tariff&compareWith=baseline&period=last30"),
    "analytics_carbon": Question(GET, "analytics/carbon?breakdown=hour&compareWith=baseline"),
    "analytics_savings": Question(GET, "analytics/savings?breakdown=loss&compareWith=baseline&period=last30"),
    "realtime_energy-flow": Question(GET, "realtime/energy-flow"),
    "meters": Question(GET, "meters"),
    "plan": Question(GET, "plan"),
    "forecasts": Question(GET, "forecasts"),
    "decisions": Question(GET, "decisions?limit=3"),
    "events": Question(GET, "events?limit=3"),
    "alarms": Question(GET, "alarms"),
    "models": Question(GET, "models"),
    "demand": Question(GET, "demand"),
    "status": Question(GET, "status"),
    "advisories": Question(GET, "advisories?limit=3"),
    "advisory": Question(GET, ADVICE),
    "advisories_acknowledge": Question(POST, f"{ADVICE}/acknowledge", {}),
    "advisories_dismiss": Question(POST, f"{ADVICE}/dismiss", {}),
    "advisories_schedule": Question(POST, f"{ADVICE}/schedule", {"scheduledFor": "2026-06-03T14:00:00+01:00"}),
    "override": Question(GET, "override"),
    "override_set": Question(POST, "override", {"action": "charge", "power_w": 2000, "minutes": 90}),
    "data_aggregate": Question(
        POST, "data/aggregate",
        {"source": "hour", "columns": ["import_wh", "cost"], "fn": "sum", "step": "day", "start": "2026-06-01"},
    ),
    "predict_consumption": Question(POST, "predict/consumption", {"horizonHours": 6, "levels": [0.1, 0.5, 0.9]}),
    "predict_solar": Question(POST, "predict/solar", {"horizonHours": 6}),
    "optimize_battery": Question(POST, "optimize/battery", {"soc": 50, "horizonHours": 12, "reserve": 20}),
    "health": Question(GET, "/health"),
    "problem": Question(GET, "analytics/cost?startDate=2026-06-01&endDate=2026-05-01"),
}  # fmt: skip


class Api:
    """Asks the application without a network, one question after the other."""

    def __init__(self, app: Starlette) -> None:
        self._app = app

    def get(self, path: str, **words: Any) -> httpx.Response:
        return self.request("GET", path, **words)

    def post(self, path: str, **words: Any) -> httpx.Response:
        return self.request("POST", path, **words)

    def request(self, method: str, path: str, **words: Any) -> httpx.Response:
        return asyncio.run(self._asked(method, path, words))

    async def _asked(self, method: str, path: str, words: Mapping[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://console") as asking:
            answer = await asking.request(method, path, **words)
        refuse_undescribed(answer)
        return answer


def client(site: ConsoleSite, runtime: Path | None = None) -> Api:
    """The API alone, without the gate that stands before it."""

    async def told(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return problem_response(error)

    async def unknown(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return problem_response(Problem("not_found", "no such path"))

    handlers = {Problem: told, HTTPException: unknown}
    return Api(Starlette(routes=routes(site.source(runtime)), exception_handlers=handlers))


def asked(api: Api, question: Question) -> Any:
    """The answer as JSON."""
    path = question.path if question.path.startswith("/") else f"/api/v1/{question.path}"
    return api.request(question.method, path, json=question.body).json()


def cut(found: Any) -> Any:
    """``found`` with its lists at most so long."""
    if isinstance(found, dict):
        return {name: cut(value) for name, value in found.items()}
    return [cut(value) for value in found[:MOST_ENTRIES]] if isinstance(found, list) else found


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        site = asyncio.run(year_of(Path(folder)))
        api = client(site)
        found = {name: asked(api, question) for name, question in QUESTIONS.items()}
        found |= asyncio.run(own_examples.answers(site))
        for name, answer in found.items():
            text = json.dumps(cut(answer), indent=1, ensure_ascii=False)
            (FOLDER / f"{name}.json").write_text(f"{text}\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
