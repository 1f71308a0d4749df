"""What of the site file is in force, and the check of a draft of another one. Nothing is applied here."""

import asyncio
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent.console.api.handled import Handled, Key, handled_routes
from agent.console.json_body import body_as
from agent.console.problem import Problem
from agent.console.source import Source
from agent.settings.load import SettingsError, load
from agent.settings.schema import Settings

# What people change: prices, limits, the battery's terms, how long is kept. No section holds a secret.
SHOWN = {"tariff", "demand_charge", "connection", "battery", "reserve", "solar", "carbon", "store"}


@dataclass(frozen=True, slots=True)
class Draft:
    """The text of a site file."""

    text: str


class SiteFile:
    """Handlers. A draft lies in the console's own folder while it is checked."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def routes(self) -> list[Route]:
        return handled_routes(ENDPOINTS, self)

    async def values(self, request: Request) -> Response:
        return JSONResponse(
            {"values": [{"key": key, "value": value} for key, value in in_force(self._source.settings)]}
        )

    async def check(self, request: Request) -> Response:
        draft = await body_as(request, Draft)
        try:
            found = await asyncio.to_thread(_problems, self._source.own, draft.text)
        except OSError as error:
            raise Problem("not_possible", f"the draft cannot be laid down: {error.strerror}") from error
        return JSONResponse({"good": not found, "problems": found})


def in_force(settings: Settings) -> Iterator[tuple[str, Any]]:
    """Each key of the shown sections, as the site file spells it, with its value; defaults, too, but no None."""
    yield from _flat("", settings.model_dump(mode="json", by_alias=True, include=SHOWN))


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    match value:
        case dict():
            for key, inner in value.items():
                yield from _flat(f"{prefix}.{key}" if prefix else key, inner)
        case list() if value and all(isinstance(one, dict) for one in value):
            for place, inner in enumerate(value, 1):
                yield from _flat(f"{prefix}[{place}]", inner)
        case None:
            return
        case _:
            yield prefix, value


def _problems(folder: Path, text: str) -> list[dict[str, Any]]:
    """By line, as `enalysis-edge check` tells them; none of a good draft. Raises OSError."""
    folder.mkdir(mode=0o700, exist_ok=True)
    descriptor, name = tempfile.mkstemp(".toml", "draft-", folder)
    path = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogatepass", newline="") as file:
            file.write(text)
        load(path)
    except SettingsError as error:
        return [{"line": problem.line, "key": problem.key, "text": str(problem)} for problem in error.problems]
    else:
        return []
    finally:
        path.unlink(missing_ok=True)


ENDPOINTS = (
    Handled("GET", "site-file", "the values in force of what people change, by their keys in the site file",
            SiteFile.values, example="site-file"),
    Handled("POST", "site-file/check", "what is wrong with a draft, by line; nothing is applied", SiteFile.check, Draft,
            {"text": Key("the whole site file")}, example="site-file_check"),
)  # fmt: skip
