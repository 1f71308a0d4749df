"""Nouns cross the pipe unchanged, and nothing else crosses it."""

import json
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time

import pytest

from agent.domain.forecast import Forecast
from agent.domain.horizon import Horizon
from agent.domain.request import Place
from agent.domain.setpoint import Rung, Setpoint
from agent.domain.tariff import Flat, TimeOfUse, Window
from agent.domain.wire import WireError, formerly, from_json, to_json

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
FORECAST = Forecast("load_w", Horizon(NOW, 900, 2), (0.5,), ((1.0, 2.5),), "persistence", NOW)
WINDOW = Window(1.0, time(16), time(21), frozenset({4, 0}))


@pytest.mark.parametrize(
    "noun",
    [
        FORECAST,
        Setpoint(NOW, None, 60.0, Rung.PLAN, "because"),
        Setpoint(NOW, 12.5, 60.0, Rung.RELEASE, "because", 3.0),
        Place(52.2, 0.1, "Europe/London", (date(2026, 12, 25),)),
        TimeOfUse(0.0, (WINDOW,), "UTC", frozenset({date(2026, 12, 25)})),
    ],
)
def test_there_and_back(noun: object) -> None:
    assert from_json(type(noun), to_json(noun)) == noun


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"extra": 1}, "unknown field extra"),
        ({"source": 5}, "Forecast.source: str was expected"),
        ({"levels": "0.5"}, "Forecast.levels: a list was expected"),
        ({"levels": [0.5, "x"]}, "Forecast.levels[1]: float was expected"),
        ({"issued_at": "yesterday"}, "Forecast.issued_at"),
        ({"horizon": {"start": NOW.isoformat(), "step_s": 0, "steps": 2}}, "at least one step"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, object], place: str) -> None:
    plain = json.loads(to_json(FORECAST)) | change
    with pytest.raises(WireError, match=place.replace("[", r"\[").replace("]", r"\]")):
        from_json(Forecast, json.dumps(plain))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"quantity": "load_w"}'])
def test_no_noun_at_all(text: str) -> None:
    with pytest.raises(WireError):
        from_json(Forecast, text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [("[" * 100_000 + "]" * 100_000, "nested too deeply"), ('{"price_per_kwh": 1' + "0" * 400 + "}", "too large")],
)
def test_what_no_number_and_no_stack_can_hold_is_refused_like_the_rest(text: str, reason: str) -> None:
    with pytest.raises(WireError, match=reason):
        from_json(Flat, text)


def test_a_set_is_the_same_text_however_it_was_filled() -> None:
    one, other = (replace(WINDOW, days=frozenset(days)) for days in ((0, 8, 16), (16, 8, 0)))
    assert to_json(one) == to_json(other)
    assert '"days":[0,8,16]' in to_json(one)


@pytest.mark.parametrize(("days", "place"), [("0", "a list was"), ([0, "x"], "[1]: int was")])
def test_what_is_no_set_is_named(days: object, place: str) -> None:
    plain = json.loads(to_json(WINDOW)) | {"days": days}
    with pytest.raises(WireError, match=re.escape("Window.days")) as refused:
        from_json(Window, json.dumps(plain))
    assert place in str(refused.value)


@dataclass(frozen=True)
class Renamed:
    height_m: float = field(default=1.0, metadata=formerly("height"))
    width_m: float = 2.0


def test_a_field_is_read_under_the_name_of_an_earlier_release_and_written_under_its_own() -> None:
    assert from_json(Renamed, '{"height":3.0,"width_m":4.0}') == Renamed(3.0, 4.0)
    assert from_json(Renamed, '{"height_m":3.0}') == Renamed(3.0)
    assert to_json(Renamed(3.0)) == '{"height_m":3.0,"width_m":2.0}'


def test_both_names_of_a_field_at_once_are_refused() -> None:
    with pytest.raises(WireError, match="unknown field height"):
        from_json(Renamed, '{"height":3.0,"height_m":4.0}')
