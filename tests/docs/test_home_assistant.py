"""The page about Home Assistant has the table of its entities as they are."""

from tests.docs.home_assistant import PAGE, above, table


def test_the_table_of_entities_is_that_of_the_code() -> None:
    page = PAGE.read_text("utf-8")
    assert page == above(page) + table(), "python -m tests.docs.home_assistant --write"
