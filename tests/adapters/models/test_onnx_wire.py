"""Lists of an attribute, beside what ONNX's own protocol buffers wrote."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper

from agent.adapters.models.onnx_wire import BYTES, VARINT, Lists, Shape, Span, WireFault, read_attribute

ATTRIBUTE = Shape("attribute", {1: BYTES, 20: VARINT})
KINDS = ("LEAF", "BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ")
WORDS = st.sampled_from([*KINDS, "", "J", "LEA", "LEAFJ", "JJLEAF", "BRANCH_MEMBER"])


def strings(content: bytes) -> tuple[bytes, ...] | None:
    return entries(read_attribute(Span(content, 0, len(content)), ATTRIBUTE)[1])


def entries(lists: Lists) -> tuple[bytes, ...] | None:
    found = lists.strings
    return None if found is None else tuple(found.words[place] for place in found.places)


@given(st.lists(st.one_of(WORDS, st.sampled_from(KINDS)), min_size=1, max_size=30))
def test_words_come_back_as_they_were_written(words: list[str]) -> None:
    content = helper.make_attribute("nodes_modes", words).SerializeToString()
    assert strings(content) == tuple(word.encode() for word in words)


@pytest.mark.parametrize("missing", range(1, 5))
def test_a_list_that_is_cut_off_is_refused(missing: int) -> None:
    content = b"\x4a\x04LEAF\x4a\x04LEAF"[:-missing]
    with pytest.raises(WireFault, match="one of its lists is cut off or has a very long text"):
        strings(content)


def test_a_long_text_after_known_kinds_is_refused() -> None:
    with pytest.raises(WireFault, match="one of its lists is cut off or has a very long text"):
        strings(b"\x4a\x04LEAF" + b"\x4a\x80\x01" + b"x" * 128)


def test_the_list_ends_where_the_attribute_ends() -> None:
    content = b"\x4a\x04LEAF" * 3
    assert entries(read_attribute(Span(content, 0, 12), ATTRIBUTE)[1]) == (b"LEAF", b"LEAF")
