"""What is sent is complete and small enough; what comes in is checked, and refused with one sentence."""

import json
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.adapters.mqtt.incoming_messages import LARGEST_PAYLOAD
from agent.adapters.mqtt.payloads import JsonPayloads
from agent.domain.advisory import Verb
from agent.domain.commands import AnswerAdvice, Request
from agent.domain.forecast import Forecast
from agent.domain.forecast_corrections import ForecastCorrections
from agent.domain.horizon import Horizon
from agent.domain.inputs import Acknowledgement, CarbonInput, GridLimitInput, TariffInput, WeatherInput
from agent.domain.plan import Plan, PlanStep, ValueTable
from agent.domain.records import OutboxRow
from agent.ports import PayloadRefused

NOW = datetime(2026, 6, 1, 12, 0, 1, 500_000, tzinfo=UTC)
TARIFF = {
    "schema": "tariff/1.0",
    "issued_at": "2026-06-01T10:00:00Z",
    "valid_from": "2026-06-01T22:00:00Z",
    "step_s": 3600,
    "import_price": [0.31, -0.02, 0],
    "export_price": [0.08, 0.08, 0.08],
    "source": "ignored",
}
LIMIT = {
    "schema": "gridlimit/1.3", "issued_at": "2026-06-01T10:00:00Z", "valid_from": "2026-06-01T10:00:00Z",
    "valid_to": "2026-06-01T12:00:00Z", "import_limit_w": 4200,
}  # fmt: skip
WEATHER = {
    "schema": "weather/1.0", "issued_at": "2026-06-01T10:00:00Z", "valid_from": "2026-06-01T10:00:00Z", "step_s": 3600,
    "ghi_w_m2": [0, None, 850.5],
}  # fmt: skip
ACK = {"schema": "ack/1.0", "ts": "2026-06-01T10:00:00Z", "streams": {"minute": 123, "event": 0}}


def payloads() -> JsonPayloads:
    return JsonPayloads("site-1", "abc")


def row(index: int, points: int = 50, **changes: object) -> OutboxRow:
    values = {"at": "2026-06-01T12:00:00.000Z", "load_w": 500.0 + index, "rung": None} | changes
    names, numbers = tuple(f"m.p{i}" for i in range(points)), tuple(i + 0.125 for i in range(points))
    return OutboxRow(index, tuple(values), tuple(values.values()), names, numbers)


def sent(text: bytes) -> dict[str, object]:
    return json.loads(text)  # type: ignore[no-any-return]


def test_every_message_has_the_head_of_the_contract() -> None:
    speaker = payloads()
    found = [sent(speaker.status("online", NOW).payload), sent(speaker.info({"version": "1"}, NOW).payload)]
    assert found[0] == {
        "schema": "status/1.0", "id": "site-1", "ts": "2026-06-01T12:00:01.500Z", "session": "abc", "seq": 1,
        "connection": 0, "status": "online",
    }  # fmt: skip
    assert (found[1]["seq"], found[1]["version"]) == (2, "1")


def test_alarms_that_stand_are_in_the_status_and_the_newest_are_not_cut() -> None:
    texts = [f"alarm {index}" for index in range(30)]
    body = sent(payloads().status("online", NOW, texts).payload)
    assert body["alarms"] == texts[-20:]


def test_a_batch_is_one_header_and_one_list_a_row() -> None:
    envelope = payloads().rows("minute", [row(7, 2), row(8, 2)], 5, NOW)
    body = sent(envelope.payload)
    assert (envelope.topic, envelope.retain, envelope.stream, envelope.seq_to) == ("up/data/minute", False, "minute", 8)
    assert (body["prev"], body["seq_from"], body["seq_to"], body["stream"]) == (5, 7, 8, "minute")
    assert body["columns"] == ["seq", "at", "load_w", "rung"]
    assert body["points"] == ["m.p0", "m.p1"]
    assert body["rows"] == [
        [7, "2026-06-01T12:00:00.000Z", 507.0, None, 0.125, 1.125],
        [8, "2026-06-01T12:00:00.000Z", 508.0, None, 0.125, 1.125],
    ]


