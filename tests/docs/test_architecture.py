"""What the pages for engineers name exists, and the page of the house leads to the answer of each question at night."""

import re
from collections.abc import Iterator

import pytest

from tests.docs.rooms import HOUSE, contracts, floors

PAGES = ["ARCHITECTURE.md", "CONTRIBUTING.md", "docs/questions_at_night.md"]
DECISIONS = sorted(str(page.relative_to(HOUSE)) for page in (HOUSE / "docs" / "decisions").glob("*.md"))
QUOTED = re.compile(r"`([^`\n]+)`|\]\(([^)#\s]+)\)|^ +(\S+)", re.MULTILINE)
ENDINGS = "py|md|toml|tsv|svg|txt|json|service|csv"
PATH = re.compile(rf"[\w*][\w.*-]*(?:/[\w.*-]+)*(?:/|\.(?:{ENDINGS}))")
ON_A_SITE = {"champions.json", "card.json", "sites.json"}  # not files of this repository


def paths_in(text: str) -> Iterator[str]:
    """Names of files, and of folders with a stroke at their end, that stand as code or as a link."""
    for found in QUOTED.finditer(text):
        for word in next(group for group in found.groups() if group is not None).split():
            if PATH.fullmatch(word.rstrip(",;:")) and word not in ON_A_SITE:
                yield word.rstrip(",;:")


def is_there(path: str, page: str) -> bool:
    """From the root, from the room of rooms, or beside the page."""
    places = (HOUSE, HOUSE / "agent", (HOUSE / page).parent)
    return any(next(place.glob(path.rstrip("/")), None) is not None for place in places)


@pytest.mark.parametrize("page", [*PAGES, *DECISIONS])
def test_every_file_that_is_named_exists(page: str) -> None:
    named = sorted(set(paths_in((HOUSE / page).read_text(encoding="utf-8"))))
    assert named, "it names no file at all"
    assert [path for path in named if not is_there(path, page)] == []


def test_a_file_that_does_not_exist_is_found_out() -> None:
    text = "See `dispatch/guard.py` and `dispatch/gaurd.py`, [a page](docs/none.md), `up/live` and `agent/cycles/`."
    assert [(path, is_there(path, "ARCHITECTURE.md")) for path in paths_in(text)] == [
        ("dispatch/guard.py", True),
        ("dispatch/gaurd.py", False),
        ("docs/none.md", False),
        ("agent/cycles/", True),
    ]


def test_every_room_of_the_contract_is_spoken_of() -> None:
    page = (HOUSE / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rooms = {room.split(".")[0] for floor in floors(contracts()) for room in floor.rooms}
    spoken = {path.removeprefix("agent/").split("/")[0].removesuffix(".py") for path in paths_in(page)}
    assert rooms - spoken == set()


def test_the_page_of_the_house_names_a_file_for_every_question_at_night() -> None:
    page = set(paths_in((HOUSE / "ARCHITECTURE.md").read_text(encoding="utf-8")))
    rows = (HOUSE / "docs" / "questions_at_night.md").read_text(encoding="utf-8").split("|---|---|\n")[1].splitlines()
    assert len(rows) >= 20
    answers = {row: {path.removeprefix("agent/") for path in paths_in(row)} for row in rows}
    assert [row for row, paths in answers.items() if not paths or not paths & page] == []


def test_every_decision_is_in_the_list_of_decisions() -> None:
    index = (HOUSE / "docs" / "decisions" / "README.md").read_text(encoding="utf-8")
    assert [page for page in DECISIONS if not page.endswith("README.md") and page.split("/")[-1] not in index] == []
