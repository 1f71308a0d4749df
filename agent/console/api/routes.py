"""All endpoints of the API that read."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent.console.live import look
from agent.console.source import Source


def routes(source: Source) -> list[Route]:
    """Those of ``source``."""

    async def energy_flow(request: Request) -> Response:
        return JSONResponse(look(source).document())

    async def health(request: Request) -> Response:
        now = look(source)
        return JSONResponse({"status": "ok", "agent": "running" if now.running else "stopped", "age_s": now.age_s})

    return [
        Route("/api/v1/realtime/energy-flow", energy_flow, methods=["GET"]),
        Route("/health", health, methods=["GET"]),
    ]