def test_events_have_a_topic_of_their_own_and_no_points() -> None:
    envelope = payloads().rows("event", [OutboxRow(3, ("at", "text"), ("x", "größer"))], 2, NOW)
    assert envelope.topic == "up/event"
    assert sent(envelope.payload)["rows"] == [[3, "x", "größer"]]


@given(widths=st.lists(st.integers(0, 300), min_size=1, max_size=60), text=st.text(max_size=50))
def test_a_batch_fits_the_limit_and_loses_nothing(widths: list[int], text: str) -> None:
    rows = [row(i + 1, width, rung=text) for i, width in enumerate(sorted(widths))]
    speaker, prev, back = payloads(), 0, []
    while prev < len(rows):
        envelope = speaker.rows("minute", rows[prev:], prev, NOW)
        body = sent(envelope.payload)
        assert len(envelope.payload) <= LARGEST_PAYLOAD
        assert envelope.seq_to == body["seq_to"]
        names = [*body["columns"], *body["points"]]  # type: ignore[misc]
        back += [dict(zip(names, values, strict=True)) for values in body["rows"]]  # type: ignore[attr-defined]
        assert envelope.seq_to is not None
        prev = envelope.seq_to
    assert [found.pop("seq") for found in back] == [sent_row.seq for sent_row in rows]
    for found, original in zip(back, rows, strict=True):
        points = dict(zip(original.point_names, original.points, strict=True))
        assert found == dict(zip(original.columns, original.values, strict=True)) | points


def test_a_row_too_large_for_any_batch_goes_alone() -> None:
    large = row(1, 10, rung="x" * LARGEST_PAYLOAD)
    assert payloads().rows("minute", [large, row(2, 10)], 0, NOW).seq_to == 1


def whole_plan() -> Plan:
    horizon = Horizon(datetime(2026, 6, 1, 12, tzinfo=UTC), 900, 192)
    step = PlanStep(0.0, 1234.567, 0.0, 10.0, 0.0, 55.555, 900.0, 300.0, 0.31234, 0.08, 0.2)
    forecast = Forecast(
        "load_w", horizon, (0.1, 0.5, 0.9), ((1.0,) * 192, (2.0,) * 192, (3.04,) * 192), "persistence", NOW
    )
    table = ValueTable((0.0, 100.0), ((0.0, 1.0),) * 192)
    plan = Plan(NOW, NOW + timedelta(hours=6), horizon, (step,) * 192, table, forecast, forecast, ("without weather",))
    return replace(plan, pv=replace(forecast, quantity="pv_w"))


@pytest.mark.parametrize(("step_s", "hours"), [(900, 96), (300, 48), (300, 96)])
def test_a_plan_of_many_steps_is_sent_as_far_as_a_payload_goes(step_s: int, hours: int) -> None:
    """Values that fill their place: of a site of a megawatt, as the planner's five quantiles have them."""
    count, plan = hours * 3600 // step_s, whole_plan()
    step = PlanStep(*(987_654.321,) * 5, 56.78, 987_654.321, 987_654.321, 0.31234, 0.08123, 0.21234)
    values = tuple(tuple(543_210.9 + level for _ in range(count)) for level in range(5))
    forecast = replace(plan.load, levels=(0.05, 0.25, 0.5, 0.75, 0.95), values=values)
    horizon = Horizon(plan.horizon.start, step_s, count)
    large = replace(plan, horizon=horizon, steps=(step,) * count, load=forecast, pv=forecast)
    envelope = payloads().plan(large, NOW)
    assert len(envelope.payload) <= LARGEST_PAYLOAD
    body = cast("dict[str, Any]", sent(envelope.payload))
    shown = len(body["steps"]["import_w"])
    assert count >= shown > 200, "what comes first, which is the most of it"
    assert {len(column) for column in body["steps"].values()} == {shown}
    assert {len(row) for name in ("load", "pv") for row in body[name]["values"]} == {shown}
    assert body["cost"] == round(large.cost, 4), "of the whole horizon"
    assert body["horizon_steps"] == count


