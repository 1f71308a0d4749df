"""Whether a wall clock can be believed, by what is known of it."""

from datetime import UTC, datetime, timedelta

import pytest

from agent.domain.time_trust import EARLIEST, TimeEvidence, doubt_of

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY_S = 86400.0


def kept(synced_s: float | None = None, rtc: datetime | None = None) -> TimeEvidence:
    return TimeEvidence(True, synced_s, rtc)


@pytest.mark.parametrize(
    ("now", "newest", "evidence"),
    [
        (NOW, None, TimeEvidence()),  # nothing is known, nothing speaks against it
        (NOW, NOW - HOUR, TimeEvidence()),
        (NOW, NOW + timedelta(seconds=90), TimeEvidence()),  # dated just before a correction
        (NOW, NOW + 24 * HOUR, kept(60.0)),  # the service knows better than what was written
        (NOW, None, kept(DAY_S)),
        (NOW, NOW - HOUR, kept(None, NOW + timedelta(seconds=3))),
        (EARLIEST, None, kept(None, EARLIEST)),
    ],
)
def test_a_clock_that_is_believed(now: datetime, newest: datetime | None, evidence: TimeEvidence) -> None:
    assert doubt_of(now, newest, evidence) is None


@pytest.mark.parametrize(
    ("now", "newest", "evidence", "reason"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), None, TimeEvidence(), "1970-01-01"),
        (datetime(1970, 1, 1, tzinfo=UTC), None, kept(0.0), "1970-01-01"),
        (NOW, NOW + HOUR, TimeEvidence(), "before what was measured last"),
        (NOW, NOW + HOUR, kept(), "before what was measured last"),
        (NOW, NOW - HOUR, kept(), "not been synchronised since the start"),
        (NOW, NOW - HOUR, kept(None, NOW - 2 * HOUR), "not been synchronised since the start"),  # it had stopped
        (NOW, NOW - HOUR, kept(None, NOW + HOUR), "not been synchronised since the start"),  # they disagree
        (NOW, None, kept(None, NOW - HOUR), "not been synchronised since the start"),
        (NOW, None, kept(None, datetime(2000, 1, 1, tzinfo=UTC)), "not been synchronised since the start"),
    ],
)
def test_a_clock_that_is_not(now: datetime, newest: datetime | None, evidence: TimeEvidence, reason: str) -> None:
    doubt = doubt_of(now, newest, evidence)
    assert doubt is not None
    assert reason in doubt.reason
    assert not doubt.dated


def test_a_clock_that_was_synchronised_long_ago_still_dates_what_is_measured() -> None:
    doubt = doubt_of(NOW, None, kept(1.25 * DAY_S))
    assert doubt is not None
    assert doubt.reason == "has not been synchronised for 30 h"
    assert doubt.dated
