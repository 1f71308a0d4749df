"""The simulated platform counts every row once and knows what is missing."""

from typing import Any

from simulator.platform import ReceivedStream


def batch(prev: int, *seqs: int) -> dict[str, Any]:
    rows = [[seq, seq * 10.0, 1.5] for seq in seqs]
    return {
        "prev": prev, "seq_from": seqs[0], "seq_to": seqs[-1], "columns": ["seq", "load_w"], "points": ["m.a"],
        "rows": rows,
    }  # fmt: skip


def test_batches_in_order() -> None:
    stream = ReceivedStream()
    stream.take(batch(10, 11, 12))
    stream.take(batch(12, 13))
    assert (stream.contiguous, stream.duplicates, stream.gaps, stream.declared_lost) == (13, 0, 0, 0)
    assert stream.rows[12] == {"seq": 12, "load_w": 120.0, "points.m.a": 1.5}


def test_duplicates_are_counted_and_kept_once() -> None:
    stream = ReceivedStream()
    stream.take(batch(0, 1, 2, 3))
    stream.take(batch(1, 2, 3, 4))
    stream.take(batch(0, 1))
    assert (sorted(stream.rows), stream.duplicates, stream.contiguous) == ([1, 2, 3, 4], 3, 4)


def test_a_gap_holds_the_mark_until_it_is_filled() -> None:
    stream = ReceivedStream()
    stream.take(batch(0, 1))
    stream.take(batch(3, 4, 5))
    assert (stream.contiguous, stream.gaps, stream.last) == (1, 1, 5)
    stream.take(batch(1, 2, 3, 4, 5))
    assert (stream.contiguous, stream.declared_lost, stream.duplicates) == (5, 0, 2)


def test_a_declared_hole_is_no_gap() -> None:
    stream = ReceivedStream()
    stream.take(batch(0, 1))
    stream.take(batch(1, 1000))
    assert (stream.contiguous, stream.gaps, stream.declared_lost) == (1000, 0, 1)


def test_a_first_batch_that_never_came_is_missed_where_the_site_says_what_was_acknowledged() -> None:
    for told_first in (True, False):
        stream = ReceivedStream()
        if told_first:
            stream.begin_at(10)
        stream.take(batch(12, 13))
        stream.begin_at(10)
        assert (stream.contiguous, stream.last) == (10, 13), "asked for again from 11 on"
        stream.take(batch(10, 11, 12, 13))
        assert (stream.contiguous, sorted(stream.rows), stream.declared_lost) == (13, [11, 12, 13], 0)
        stream.begin_at(13)
        assert stream.contiguous == 13, "a later connection"
