"""One question an endpoint of the console's own, in this order, by a person who has logged in.

What is drawn by chance is written as dots.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from agent.console.own_settings import OwnSettings
from tests.console.described import refuse_undescribed
from tests.console.served import JSON, PASSWORD, app_of, cheap_hash, client
from tests.console.site import ConsoleSite

GET, POST, PUT, DELETE = "GET", "POST", "PUT", "DELETE"
NEW_PASSWORD = "another long password"  # noqa: S105 - of no real console
NOBODY_THERE = {"id": "phone", "webhook": {"url": "http://127.0.0.1:9/alerts", "token": "example"}}  # port 9: discard
PREFERENCES = {"theme": "dark", "language": "de", "thresholds": {"soc_below_pct": 15.0}}
ALERTS = {"targets": [NOBODY_THERE], "quiet": {"start": "22:00", "end": "06:30"}, "language": "de"}
QUESTIONS: tuple[tuple[str, str, str, object], ...] = (
    ("session_begun", POST, "session", {"password": PASSWORD}),
    ("session", GET, "session", None),
    ("preferences", GET, "preferences", None),
    ("preferences_set", PUT, "preferences", PREFERENCES),
    ("key_added", POST, "keys", {"name": "Grafana", "scopes": ["read"], "expires_at": "2027-01-01T00:00:00+00:00"}),
    ("keys", GET, "keys", None),
    ("alerts_set", PUT, "alerts", ALERTS),
    ("alerts_test", POST, "alerts/test", {"target": "phone"}),
    ("alerts", GET, "alerts", None),
    ("site-file", GET, "site-file", None),
    ("site-file_check", POST, "site-file/check", {"text": "[site]\nid = 5\n"}),
    ("password", POST, "password", {"old": PASSWORD, "new": NEW_PASSWORD}),
    ("", DELETE, "keys/{id}", None),
    ("", DELETE, "session", None),
)
DRAWN = ("csrf", "key", "id")
DOTS = "..."


async def answers(site: ConsoleSite, folder: Path | None = None) -> dict[str, Any]:
    """By the name of the example."""
    source = site.source() if folder is None else replace(site.source(), own=folder / "console")
    OwnSettings(source.own).set_password(cheap_hash())
    found: dict[str, Any] = {}
    token, key_id = "", ""
    async with client(app_of(source)) as asking:
        for name, method, path, body in QUESTIONS:
            headers = {**JSON, "X-CSRF-Token": token}
            answer = await asking.request(method, f"/api/v1/{path.format(id=key_id)}", json=body, headers=headers)
            assert answer.status_code < 300, answer.text
            refuse_undescribed(answer)
            if not name:
                continue
            found[name] = answer.json()
            token = found[name].get("csrf", token)
            key_id = found[name]["id"] if name == "key_added" else key_id
    return {name: _dotted(answer) for name, answer in found.items()}


def _dotted(found: Any) -> Any:
    if isinstance(found, Mapping):
        is_key = "made_at" in found
        return {
            name: DOTS if name == "csrf" or (is_key and name in DRAWN) else _dotted(value)
            for name, value in found.items()
        }
    return [_dotted(value) for value in found] if isinstance(found, list) else found
