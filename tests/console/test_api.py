"""The API as a client meets it: examples, pages, CSV, tags, aliases, what reaches the agent."""

import csv
import io
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.adapters.host.inbox import inbox_of, look
from agent.adapters.host.live_file import NAME as LIVE_FILE
from agent.console.api import openapi
from agent.console.api.csv_text import as_csv
from agent.console.api.endpoint import Endpoint
from agent.console.api.routes import ENDPOINTS, EVERY
from agent.console.reading.happened import sealed
from agent.domain.commands import AnswerAdvice, OverrideBattery
from agent.domain.override import OverrideAction
from tests.console.api_examples import FOLDER, QUESTIONS, Api, asked, client, cut
from tests.console.served import show
from tests.console.site import ConsoleSite

SOLVED = "optimize_battery"  # its numbers are the solver's
READING = [endpoint for endpoint in ENDPOINTS if endpoint.method == "GET" and "{" not in endpoint.path]
FORBIDDEN = ("numpy", "highspy", "onnxruntime", "agent.cycles", "agent.app", "agent.daemon", "agent.planning")


def shape(found: Any) -> Any:
    if isinstance(found, dict):
        return {name: shape(value) for name, value in found.items()}
    return [shape(found[0])] if isinstance(found, list) and found else type(found).__name__


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_example_is_what_is_answered(own: ConsoleSite, name: str) -> None:
    example = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    answer = cut(asked(client(own), QUESTIONS[name]))
    if name == SOLVED:
        assert shape(answer) == shape(example)
    else:
        assert answer == example, "python -m tests.console.api_examples makes the examples anew"


def test_every_endpoint_has_an_example() -> None:
    assert {endpoint.example for endpoint in ENDPOINTS} - {""} == set(QUESTIONS) - {"problem"}
    assert [endpoint.path for endpoint in ENDPOINTS if not endpoint.example] == ["/metrics"]


def test_the_description_is_that_of_the_endpoints(api: Api) -> None:
    assert openapi.FILE.read_text("utf-8") == openapi.text(EVERY), "python -m agent.console.api.openapi --write"
    assert api.get("/api/v1/openapi.json").json() == openapi.document(EVERY)
    operations = [one for path in openapi.document(EVERY)["paths"].values() for one in path.values()]
    named = [one["operationId"] for one in operations if isinstance(one, dict)]
    assert len(set(named)) == len(named) == len(EVERY)


@pytest.mark.parametrize("endpoint", READING, ids=lambda endpoint: endpoint.path)
def test_the_alias_answers_the_same(api: Api, endpoint: Endpoint) -> None:
    answers = [api.get(path) for path in endpoint.paths]
    assert [answer.status_code for answer in answers] == [200] * len(answers)
    assert len({answer.text for answer in answers}) == 1