def test_a_plan_is_sent_as_columns() -> None:
    envelope = payloads().plan(whole_plan(), NOW)
    body = sent(envelope.payload)
    assert envelope.retain
    assert len(envelope.payload) < LARGEST_PAYLOAD
    steps = body["steps"]
    assert isinstance(steps, dict)
    assert steps["discharge_w"] == [1234.6] * 192
    assert steps["import_price"][0] == 0.31234
    assert (body["step_s"], body["notes"], body["start"]) == (900, ["without weather"], "2026-06-01T12:00:00.000Z")


def test_the_forecast_of_a_plan_says_what_it_has_learnt() -> None:
    plain = sent(payloads().plan(whole_plan(), NOW).payload)
    assert "learnt" not in plain["load"]  # type: ignore[operator]
    learnt = ForecastCorrections(
        "load_w", NOW, 412, ("persistence",), ((0.1,),), ((0.12345, -1.0), (math.nan, math.inf))
    )
    body = sent(payloads().plan(replace(whole_plan(), corrections=(learnt,)), NOW).payload)
    assert body["load"]["learnt"] == {  # type: ignore[index]
        "origins": 412, "until": "2026-06-01T12:00:01.500Z", "members": ["persistence"],
        "moves": [[0.123, -1.0], [None, None]],
    }  # fmt: skip
    assert body["pv"] == plain["pv"]


def parse(topic: str, body: object) -> object:
    return payloads().parse(topic, json.dumps(body).encode())


def test_inputs_become_frozen_objects() -> None:
    tariff = parse("down/input/tariff", TARIFF)
    assert tariff == TariffInput(
        datetime(2026, 6, 1, 10, tzinfo=UTC), datetime(2026, 6, 1, 22, tzinfo=UTC), 3600,
        (0.31, -0.02, 0.0), (0.08, 0.08, 0.08),
    )  # fmt: skip
    assert parse("down/input/tariff", TARIFF | {"export_price": None}).export_price is None  # type: ignore[attr-defined]
    carbon = TARIFF | {"schema": "carbon/1.0", "kg_per_kwh": [0.4]}
    assert isinstance(parse("down/input/carbon", carbon), CarbonInput)
    limit = parse("down/input/gridlimit", LIMIT)
    assert isinstance(limit, GridLimitInput)
    assert (limit.import_limit_w, limit.export_limit_w) == (4200.0, None)
    weather = parse("down/input/weather", WEATHER)
    assert isinstance(weather, WeatherInput)
    assert (weather.ghi_w_m2, weather.temperature_c) == ((0.0, None, 850.5), ())
    assert parse("down/ack", ACK | {"resend_from": {"event": 1}}) == Acknowledgement(
        datetime(2026, 6, 1, 10, tzinfo=UTC), (("minute", 123), ("event", 0)), (("event", 1),)
    )


def test_a_platform_may_say_what_else_it_reads() -> None:
    assert parse("down/ack", ACK).accepts == ()  # type: ignore[attr-defined]
    assert parse("down/ack", ACK | {"accepts": ["application/json+gzip", "x"]}).accepts == (  # type: ignore[attr-defined]
        "application/json+gzip", "x",
    )  # fmt: skip


def test_a_time_with_another_offset_from_utc_is_the_same_time() -> None:
    east = TARIFF | {"issued_at": "2026-06-01T12:00:00+02:00", "valid_from": "2026-06-01T16:30:00-05:30"}
    found = parse("down/input/tariff", east)
    assert isinstance(found, TariffInput)
    assert found == parse("down/input/tariff", TARIFF)
    assert found.valid_from.utcoffset() == timedelta(0)


