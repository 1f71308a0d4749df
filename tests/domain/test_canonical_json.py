import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.canonical_json import NotCanonical, canonical

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
PARTS = st.floats(-1e6, 1e6).filter(lambda part: part == 0.0 or abs(part) >= 1e-6)
PLAIN = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | PARTS | TEXTS
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4))


@given(st.dictionaries(TEXTS, VALUES, max_size=5))
def test_what_is_written_is_the_same_object_and_is_written_the_same_again(members: dict[str, Any]) -> None:
    written = canonical(members)
    assert json.loads(written) == members
    assert canonical(json.loads(written)) == written


@pytest.mark.parametrize(
    ("members", "written"),
    [
        ({"b": 1, "a": [True, None, "é"]}, '{"a":[true,null,"é"],"b":1}'),
        ({"n": 1.0, "m": -0.0, "k": 0.00001, "j": -1.25e-06}, '{"j":-0.00000125,"k":0.00001,"m":0,"n":1}'),
        ({"\u20ac": "Euro", "\r": "CR", "\U0001f600": "Smiley", "\ufb33": "Dalet"}, None),  # RFC 8785, 3.2.3
        ({"t": '"\\\u000f\n'}, '{"t":"\\"\\\\\\u000f\\n"}'),
        ({"n": 1e20, "p": 333333333.33333329}, '{"n":100000000000000000000,"p":333333333.3333333}'),
    ],
)
def test_it_is_written_as_in_rfc_8785(members: dict[str, Any], written: str | None) -> None:
    if written is None:
        assert list(json.loads(canonical(members)).values()) == ["CR", "Euro", "Smiley", "Dalet"]
    else:
        assert canonical(members).decode() == written


@pytest.mark.parametrize("value", [math.nan, math.inf, 1e21, 1e-7, 2**53 + 1, "\ud800", object()])
def test_what_has_no_one_way_to_be_written_is_refused(value: object) -> None:
    with pytest.raises(NotCanonical):
        canonical({"value": value})
