"""The inbox: whole requests or none, oldest first, and a sentence for whatever else lies in it."""

from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from agent.adapters.host import inbox as inbox_file
from agent.adapters.host.inbox import FileInbox, InboxFailure, clear, drop, inbox_of, look
from agent.domain.advisory import Verb
from agent.domain.commands import AnswerAdvice, Request, request_to_json
from agent.ports import Found

AT = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


def request(key: str = "hold_battery/2026-06-01") -> Request:
    return Request(AnswerAdvice(key, Verb.SCHEDULE, AT), AT)


def text() -> str:
    return request_to_json(request())


def test_requests_come_back_in_the_order_they_were_left(tmp_path: Path) -> None:
    inbox, ticks = inbox_of(tmp_path / "site.sqlite3"), count(1)
    for key in ("c", "a", "b"):
        drop(inbox, request(key), lambda: next(ticks))
    taken = look(inbox)
    assert taken.requests == (request("c"), request("a"), request("b"))
    assert taken.refused == ()


def test_they_stay_until_they_are_cleared_and_later_ones_stay_after(tmp_path: Path) -> None:
    inbox = tmp_path / "requests"
    drop(inbox, request("first"))
    taken = look(inbox)
    assert look(inbox).requests == taken.requests
    drop(inbox, request("second"))
    clear(inbox, taken.names)
    assert look(inbox).requests == (request("second"),)
    clear(inbox, taken.names)  # once more does no harm


def test_no_inbox_is_empty(tmp_path: Path) -> None:
    assert look(tmp_path / "requests") == Found()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "not JSON"),
        (b"[" * 2000, "the request x.json cannot be used"),
        (b"\xff\xfe", "the request x.json cannot be used"),
        (b'{"key": "a"}', "cannot be used"),
        (text().replace('"schedule"', '"burn"').encode(), "verb: 'burn' is none of acknowledge, dismiss, schedule"),
        (text().replace("+00:00", "").encode(), "scheduled_for has no time zone"),
        (text().replace('"at": "2026-06-01T12:00:00+00:00"', '"at": "2026-06-01T12:00:00"').encode(), "time zone"),
        (text().replace('"advice"', '"sing"').encode(), "there is no command 'sing': known are advice, comparison"),
        (text().replace('"terms"', '"term"').encode(), "it has no terms"),
        (text().replace('"key": "', '"key": "\\ud800').encode(), "the key of a recommendation has 1 to 200 characters"),
        (b" " * 17_000, "it is larger than 16384 bytes"),
    ],
)
def test_what_is_no_request_is_refused_and_can_be_cleared(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "x.json").write_bytes(content)
    drop(tmp_path, request())
    taken = look(tmp_path)
    assert taken.requests == (request(),)
    assert len(taken.refused) == 1
    assert sentence in taken.refused[0]
    clear(tmp_path, taken.names)
    assert list(tmp_path.iterdir()) == []


def test_a_request_in_the_making_is_not_seen(tmp_path: Path) -> None:
    (tmp_path / ".00001-abcd").write_text(text()[:20])
    (tmp_path / "link.json").symlink_to("/etc/hostname")
    assert look(tmp_path) == Found()


def test_a_full_inbox_and_one_that_cannot_be_made_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox_file, "MOST_FILES", 2)
    drop(tmp_path, request())
    drop(tmp_path, request())
    with pytest.raises(InboxFailure, match="is full: 2 requests wait already"):
        drop(tmp_path, request())
    with pytest.raises(InboxFailure, match=r"cannot be left in .*: No such file or directory"):
        drop(tmp_path / "no" / "requests", request())


async def test_only_what_was_looked_at_is_cleared(tmp_path: Path) -> None:
    inbox = FileInbox(tmp_path / "requests")
    assert await inbox.look(()) == Found()
    await inbox.clear(())
    drop(tmp_path / "requests", request("first"))
    found = await inbox.look(())
    assert (found.requests, found.refused) == ((request("first"),), ())
    assert await inbox.look(found.names) == Found(), "what is known is not found again"
    drop(tmp_path / "requests", request("second"))
    await inbox.clear(found.names)
    await inbox.clear(found.names)
    assert look(tmp_path / "requests").requests == (request("second"),)