def test_a_step_without_a_price_is_a_hole_and_no_reason_to_refuse_the_rest() -> None:
    found = parse("down/input/tariff", TARIFF | {"import_price": [0.31, None, 0.0], "export_price": [None] * 3})
    assert isinstance(found, TariffInput)
    assert found.import_price == (0.31, None, 0.0)
    carbon = TARIFF | {"schema": "carbon/1.0", "kg_per_kwh": [0.4, None]}
    assert parse("down/input/carbon", carbon).kg_per_kwh == (0.4, None)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("currency", "prices", "words"),
    [
        ("GBP", [28.0, 9.5, 28.0], "import_price.0: Input should be less than or equal to 10 GBP per kWh, not 28"),
        ("GBP", [8.5, 8.5, 9.0], "import_price: the middle of the prices is 8.5, .* in GBP; did you mean 0.085?"),
        ("EUR", [8.5], "did you mean 0.085. prices are in EUR and not in cents"),
        ("JPY", [31.0, 28.0], None),
        ("JPY", [31_000.0], "import_price.0"),
        ("HUF", [70.0, 36.0, 70.0], None),
        ("AUD", [17.5, 0.3, 0.25, 0.28], None),
        ("AUD", [17.5], None),
        ("AUD", [28.0], "import_price.0: Input should be less than or equal to 25"),
        ("EUR", [4.0, 0.2, 0.2], None),
        ("EUR", [4.0, 4.0, 0.2], "import_price: the middle"),
        ("XYZ", [8.5, 28.0], None),
    ],
)
def test_prices_in_cents_are_asked_back_by_currency(currency: str, prices: list[float], words: str | None) -> None:
    body = json.dumps(TARIFF | {"import_price": prices, "export_price": None}).encode()
    door = JsonPayloads("home-1", "abc", currency)
    if words is None:
        assert isinstance(door.parse("down/input/tariff", body), TariffInput)
        return
    with pytest.raises(PayloadRefused, match=words):
        door.parse("down/input/tariff", body)


ADVICE = {
    "schema": "advice/1.0", "issued_at": "2026-06-01T10:00:00Z", "key": "shift_load/washer/2026-06-01",
    "verb": "schedule", "scheduled_for": "2026-06-01T20:00:00Z",
}  # fmt: skip


def test_a_word_about_a_recommendation_is_read() -> None:
    at, then = datetime(2026, 6, 1, 10, tzinfo=UTC), datetime(2026, 6, 1, 20, tzinfo=UTC)
    assert parse("down/cmd/advice", ADVICE) == Request(AnswerAdvice(str(ADVICE["key"]), Verb.SCHEDULE, then), at)


