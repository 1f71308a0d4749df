"""Every item has its tests, and the page says what the tests say."""

from pathlib import Path

from tests.security.items import items
from tests.security.table import NOT_YET, PAGE, page, shown

# What is not there yet; a mark alone takes an item from here.
TO_COME = {4, 7, 17, 18, 20}


def test_every_item_is_shown_or_known_to_come() -> None:
    numbers = {item.number for item in items()}
    assert numbers == set(range(1, 21))
    named = {one.item for one in shown()}
    assert named <= numbers
    assert numbers - named <= TO_COME
    assert page().count(NOT_YET) == len(numbers - named)


def test_the_page_says_what_the_tests_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "make it anew: python -m tests.security.table"


def test_a_mark_is_found_where_it_stands(tmp_path: Path) -> None:
    (tmp_path / "test_one.py").write_text(
        'from x import security\n\n\n@security(7, shows="a")\n@security(8, shows="b" "c")\nasync def test_it(): ...\n'
    )
    assert [(one.item, one.shows, one.file, one.test) for one in shown(tmp_path)] == [
        (7, "a", "test_one.py", "test_it"),
        (8, "bc", "test_one.py", "test_it"),
    ]
