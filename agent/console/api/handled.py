"""An endpoint that reads its request itself: what the console keeps in its own folder, and who is logged in."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.console.api.endpoint import PREFIX


@dataclass(frozen=True, slots=True)
class Key:
    """What a key of a body means; ``limits`` are those of JSON Schema that its type does not say."""

    words: str
    limits: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Handled:
    """``path`` is below the API's prefix; ``handler`` a method of the room that the routes are made for.

    ``body`` is the noun that the request must hold, and ``keys`` say what it means: those of nouns inside it follow a
    dot. ``is_open``: it is asked without a login. ``example`` names a file of tests/console/examples.
    """

    method: str
    path: str
    summary: str
    handler: Callable[[Any, Request], Awaitable[Response]]
    body: type | None = None
    keys: Mapping[str, Key] = field(default_factory=dict)
    status: int = 200
    is_open: bool = False
    example: str = ""

    @property
    def paths(self) -> tuple[str, ...]:
        return (PREFIX + self.path,)


def handled_routes(endpoints: Sequence[Handled], room: object) -> list[Route]:
    """Each of ``endpoints``, answered by ``room``."""
    return [Route(one.paths[0], partial(one.handler, room), methods=[one.method]) for one in endpoints]
