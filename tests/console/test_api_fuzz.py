"""Questions made of docs/openapi.json, sound ones and wrong ones, to a real server: it answers as it is described.

The same questions in every run. A what-if is being worked out all the while, so that no other one starts its process:
that one is an example.
"""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks as of_openapi

from agent.console.api import computed
from agent.console.api.openapi import document
from agent.console.api.routes import EVERY
from agent.console.own_settings import OwnSettings
from agent.console.security.access import Scope
from tests.console.served import JSON, cheap_hash, key, serving
from tests.console.site import ConsoleSite, copied

MOST_EXAMPLES = 10
ADVICE = ["hold_battery/2026-06-03", "shift_load/2026-06-01", "shift_load/2026-05-31"]
CHECKS = [
    not_a_server_error,
    of_openapi.status_code_conformance,
    of_openapi.content_type_conformance,
    of_openapi.response_schema_conformance,
    of_openapi.negative_data_rejection,
]
TERMS = {
    "generation": {"mode": "all", "deterministic": True, "database": "none", "max-examples": MOST_EXAMPLES},
    "phases": {"coverage": {"unexpected-methods": []}},
}


def described() -> dict[str, Any]:
    """The document, with the keys that there are, without the other sites that there are not, and without logins.

    Logins would be left out and guessed: who may ask, and what another site is told, are tests of their own.
    """
    found = json.loads(json.dumps(document(EVERY)))
    del found["security"], found["components"]["securitySchemes"]
    for path in found["paths"].values():
        for operation in path.values():
            if isinstance(operation, dict):
                operation["parameters"] = [_narrowed(one) for one in operation["parameters"] if one["name"] != "siteId"]
    return found


def _narrowed(parameter: dict[str, Any]) -> dict[str, Any]:
    return {**parameter, "schema": {"enum": ADVICE}} if parameter["name"] == "key" else parameter


API = schemathesis.openapi.from_dict(described(), config=schemathesis.Config.from_dict(TERMS))


class Served:
    """The console on a thread of its own; ``base`` is its address."""

    def __init__(self, site: ConsoleSite) -> None:
        self._source = site.source()
        OwnSettings(self._source.own).set_password(cheap_hash())
        self.headers = {**key(self._source, *Scope), **JSON}
        self._ready, self._end = threading.Event(), asyncio.Event()
        self._thread = threading.Thread(target=asyncio.run, args=(self._serve(),))
        self._thread.start()
        assert self._ready.wait(20)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        async with computed._ASKING, serving(self._source) as (port, _):
            self.base = f"http://127.0.0.1:{port}"
            self.headers["Origin"] = self.base
            self._ready.set()
            await self._end.wait()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()


@pytest.fixture(scope="module")
def served(year: ConsoleSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, requests.Session]]:
    site = copied(year, tmp_path_factory.mktemp("fuzz"))
    with closing(Served(site)) as one, requests.Session() as session:
        yield one, session


@API.parametrize()
@settings(deadline=None, suppress_health_check=list(HealthCheck), phases=(Phase.explicit, Phase.generate))
def test_it_answers_as_it_is_described(case: schemathesis.Case, served: tuple[Served, requests.Session]) -> None:
    one, session = served
    case.call_and_validate(one.base, session, {**(case.headers or {}), **one.headers}, checks=CHECKS)
