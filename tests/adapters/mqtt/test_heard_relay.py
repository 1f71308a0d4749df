"""What a relay's message says, and what of it counts: kept ones, old ones, wrong ones, none."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.adapters.mqtt.heard_relay import MOST_BYTES, HeardRelay, Unclear, read
from agent.domain.topic_relay import TopicRelay, Words

PLAIN = Words("stat/x/POWER", "ON", "OFF")
JSON = Words("x/status", "true", "false", "output")
DEEP = Words("x/status", "ON", "OFF", "StatusSTS.POWER")
THERE = Words("x/online", "true", "false")
RELAY = TopicRelay("car", Words("cmnd/x/POWER", "ON", "OFF"), PLAIN, False)


@pytest.mark.parametrize(
    ("words", "payload", "says"),
    [
        (PLAIN, b"ON", True),
        (PLAIN, b" OFF\n", False),
        (PLAIN, b"on", "says on, which is none of ON, OFF"),
        (PLAIN, b"", "says nothing, which is none of"),
        (PLAIN, b"\x00\x07", "says ??, which"),
        (PLAIN, b"x" * 1000, f"says {'x' * 40}, which"),
        (PLAIN, b"\xff\xfe", "is no text in UTF-8"),
        (PLAIN, b"x" * (MOST_BYTES + 1), "is too large for a state"),
        (JSON, b'{"id":0,"output":true}', True),
        (JSON, b'{"output":false}', False),
        (JSON, b'{"output":1}', "says 1, which"),
        (JSON, b'{"output":null}', "says null, which"),
        (JSON, b'{"output":"true"}', True),
        (JSON, b'{"apower":12.5}', "says nothing of output"),
        (JSON, b"true", "no JSON object, in which output would stand"),
        (JSON, b"[" * 9000, "no JSON object"),
        (JSON, b'{"output":', "no JSON object"),
        (DEEP, b'{"StatusSTS":{"POWER":"ON"}}', True),
        (DEEP, b'{"StatusSTS":"ON"}', "says nothing of StatusSTS.POWER"),
    ],
)
def test_what_a_payload_says(words: Words, payload: bytes, says: bool | str) -> None:
    found = read(words, payload)
    if isinstance(says, bool):
        assert found is says
    else:
        assert isinstance(found, Unclear)
        assert says in found.why


@given(st.binary(max_size=200), st.sampled_from([PLAIN, JSON, DEEP]))
def test_no_payload_is_more_than_yes_no_or_a_sentence(payload: bytes, words: Words) -> None:
    found = read(words, payload)
    assert isinstance(found, bool) or (found.why.isprintable() and len(found.why) < 200)


def heard(relay: TopicRelay, *messages: tuple[str, bytes, bool]) -> HeardRelay:
    found = HeardRelay(relay)
    for topic, payload, retained in messages:
        found.hear(topic, payload, retained, 100.0)
    return found


WATCHED = replace(RELAY, availability=THERE)
STATE = PLAIN.topic
LIVE, KEPT = (STATE, b"ON", False), (STATE, b"ON", True)


@pytest.mark.parametrize(
    ("relay", "messages", "on", "why"),
    [
        (RELAY, (), None, "nothing has come on stat/x/POWER since we connected"),
        (RELAY, (LIVE,), True, None),
        (RELAY, (KEPT,), None, "may be old"),
        (RELAY, (KEPT, LIVE), True, None),
        (RELAY, (LIVE, (STATE, b"junk", False)), None, "says junk"),
        (RELAY, (("other", b"ON", False),), None, "nothing has come"),
        (WATCHED, (KEPT,), None, "may be old"),
        (WATCHED, (KEPT, ("x/online", b"true", True)), True, None),
        (WATCHED, (LIVE, ("x/online", b"false", False)), None, "x/online says that the relay is not there"),
        (WATCHED, (LIVE, ("x/online", b"false", False), ("x/online", b"true", False)), True, None),
        (WATCHED, (LIVE, ("x/online", b"?", False)), True, None),
        (WATCHED, (KEPT, ("x/online", b"?", False)), None, "may be old"),
    ],
)
def test_what_counts(
    relay: TopicRelay, messages: tuple[tuple[str, bytes, bool], ...], on: bool | None, why: str | None
) -> None:
    found = heard(relay, *messages)
    assert found.on(100.0) is on
    trouble = found.trouble(100.0)
    assert trouble is None if why is None else why in (trouble or "")


def test_a_message_that_speaks_of_something_else_changes_nothing() -> None:
    found = heard(replace(RELAY, state=JSON), (JSON.topic, b'{"output":true}', False), (JSON.topic, b'{"x":1}', False))
    assert found.on(100.0) is True


def test_a_state_that_is_not_said_again_expires_where_that_is_asked_for() -> None:
    found = heard(replace(RELAY, expire_after_s=60.0), LIVE)
    assert found.on(160.0) is True
    assert (found.on(161.0), found.trouble(161.0)) == (None, "nothing has come on stat/x/POWER for 60 s")
    assert heard(RELAY, LIVE).on(1e9) is True


def test_a_new_connection_knows_nothing() -> None:
    found = heard(WATCHED, ("x/online", b"false", True), LIVE)
    found.forget()
    assert (found.on(100.0), found.is_gone) == (None, False)
