"""The check of sizes finds what is too long, and nothing else."""

from tests.sizes import EXCEPTIONS, main, sizes, verdicts

LONG = "def far() -> None:\n" + "    pass\n" * 45


def test_this_repository_holds_its_sizes() -> None:
    assert main() == 0


def test_a_function_of_46_lines_is_named_and_one_of_45_is_not() -> None:
    assert verdicts(sizes("a.py", LONG), {}) == ["a.py::far has 46 lines: 45 are allowed"]
    assert verdicts(sizes("a.py", LONG.removesuffix("    pass\n")), {}) == []


def test_a_file_of_301_lines_is_named() -> None:
    assert verdicts(sizes("a.py", "x = 1\n" * 300), {}) == []
    assert verdicts(sizes("a.py", "x = 1\n" * 301), {}) == ["a.py has 301 lines: 300 are allowed"]


def test_an_exception_may_not_grow_and_leaves_when_it_is_not_needed() -> None:
    assert verdicts(sizes("a.py", LONG), {"a.py::far": (46, "why")}) == []
    assert verdicts(sizes("a.py", LONG + "    pass\n"), {"a.py::far": (46, "why")}) == [
        "a.py::far has 47 lines: 46 are allowed"
    ]
    assert verdicts(sizes("a.py", "x = 1\n"), {"a.py::far": (46, "why")}) == [
        "a.py::far is not too long any more: it leaves the list"
    ]


def test_every_exception_has_a_reason() -> None:
    assert [place for place, (_, why) in EXCEPTIONS.items() if len(why) < 20] == []
