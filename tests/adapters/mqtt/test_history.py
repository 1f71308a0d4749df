"""A backlog is packed and comes out of the platform's own reader as it went in, whatever stands in it."""

import json
import zlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.adapters.mqtt.history import HistoryForm
from agent.adapters.mqtt.incoming_messages import LARGEST_PAYLOAD
from agent.adapters.mqtt.payloads import JsonPayloads
from agent.domain.envelope import HISTORY_TYPE, Envelope
from agent.domain.records import OutboxRow
from simulator.history import CONTENT_TYPE, MOST_BYTES, unpack
from tests.adapters.mqtt.test_payloads import NOW, row
from tests.bench.minutes import POINTS, minute_rows

THOUSANDTHS = st.integers(-(10**12), 10**12).map(lambda whole: whole / 1000)
NUMBERS = st.none() | THOUSANDTHS | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**60), 2**60)
TIMES = st.datetimes(datetime(1900, 1, 1), datetime(2199, 1, 1), timezones=st.just(UTC)).map(
    lambda at: at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
)
WORDS = st.sampled_from(["", "2026-06-01", "2026-06-01T12:00:00", "2026-06-01T12:00:00.000+02:00", "größer"])
ANY = NUMBERS | TIMES | WORDS | st.booleans()


def pack(rows: list[OutboxRow], prev: int = 0) -> Envelope:
    return JsonPayloads("home-1", "abc").rows("minute", rows, prev, NOW, history=True)


@st.composite
def tables(draw: st.DrawFn) -> list[OutboxRow]:
    height = draw(st.integers(1, 12))
    seqs = sorted(draw(st.sets(st.integers(1, 2**53), min_size=height, max_size=height)))
    kinds = draw(st.lists(st.sampled_from([NUMBERS, TIMES, WORDS, st.booleans(), ANY]), min_size=1, max_size=4))
    values = [draw(st.lists(kind, min_size=height, max_size=height)) for kind in kinds]
    points = [draw(st.lists(NUMBERS, min_size=height, max_size=height)) for _ in range(draw(st.integers(0, 3)))]
    columns, names = tuple(f"c{i}" for i in range(len(values))), tuple(f"m.p{i}" for i in range(len(points)))
    return [
        OutboxRow(seqs[i], columns, tuple(v[i] for v in values), names, tuple(p[i] for p in points))
        for i in range(height)
    ]


@given(rows=tables())
def test_every_value_comes_out_as_it_went_in(rows: list[OutboxRow]) -> None:
    body = unpack(pack(rows).payload)
    found = body["rows"]
    assert found == [[one.seq, *one.values, *one.points] for one in rows]
    for before, after in zip(rows, found, strict=True):
        assert [type(value) is bool for value in before.values] == [
            type(value) is bool for value in after[1 : 1 + len(before.values)]
        ], "true is not 1"


def test_it_says_itself_what_it_is() -> None:
    rows = [row(7 + i, 2) for i in range(20)]
    envelope = pack(rows, 6)
    assert (envelope.topic, envelope.content_type, envelope.seq_to) == ("up/data/minute", HISTORY_TYPE, 26)
    assert HISTORY_TYPE == CONTENT_TYPE
    body = json.loads(zlib.decompress(envelope.payload, 31))
    assert (body["schema"], body["stream"], body["prev"]) == ("history/1.0", "minute", 6)
    assert (body["seq_from"], body["seq_to"], body["count"]) == (7, 26, 20)
    assert (body["columns"], body["points"]) == (["seq", *rows[0].columns], ["m.p0", "m.p1"])
    assert body["values"][:2] == [
        {"digits": 0, "deltas": [7] + [1] * 19},
        {"times_ms": [1780315200000] + [0] * 19},
    ]
    assert body["values"][-1] == {"digits": 3, "deltas": [1125] + [0] * 19}


def test_every_payload_fits_and_nothing_is_left_between_them() -> None:
    minutes = minute_rows(40)
    rows = [OutboxRow(1 + i, ("at",), ("x",), POINTS, minutes[i % 40].points) for i in range(1200)]
    rows = [
        OutboxRow(one.seq, one.columns, one.values, POINTS, tuple(round((v or 0.0) * one.seq, 3) for v in one.points))
        for one in rows
    ]
    speaker, prev, seen, sizes = JsonPayloads("home-1", "abc"), 0, [], []
    while prev < 1200:
        envelope = speaker.rows("minute", rows[prev : prev + 500], prev, NOW, history=True)
        sizes.append(len(envelope.payload))
        seen += [values[0] for values in unpack(envelope.payload)["rows"]]
        assert envelope.seq_to is not None
        prev = envelope.seq_to
    assert seen == list(range(1, 1201))
    assert max(sizes) <= LARGEST_PAYLOAD
    assert min(sizes[:-1]) > LARGEST_PAYLOAD / 2, "what fits is known from the payload before"


def test_it_ends_where_the_points_change_and_a_row_too_large_goes_alone() -> None:
    rows = [row(1, 2), row(2, 2), row(3, 3)]
    assert pack(rows).seq_to == 2
    huge = "".join(map(chr, range(0x4E00, 0x9F00)))
    form = HistoryForm(largest=100)
    assert form.pack({}, [row(1, 1, rung=huge), row(2, 1)])[1] == 1


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_is_no_number_is_refused_as_without_compression(number: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        pack([OutboxRow(1, ("a",), (number,))])


@pytest.mark.parametrize("spoilt", ["cut", "bomb", "plain", "columns", "count"])
def test_the_platform_refuses_what_it_cannot_unpack(spoilt: str) -> None:
    payload = pack([row(1, 1), row(2, 1)]).payload
    body = json.loads(zlib.decompress(payload, 31))
    packed = {
        "cut": payload[:-9],
        "bomb": zlib.compress(b" " * (MOST_BYTES + 1), 9, 31),
        "plain": json.dumps(body).encode(),
        "columns": zlib.compress(json.dumps(body | {"points": []}).encode(), 6, 31),
        "count": zlib.compress(json.dumps(body | {"count": 3}).encode(), 6, 31),
    }[spoilt]
    with pytest.raises(ValueError, match="it "):
        unpack(packed)
