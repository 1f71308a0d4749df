"""Every row has a test or a reason, and the page says what the tests say."""

from tests.faults.catalogue import rows
from tests.faults.not_covered import NOT_COVERED
from tests.faults.table import PAGE, page, promises
from tests.security.items import security


@security(6, shows="every fault of docs/faults.md has a test that injects it and holds it to a time until neutral")
def test_every_row_is_shown_by_a_test_or_has_a_reason_why_not() -> None:
    shown = {promise.row for promise in promises()}
    everything = {row.number for row in rows()}
    assert shown | set(NOT_COVERED) == everything
    assert not shown & set(NOT_COVERED)


def test_the_page_says_what_the_tests_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "make it anew: python -m tests.faults.table"
