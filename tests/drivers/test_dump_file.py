"""The file of a captured device: what goes in comes out, an hour is small, and bad files are one sentence."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.device import Span
from drivers.dumps.dump import Asked, Dump, Expected
from drivers.dumps.dump_file import DumpUnreadable, parsed, read_dump, written
from drivers.dumps.series import Series, from_text, series_of, to_text

WORDS = st.integers(0, 0xFFFF)
ROUNDS = 50
CHANGES = st.lists(st.tuples(st.integers(0, ROUNDS - 1), WORDS), min_size=1, max_size=12, unique_by=lambda one: one[0])
SERIES = CHANGES.map(lambda changes: series_of(sorted(changes)))
SPANS = st.builds(Span, st.sampled_from(["holding", "input"]), WORDS, st.integers(1, 125))
OUTCOMES = st.lists(st.sampled_from(["answered", "silent", 2, 6, 0x93]), min_size=1, max_size=5).map(
    lambda found: series_of(list(enumerate(found)))
)
DUMPS = st.builds(
    Dump,
    st.just("sdm630"),
    st.just({}),
    st.integers(0, 255),
    st.just(tuple(range(0, 1000 * ROUNDS, 1000))),
    st.builds(
        lambda holding, inputs: {"holding": holding, "input": inputs},
        st.dictionaries(WORDS, SERIES, min_size=1, max_size=20),
        st.dictionaries(WORDS, SERIES, max_size=5),
    ),
    st.dictionaries(SPANS, st.builds(Asked, st.none() | st.integers(0, 9).map(lambda ms: ms / 1000.0), OUTCOMES)),
    st.none() | st.builds(Expected, st.integers(0, ROUNDS - 1), st.just({"grid_w": -1.5, "soc_pct": None})),
    st.frozensets(WORDS, max_size=5),
)


def small() -> Dump:
    words = {7: Series(((0, 100), (1, 65535))), 8: Series(((0, 3),))}
    asked = {Span("input", 7, 2): Asked(0.012, Series(((0, "answered"), (1, 6))))}
    return Dump("sdm630", {"rated_w": 9000.0}, 3, (0, 1000), {"input": words}, asked, Expected(0, {"grid_w": 2.5}))


@given(SERIES)
def test_a_series_is_its_text(series: Series[int]) -> None:
    assert from_text(to_text(series), ROUNDS) == series


def test_a_series_holds_what_was_read_last() -> None:
    series = from_text("2301 +3 =5 -1", 10)
    assert [series.at(number) for number in (0, 1, 2, 6, 7, 9)] == [2301, 2304, 2304, 2304, 2303, 2303]


@given(DUMPS)
def test_a_dump_is_its_file(dump: Dump) -> None:
    assert parsed(written(dump)) == dump


def test_an_hour_of_a_meter_is_small() -> None:
    chance = random.Random(1)
    noisy = {2 * i + 1: series_of([(at, chance.randrange(0x10000)) for at in range(3600)]) for i in range(10)}
    steady = {2 * i: Series(((0, 0x4366),)) for i in range(10)}
    dump = Dump("sdm630", {}, 1, tuple(range(0, 3_600_000, 1000)), {"input": noisy | steady}, {}, None)
    assert len(written(dump)) < 8 * 10 * 3600  # under 8 letters for each word that is new
    quiet = Dump("sdm630", {}, 1, dump.offsets_ms, {"input": steady}, {}, None)
    assert len(written(quiet)) < 7 * 3600


def test_the_file_is_read_by_eye() -> None:
    assert written(small()).splitlines() == [
        "{",
        ' "format": "enalysis-edge device dump",',
        ' "version": 1,',
        ' "family": "sdm630",',
        ' "options": {"rated_w": 9000.0},',
        ' "unit_id": 3,',
        ' "rounds_ms": "0 +1000",',
        ' "registers": {',
        '  "input": {',
        '   "7": "100 +65435",',
        '   "8": "3"',
        "  }",
        " },",
        ' "asked": {',
        '  "input 7 2": {"ms": 12.0, "outcomes": [[0, "answered"], [1, 6]]}',
        " },",
        ' "write_only": [],',
        ' "expected": {',
        '  "round": 0,',
        '  "values": {',
        '   "grid_w": 2.5',
        "  }",
        " }",
        "}",
    ]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"format": "a recipe"}, 'this is no dump of a device: "format" is not "enalysis-edge device dump"'),
        ({"version": 2}, "it is of version 2: this program reads version 1"),
        ({"family": "abacus"}, "there is no family 'abacus': allowed are "),
        ({"family": 7}, '"family" is missing or no text'),
        ({"options": {"colour": 1}}, "family sdm630 has no option 'colour': allowed are "),
        ({"unit_id": 256}, '"unit_id" is 256: it must be a whole number from 0 to 255'),
        ({"rounds_ms": "0 -5"}, '"rounds_ms" holds a round that is not later than the one before'),
        ({"rounds_ms": "now"}, "\"rounds_ms\" begins with 'now', which is no number"),
        ({"registers": {}}, '"registers" holds none'),
        ({"registers": {"coils": {}}}, "\"registers\" holds 'coils': it may hold holding and input"),
        ({"registers": {"input": {"seven": "1"}}}, "input register seven is 'seven': it must be a whole number"),
        (
            {"registers": {"input": {"7": "70000"}}},
            "input register 7: the word at 7 is 70000: it must be a whole number",
        ),
        (
            {"registers": {"input": {"65535": "1 2"}}},
            "input register 65535: the address of a word is 65536: it must be",
        ),
        ({"registers": {"input": {"7": "1 2", "8": "3"}}}, "input register 8: register 8 stands there twice"),
        ({"registers": {"input": {"7": "1 +1 +1"}}}, "input register 7 goes on for more than 2 rounds"),
        ({"registers": {"input": {"7": "1 +x"}}}, "input register 7 holds '+x', which is neither a difference nor"),
        ({"registers": {"input": {"7": 5}}}, '"7" is missing or no text'),
        ({"asked": {"coil 1 1": {}}}, "\"asked\" holds 'coil 1 1', which is no table with address and count"),
        ({"asked": {"input 7 2": {"ms": -1}}}, '"ms" of "input 7 2" is -1: it must be a time in ms'),
        ({"asked": {"input 7 2": {"outcomes": []}}}, '"outcomes" of "input 7 2" are no list'),
        ({"asked": {"input 7 2": {"outcomes": [[1, 2]]}}}, 'the outcomes of "input 7 2" begin at round 0'),
        ({"asked": {"input 7 2": {"outcomes": [[0, "no"]]}}}, "an outcome of \"input 7 2\" is 'no': it must be"),
        ({"write_only": [70000]}, 'an address of "write_only" is 70000: it must be a whole number from 0 to 65535'),
        ({"expected": {"round": 0, "values": {"mood": 1}}}, "\"expected\" holds 'mood', which is no quantity"),
        (
            {"expected": {"round": 0, "values": {"grid_w": "1"}}},
            "\"expected\" grid_w is '1': it must be a number or null",
        ),
        (
            {"expected": {"round": 2, "values": {}}},
            'the round of "expected" is 2: it must be a whole number from 0 to 1',
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_one_sentence(change: dict[str, object], sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(json.dumps({**json.loads(written(small())), **change}))
    with pytest.raises(DumpUnreadable) as caught:
        read_dump(path)
    assert str(caught.value).startswith(f"{path}: {sentence}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (written(small())[:200].encode(), "this is no dump of a device, or only a part of one: line "),
        (b"", "this is no dump of a device, or only a part of one: line 1: "),
        (b"[1, 2]", 'this is no dump of a device: "format" is not '),
        (b"\xff\xfe\x00", "this is no dump of a device: it is no text"),
        (b"[" * 100_000, "this is no dump of a device"),
        (b"9" * 10_000, "this is no dump of a device"),
    ],
)
def test_what_is_no_dump_is_one_sentence(content: bytes, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_bytes(content)
    with pytest.raises(DumpUnreadable) as caught:
        read_dump(path)
    assert str(caught.value).startswith(f"{path}: {sentence}")


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DumpUnreadable, match=r"absent\.json: cannot be read: No such file or directory"):
        read_dump(tmp_path / "absent.json")


@pytest.mark.parametrize("length", range(0, len(written(small())) - 2, 17))
def test_half_a_file_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="only a part of one"):
        parsed(written(small())[:length])
