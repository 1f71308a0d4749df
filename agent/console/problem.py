"""What is refused, as ``application/problem+json`` (RFC 9457): ``{title, status, detail, code, field}``.

Beside ``detail`` stand its code and values, null where it is no sentence that the pages can translate.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus

from starlette.responses import Response

from agent.domain.sentence import named

MEDIA_TYPE = "application/problem+json"

# The codes of the API by the status that each is told with.
CODES: Mapping[str, int] = {
    "bad_range": 400,
    "bad_value": 400,
    "not_json": 400,
    "unknown_parameter": 400,
    "no_session": 401,
    "wrong_password": 401,
    "csrf": 403,
    "scope": 403,
    "not_found": 404,
    "wrong_method": 405,
    "too_slow": 408,
    "not_possible": 409,
    "inbox": 503,
    "store_other": 503,
    "too_large": 413,
    "wrong_host": 421,
    "busy": 429,
    "locked": 429,
    "defect": 500,
    "no_store": 503,
    "store_older": 503,
    "store_slow": 503,
    "not_set_up": 503,
}


class Problem(Exception):
    """``detail`` is one sentence for people; ``field`` the parameter or key that it is about.

    ``after_s`` is when it may be tried again, seconds.
    """

    def __init__(self, code: str, detail: str, field: str | None = None, after_s: int | None = None) -> None:
        super().__init__(detail)
        self.code, self.detail, self.field, self.after_s = code, detail, field, after_s

    @property
    def status(self) -> int:
        return CODES[self.code]


def problem_response(problem: Problem, closes: bool = False) -> Response:
    """The answer that tells it. ``closes`` the connection where the rest of a request is not wanted."""
    status = problem.status
    body = {
        "title": HTTPStatus(status).phrase,
        "status": status,
        **named("detail", problem.detail),
        "code": problem.code,
        "field": problem.field,
    }
    headers = {"Cache-Control": "no-store"}
    if closes:
        headers["Connection"] = "close"
    if problem.after_s is not None:
        headers["Retry-After"] = str(problem.after_s)
    return Response(json.dumps(body), status, headers, MEDIA_TYPE)
