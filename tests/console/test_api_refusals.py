"""What the API refuses, each as a problem with its code and its field, and without a request to the agent."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.adapters.host.inbox import inbox_of, look
from agent.console.api.endpoint import Endpoint
from agent.console.api.routes import ENDPOINTS
from tests.console.api_examples import Api, client
from tests.console.site import ConsoleSite

READING = [endpoint for endpoint in ENDPOINTS if endpoint.method == "GET" and "{" not in endpoint.path]


def refusal(api: Api, path: str, body: object = None) -> tuple[int, str, str | None]:
    response = api.get(f"/api/v1/{path}") if body is None else api.post(f"/api/v1/{path}", json=body)
    assert response.headers["content-type"] == "application/problem+json", response.text
    found = response.json()
    assert set(found) == {"title", "status", "detail", "detail_code", "detail_values", "code", "field"}
    return found["status"], found["code"], found["field"]


REFUSED = {
    "analytics/consumption?startDate=2026-06-02&endDate=2026-06-01": (400, "bad_range", "endDate"),
    "analytics/consumption?startDate=yesterday": (400, "bad_range", "startDate"),
    "analytics/consumption?endDate=2026-06-01": (400, "bad_range", "startDate"),
    "analytics/consumption?from=2026-06-01": (400, "unknown_parameter", "from"),
    "analytics/consumption?period=week&period=month": (400, "bad_value", "period"),
    "analytics/consumption?breakdown=direction": (400, "bad_value", "breakdown"),
    "analytics/cost?granularity=century": (400, "bad_value", "granularity"),
    "analytics/cost?format=pdf": (400, "bad_value", "format"),
    "analytics/cost?siteId=elsewhere": (404, "not_found", "siteId"),
    "status?siteId=elsewhere": (404, "not_found", "siteId"),
    "events?limit=0": (400, "bad_value", "limit"),
    "events?limit=101": (400, "bad_value", "limit"),
    "events?limit=many": (400, "bad_value", "limit"),
    f"events?limit={10**400}": (400, "bad_value", "limit"),
    "events?from=2026-06-02&to=2026-06-01": (400, "bad_range", "to"),
    "advisories?from=yesterday": (400, "bad_range", "from"),
    "events?cursor=nonsense": (400, "bad_value", "cursor"),
    "events?cursor=eyJhIjoxfQ": (400, "bad_value", "cursor"),
    "advisories?cursor=MQ": (400, "bad_value", "cursor"),
    "advisories?minConfidence=1.5": (400, "bad_value", "minConfidence"),
    "advisories?minConfidence=nan": (400, "bad_value", "minConfidence"),
    "advisories?status=lost": (400, "bad_value", "status"),
    "advisories/never/heard/of": (404, "not_found", "key"),
    "plan?x=1": (400, "unknown_parameter", "x"),
    "nowhere": (404, "not_found", None),
}


@pytest.mark.parametrize("path", REFUSED)
def test_what_is_refused(api: Api, path: str) -> None:
    assert refusal(api, path) == REFUSED[path]


AGGREGATE = {"source": "hour", "columns": ["load_wh"], "fn": "sum", "step": "day", "start": "2026-05-01"}
REFUSED_BODIES: dict[str, tuple[str, object, tuple[int, str, str | None]]] = {
    "a list": ("data/aggregate", [1], (400, "not_json", None)),
    "no start": ("data/aggregate", {**AGGREGATE, "start": None}, (400, "bad_value", "start")),
    "no column": ("data/aggregate", {**AGGREGATE, "columns": []}, (400, "bad_value", "columns")),
    "SQL": ("data/aggregate", {**AGGREGATE, "columns": ["1); DROP TABLE minute"]}, (400, "bad_value", "columns")),
    "other words": ("data/aggregate", {**AGGREGATE, "fn": "median"}, (400, "bad_value", "fn")),
    "too long": ("data/aggregate", {**AGGREGATE, "source": "minute", "start": "2025-05-01"},
                 (400, "bad_range", "start")),
    "finer than its rows": ("data/aggregate", {**AGGREGATE, "source": "day", "step": "hour", "start": "2026-06-01"},
                            (400, "bad_range", "step")),
    "hours of days": ("data/aggregate", {**AGGREGATE, "source": "day", "step": "hour_of_day"},
                      (400, "bad_range", "step")),
    "weekdays of months": ("data/aggregate", {**AGGREGATE, "source": "month", "step": "weekday"},
                           (400, "bad_range", "step")),
    "too many": ("data/aggregate", {**AGGREGATE, "step": "quarter"}, (400, "bad_range", "step")),
    "a truth": ("predict/consumption", {"horizonHours": True}, (400, "bad_value", "horizonHours")),
    "too large": ("predict/consumption", {"horizonHours": 10**400}, (400, "bad_value", "horizonHours")),
    "a level too large": ("predict/consumption", {"levels": [-(10**400)]}, (400, "bad_value", "levels")),
    "a level": ("predict/consumption", {"levels": [0.999]}, (400, "bad_value", "levels")),
    "unknown": ("predict/consumption", {"hours": 3}, (400, "unknown_parameter", "hours")),
    "prices": ("optimize/battery", {"prices": [0.1, 0.2]}, (400, "bad_value", "prices")),
    "a soc": ("optimize/battery", {"soc": 101}, (400, "bad_value", "soc")),
    "no action": ("override", {}, (400, "bad_value", "action")),
    "no such action": ("override", {"action": "explode"}, (400, "bad_value", "action")),
    "held with power": ("override", {"action": "hold", "power_w": 5}, (400, "bad_value", "power_w")),
    "in the past": ("override", {"action": "hold", "until": "2026-06-03T10:00+01:00"}, (400, "bad_value", "until")),
    "two ends": ("override", {"action": "hold", "until": "2026-06-03T14:00Z", "minutes": 3},
                 (400, "bad_value", "minutes")),
    "no zone": ("advisories/hold_battery/2026-06-03/schedule", {"scheduledFor": "2026-06-03T14:00"},
                (400, "bad_value", "scheduledFor")),
    "too late": ("advisories/hold_battery/2026-06-03/schedule", {"scheduledFor": "2026-06-04T14:00Z"},
                 (409, "not_possible", None)),
    "done": ("advisories/shift_load/2026-06-01/dismiss", {}, (409, "not_possible", None)),
    "unknown key": ("advisories/nothing/acknowledge", {}, (404, "not_found", "key")),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED_BODIES)
def test_which_bodies_are_refused_and_nothing_is_asked_of_the_agent(own: ConsoleSite, name: str) -> None:
    path, body, expected = REFUSED_BODIES[name]
    assert refusal(client(own), path, body) == expected
    assert look(inbox_of(own.store)).names == ()


def test_a_body_that_is_no_json(api: Api) -> None:
    for content in (b"{", b"\xff", b'{"levels": NaN}', b"[" * 50_000):
        response = api.post("/api/v1/predict/consumption", content=content)
        assert (response.status_code, response.json()["code"]) == (400, "not_json")


@given(st.sampled_from(READING), st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_parameter_is_a_defect(api: Api, endpoint: Endpoint, data: st.DataObject) -> None:
    values = {
        parameter.name: data.draw(
            st.sampled_from(parameter.choices) if parameter.choices else st.one_of(
                st.text(max_size=12), st.dates().map(str), st.datetimes().map(str), st.integers().map(str),
                st.floats().map(str),
            )
        )
        for parameter in data.draw(st.lists(st.sampled_from(endpoint.known), unique=True))
    }  # fmt: skip
    response = api.get(endpoint.paths[0], params=values)
    assert response.status_code in (200, 400, 404), response.text


CHANGING = [endpoint for endpoint in ENDPOINTS if endpoint.method == "POST" and endpoint.then is None]
JSON_VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=8)
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(CHANGING), st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_body_is_a_defect(own: ConsoleSite, endpoint: Endpoint, data: st.DataObject) -> None:
    body = {
        parameter.name: data.draw(
            st.one_of(
                JSON_VALUES,
                *([st.sampled_from(parameter.choices)] if parameter.choices else []),
                *([st.lists(st.sampled_from(parameter.choices), max_size=3)] if parameter.choices else []),
                st.dates().map(str), st.datetimes().map(str), st.lists(st.floats(-1.0, 2.0), max_size=3),
            )
        )
        for parameter in endpoint.known
        if data.draw(st.booleans())
    }  # fmt: skip
    path = endpoint.paths[0].replace("{key:path}", data.draw(st.sampled_from(["hold_battery/2026-06-03", "a", "é/%"])))
    response = client(own).post(path, json=body)
    assert response.status_code in (200, 202, 400, 404, 409, 503), response.text
    assert response.status_code != 503 or response.json()["code"] == "inbox"