@pytest.mark.parametrize(
    ("topic", "body", "words"),
    [
        ("down/input/tariff", TARIFF | {"import_price": [0.3, 11.0]}, "import_price.1: .*less than or equal to 10"),
        ("down/input/tariff", TARIFF | {"import_price": [-5.1]}, "import_price.0"),
        ("down/input/tariff", TARIFF | {"import_price": []}, "import_price"),
        ("down/input/tariff", TARIFF | {"import_price": [0.1] * 2017}, "import_price"),
        ("down/input/tariff", TARIFF | {"import_price": ["0.3"]}, "import_price.0: .*valid number"),
        ("down/input/tariff", TARIFF | {"import_price": [True]}, "import_price.0"),
        ("down/input/tariff", TARIFF | {"import_price": [0.3]}, "different lengths"),
        ("down/input/tariff", TARIFF | {"step_s": 1}, "step_s"),
        ("down/input/tariff", TARIFF | {"step_s": 900.5}, "step_s"),
        ("down/input/tariff", TARIFF | {"valid_from": "0001-01-01T00:00:00+14:00"}, "valid_from: .*from 2000 to 2199"),
        ("down/input/tariff", TARIFF | {"valid_from": "9999-12-31T23:00:00-12:00"}, "valid_from: .*from 2000 to 2199"),
        ("down/input/tariff", TARIFF | {"valid_from": "2026-06-01T22:00:00"}, "valid_from"),
        ("down/input/tariff", TARIFF | {"valid_from": 1780000000}, "valid_from"),
        ("down/input/tariff", {k: v for k, v in TARIFF.items() if k != "issued_at"}, "issued_at: Field required"),
        ("down/input/tariff", TARIFF | {"schema": "tariff/2.0"}, "version 2 is not known"),
        ("down/input/tariff", TARIFF | {"schema": "carbon/1.0"}, "schema is not tariff"),
        ("down/input/tariff", TARIFF | {"schema": 1}, "schema is not tariff"),
        ("down/input/tariff", [], "schema is not tariff"),
        ("down/input/weather", WEATHER | {"ghi_w_m2": []}, "all empty or have different lengths"),
        ("down/input/weather", WEATHER | {"cloud_pct": [1]}, "all empty or have different lengths"),
        ("down/input/gridlimit", LIMIT | {"valid_to": LIMIT["valid_from"]}, "valid_to is not after"),
        ("down/input/gridlimit", LIMIT | {"export_limit_w": -1}, "export_limit_w"),
        ("down/ack", ACK | {"streams": {"minutes": 1}}, "streams.minutes"),
        ("down/ack", ACK | {"streams": {"minute": -1}}, "streams.minute"),
        ("down/ack", ACK | {"streams": {"a\nb": 1}}, r"streams.\(a key\)"),
        ("down/ack", ACK | {"streams": {"x" * 60_000: 1}}, r"streams.\(a key\)"),
        ("down/ack", ACK | {"streams": {"minute": 2**60}}, "streams.minute"),
        ("down/ack", ACK | {"accepts": ["x" * 121]}, "accepts.0"),
        ("down/ack", ACK | {"accepts": ["x"] * 33}, "accepts"),
        ("down/ack", ACK | {"accepts": "application/json+gzip"}, "accepts"),
        ("down/cmd/reboot", {}, "no such topic"),
        ("down/cmd/advice", ADVICE | {"verb": "burn"}, "verb: 'burn' is none of acknowledge, dismiss, schedule"),
        ("down/cmd/advice", ADVICE | {"key": ""}, "the key of a recommendation has 1 to 200 characters"),
        ("down/cmd/advice", ADVICE | {"key": "x" * 201}, "the key of a recommendation has 1 to 200 characters"),
        ("down/cmd/advice", ADVICE | {"key": 7}, "key: str was expected, not int"),
        ("down/cmd/advice", ADVICE | {"scheduled_for": "2026-06-01T20:00:00"}, "scheduled_for has no time zone"),
        ("down/cmd/advice", ADVICE | {"verb": "dismiss"}, "scheduled_for does not belong to dismiss"),
        ("down/cmd/advice", ADVICE | {"schema": "advice/2.0"}, "schema version 2 is not known"),
    ],
)
def test_bad_messages_are_refused_with_place_and_reason(topic: str, body: object, words: str) -> None:
    with pytest.raises(PayloadRefused, match=words) as refusal:
        parse(topic, body)
    assert str(refusal.value).startswith(f"{topic}: ")
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe", "not UTF-8"),
        (json.dumps(TARIFF).encode().replace(b"0.31", b"NaN"), "import_price.0"),
        (json.dumps(TARIFF).encode().replace(b"0.31", b"1e999"), "import_price.0"),
        (b"[" * 50_000, "nested deeper than 16"),
        (json.dumps({"a": '[[[[[[[[[[[[[[[[[[[["\\'}).encode(), "schema is not tariff"),
        (b" " * (LARGEST_PAYLOAD + 1), "bytes are more than"),
    ],
)
def test_bad_bytes_are_refused(payload: bytes, words: str) -> None:
    with pytest.raises(PayloadRefused, match=words):
        payloads().parse("down/input/tariff", payload)


@given(payload=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_refused_and_never_more_than_that(payload: bytes) -> None:
    with pytest.raises(PayloadRefused):
        payloads().parse("down/ack", payload)