def test_pages_follow_each_other_to_the_end(api: Api) -> None:
    seen: list[int] = []
    cursor = ""
    while True:
        page = api.get(f"/api/v1/events?limit=7{cursor}").json()
        seen += [item["seq"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert len(seen) == len(set(seen)) == 61
    assert seen == sorted(seen, reverse=True)


@pytest.mark.parametrize("sort", ["-created", "created", "start", "-saving", "-confidence"])
def test_pages_of_advice_hold_each_once(api: Api, sort: str) -> None:
    seen: list[str] = []
    cursor = ""
    for _ in range(20):
        page = api.get(f"/api/v1/advisories?limit=3&sort={sort}{cursor}").json()
        seen += [item["key"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert len(seen) == len(set(seen)) == page["total"] == 40


def test_a_page_beyond_the_end_is_empty(api: Api) -> None:
    last = api.get("/api/v1/events?limit=100&to=2026-05-26").json()
    assert last["next"] is None
    cursor = sealed(last["items"][-1]["seq"])
    assert api.get(f"/api/v1/events?cursor={cursor}").json() == {"items": [], "next": None}


def test_events_and_advice_are_filtered(api: Api) -> None:
    def found(path: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = api.get(f"/api/v1/{path}").json()["items"]
        return items

    assert {one["kind"] for one in found("events?kind=device_lost")} == {"device_lost"}
    assert found("events?kind=device") == []
    assert len(found("events?kind=device_lost/meter&severity=alarm&limit=100")) == 30
    assert [one["text"] for one in found("events?q=CALC")] == ["=cmd|' /C calc'!A0 is what its name says"]
    assert found("events?q=%25") == []
    assert {one["at"][:10] for one in found("events?from=2026-06-01&to=2026-06-01")} == {"2026-06-01"}
    assert [one["key"] for one in found("advisories?status=open")] == ["hold_battery/2026-06-03"]
    assert len(found("advisories?q=run+dishWASHER&from=2026-05-30&to=2026-05-31")) == 2
    assert all(one["confidence"] >= 0.85 for one in found("advisories?minConfidence=0.85"))


def test_csv_holds_the_series_and_no_formula(api: Api) -> None:
    response = api.get("/api/v1/analytics/cost?period=last7&format=csv")
    assert response.headers["content-type"].startswith("text/csv")
    assert response.headers["content-disposition"] == 'attachment; filename="cost.csv"'
    rows = list(csv.DictReader(io.StringIO(response.text)))
    series = api.get("/api/v1/analytics/cost?period=last7").json()["series"]
    assert [row["at"] for row in rows] == series["at"]
    assert [float(row["cost"]) for row in rows] == series["cost"]
    events = list(csv.DictReader(io.StringIO(api.get("/api/v1/events?q=calc&format=csv").text)))
    assert events[0]["text"] == "'=cmd|' /C calc'!A0 is what its name says"


def test_a_csv_opens_as_a_table_where_numbers_have_a_comma(api: Api) -> None:
    asked = "/api/v1/analytics/cost?period=last7&format=csv"
    point, comma = (list(csv.reader(io.StringIO(api.get(asked).text))), api.get(f"{asked}&decimal=comma"))
    assert comma.content.startswith(b"\xef\xbb\xbfat;")
    cells = list(csv.reader(io.StringIO(comma.content.decode("utf-8-sig")), delimiter=";"))
    assert [cells[0], [row[0] for row in cells]] == [point[0], [row[0] for row in point]]
    assert [[cell.replace(",", ".") for cell in row[1:]] for row in cells[1:]] == [row[1:] for row in point[1:]]
    assert not any("." in cell for row in cells[1:] for cell in row[1:])


def test_a_part_that_some_have_stands_in_columns_of_its_own(api: Api) -> None:
    rows = list(csv.DictReader(io.StringIO(api.get("/api/v1/advisories?limit=2&format=csv").text)))
    found = api.get("/api/v1/advisories?limit=2").json()["items"]
    assert found[0]["outcome"] is None
    assert [row["outcome_saved"] for row in rows] == ["", str(found[1]["outcome"]["saved"])]
    assert rows[1]["outcome_text"] == found[1]["outcome"]["text"]
    assert not any("{" in cell or "[" in cell for row in rows for cell in row.values())


@pytest.mark.parametrize(
    ("value", "cell"),
    [("=1", "'=1"), ("+1", "'+1"), ("-1", "'-1"), ("@a", "'@a"), ("\t=1", "'\t=1"), (-1.5, "-1.5"), (None, '""'),
     (True, "true"), ("a,b", '"a,b"')],
)  # fmt: skip
def test_cells(value: object, cell: str) -> None:
    assert as_csv({"items": [{"x": value}]}) == f"x\r\n{cell}\r\n"


def test_what_is_known_is_not_sent_again(own: ConsoleSite) -> None:
    api = client(own)
    first = api.get("/api/v1/analytics/consumption?period=last7")
    again = {"If-None-Match": first.headers["etag"]}
    assert api.get("/api/v1/analytics/consumption?period=last7", headers=again).status_code == 304
    assert api.get("/api/v1/analytics/consumption?period=last30", headers=again).status_code == 200
    own.forget("minute WHERE at > ?", own.now.replace(minute=0))
    assert api.get("/api/v1/analytics/consumption?period=last7", headers=again).status_code == 200


def test_an_answer_reaches_the_inbox(own: ConsoleSite) -> None:
    api = client(own)
    assert api.post("/api/v1/advisories/hold_battery/2026-06-03/acknowledge").status_code == 202
    charge = api.post("/api/v1/override", json={"action": "charge", "power_w": 1500, "minutes": 30})
    assert charge.status_code == 202
    assert api.post("/api/v1/override", json={"action": "auto"}).json()["override"] is None
    answer, override, auto = look(inbox_of(own.store)).requests
    assert isinstance(answer.command, AnswerAdvice)
    assert answer.command.key == "hold_battery/2026-06-03"
    assert isinstance(override.command, OverrideBattery)
    assert override.command.override is not None
    assert (override.command.override.action, override.command.override.power_w) == (OverrideAction.CHARGE, 1500.0)
    assert override.expires_at is not None
    assert auto.command == OverrideBattery(None)


def test_nobody_obeys_where_the_agent_does_not_run(own: ConsoleSite, tmp_path: Path) -> None:
    api = client(own, runtime=tmp_path / "nothing")
    refused = api.post("/api/v1/override", json={"action": "hold"})
    assert (refused.status_code, refused.json()["code"]) == (409, "not_possible")
    found = api.get("/api/v1/status").json()
    assert (found["running"], found["word"]) == (False, "attention")
    assert found["attention"][0] == "the agent does not run since 2026-06-03 12:07"
    flow = api.get("/api/v1/realtime/energy-flow").json()
    assert (flow["running"], flow["at"]) == (False, "2026-06-03T12:07:30+01:00")
    assert flow["flows"] is not None, "the last commit is shown, with its age"


def test_health_tells_by_its_status_alone_that_the_agent_has_stopped(own: ConsoleSite, tmp_path: Path) -> None:
    assert client(own).get("/health").status_code == 200
    stopped = client(own, runtime=tmp_path / "nothing").get("/health")
    assert (stopped.status_code, stopped.json()["status"], stopped.json()["running"]) == (503, "attention", False)
    assert stopped.headers["content-type"] == "application/json"


@pytest.mark.parametrize(("minutes", "status", "store"), [(10, 200, "ok"), (11, 503, "nothing has been stored lately")])
def test_health_tells_that_nothing_is_stored_while_the_agent_runs(
    own: ConsoleSite, tmp_path: Path, minutes: int, status: int, store: str
) -> None:
    runtime = tmp_path / "run"
    runtime.mkdir()
    show(own.source(runtime))
    own.now += timedelta(minutes=minutes)
    os.utime(runtime / LIVE_FILE, (own.now.timestamp(), own.now.timestamp()))
    found = client(own, runtime).get("/health")
    assert (found.status_code, found.json()["running"], found.json()["store"]) == (status, True, store)


def test_health_tells_that_the_store_cannot_be_read(own: ConsoleSite) -> None:
    own.store.write_bytes(b"this is no database, whatever its name says\n" * 100)
    broken = client(own).get("/health")
    assert (broken.status_code, broken.json()["store_age_s"]) == (503, None)
    assert broken.json()["store"].endswith("file is not a database")


def test_metrics_are_of_now_and_say_what_is_missing(own: ConsoleSite) -> None:
    lines = client(own).get("/metrics").text.splitlines()
    samples = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    assert samples['enalysis_battery_soc_percent{site="home-1"}'] == "57.5"
    assert samples['enalysis_alarms{site="home-1"}'] == "1"
    assert not any(name.startswith("enalysis_missing{") for name in samples)
    own.forget("kept WHERE name = 'state' AND at > ?", own.now.replace(hour=1))
    lines = client(own).get("/metrics").text.splitlines()
    assert 'enalysis_missing{site="home-1",quantity="pv_w"} 1' in lines
    assert not any(line.startswith("enalysis_solar_watts{") for line in lines)


def test_metrics_of_an_agent_that_has_stopped_are_not_its_last_ones(own: ConsoleSite, tmp_path: Path) -> None:
    lines = client(own, runtime=tmp_path / "nothing").get("/metrics").text.splitlines()
    assert 'enalysis_running{site="home-1"} 0' in lines
    assert 'enalysis_missing{site="home-1",quantity="grid_w"} 1' in lines
    assert not any(line.startswith(("enalysis_grid_watts{", "enalysis_battery_soc_percent{")) for line in lines)


def test_a_long_count_is_told_to_its_last_digit(own: ConsoleSite) -> None:
    with closing(sqlite3.connect(own.store)) as connection:
        connection.execute("UPDATE stream SET last = acked + 12345678 WHERE name = 'decision'")
        connection.commit()
    assert 'enalysis_outbox_rows{site="home-1",stream="decision"} 12345678' in client(own).get("/metrics").text


def test_documents_of_another_version_are_no_defect(own: ConsoleSite) -> None:
    with closing(sqlite3.connect(own.store)) as connection:
        connection.execute("""UPDATE kept SET body = '{"of":"the future"}'""")
        connection.commit()
    api = client(own)
    for endpoint in READING:
        response = api.get(endpoint.paths[0])
        assert response.status_code in (200, 503), (endpoint.path, response.text)
        if response.status_code == 503:
            assert response.json()["code"] == "store_other"


def test_what_the_console_loads_leaves_out_solver_models_and_cycles() -> None:
    code = (
        "import sys, agent.console.api.routes\n"
        f"print([one for one in sys.modules for name in {FORBIDDEN!r} if f'{{one}}.'.startswith(f'{{name}}.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
