"""All endpoints as routes: parameters are checked, the store is asked on its thread, the answer is written."""

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.adapters.store.console_reader import marks
from agent.console import own_routes, site_file
from agent.console.alerts import routes as alerts
from agent.console.api import advice, analytics, computed, site
from agent.console.api.csv_text import as_csv
from agent.console.api.endpoint import Asked, Endpoint, told_as_problems
from agent.console.api.openapi import Described, document
from agent.console.api.parameters import Values, from_body, from_query
from agent.console.problem import Problem
from agent.console.source import Source

ENDPOINTS = (*analytics.ENDPOINTS, *site.ENDPOINTS, *advice.ENDPOINTS, *computed.ENDPOINTS)
SPECIFICATION = Endpoint("GET", "openapi.json", "this description", lambda asked: document(EVERY))
# All that is served, as it is described.
EVERY: tuple[Described, ...] = (
    *ENDPOINTS, SPECIFICATION, *own_routes.ENDPOINTS, *alerts.ENDPOINTS, *site_file.ENDPOINTS,
)  # fmt: skip
MARK_LASTS = timedelta(minutes=15)  # what depends on the time of day alone


@dataclass(frozen=True, slots=True)
class Told:
    """``found`` is what the endpoint answered, None where the asker has it already under ``mark``."""

    found: Any
    mark: str | None = None


def routes(source: Source) -> list[Route]:
    """Those of ``source``, each under the canonical path and its alias."""
    return [_route(source, endpoint, path) for endpoint in (*ENDPOINTS, SPECIFICATION) for path in endpoint.paths]


def _route(source: Source, endpoint: Endpoint, path: str) -> Route:
    async def handle(request: Request) -> Response:
        if endpoint.method == "POST":
            values = from_body(endpoint.known, await request.body())
            if request.query_params:
                name = next(iter(request.query_params))
                raise Problem("unknown_parameter", "what is asked stands in the body, not in the address", name[:40])
        else:
            values = from_query(endpoint.known, request.query_params.multi_items())
        _refuse_other_site(source, values)
        asked = Asked(source, values, request.path_params.get("key", ""))
        told = await source.ask(
            _answered, endpoint, asked, request.headers.get("if-none-match"), str(request.url.query)
        )
        if told.found is None:
            return Response(status_code=304, headers=_headers(told.mark))
        found = told.found if endpoint.then is None else await endpoint.then(source, told.found)
        return _response(endpoint, values, found, told.mark)

    return Route(path, handle, methods=[endpoint.method])


def _answered(endpoint: Endpoint, asked: Asked, known: str | None, query: str) -> Told:
    """On the thread of the store."""
    with told_as_problems():
        mark = _mark(endpoint, asked, query) if endpoint.marked else None
        if mark is not None and mark == known:
            return Told(None, mark)
        return Told(endpoint.answer(asked), mark)


def _mark(endpoint: Endpoint, asked: Asked, query: str) -> str:
    """An entity tag of what is asked and how far the store is."""
    found, now = marks(asked.source.store), asked.now
    quarter = int(now.timestamp() // MARK_LASTS.total_seconds())
    text = f"{endpoint.path}?{query}|{found.minute}|{found.rolled}|{found.committed_at}|{quarter}"
    return f'W/"{hashlib.sha256(text.encode()).hexdigest()[:24]}"'


def _response(endpoint: Endpoint, values: Values, found: Any, mark: str | None) -> Response:
    if isinstance(found, str):
        return Response(found, endpoint.status, _headers(mark), endpoint.media_type)
    if values.get("format") == "csv":
        name = endpoint.path.rpartition("/")[2]
        headers = _headers(mark) | {"Content-Disposition": f'attachment; filename="{name}.csv"'}
        text = as_csv(found, values["decimal"])
        return Response(text, endpoint.status, headers, "text/csv; charset=utf-8; header=present")
    text = json.dumps(found, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    is_bad = endpoint.is_bad is not None and endpoint.is_bad(found)
    status = HTTPStatus.SERVICE_UNAVAILABLE if is_bad else endpoint.status
    return Response(text, status, _headers(mark), endpoint.media_type)


def _headers(mark: str | None) -> dict[str, str]:
    return {"Cache-Control": "no-store"} if mark is None else {"Cache-Control": "private, no-cache", "ETag": mark}


def _refuse_other_site(source: Source, values: Values) -> None:
    asked = values.get("siteId")
    if asked is not None and asked != source.settings.site.id:
        raise Problem("not_found", f"there is no site {asked[:40]!r} here", "siteId")
