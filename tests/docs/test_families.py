"""The table of families in the README, and the documents that the rows of the families come from."""

import re
from collections.abc import Mapping

import pytest

from drivers.registry import FAMILIES
from simulator.profiles import PROFILES
from tests.bench.steps import HEAD, METER_LAGS_S
from tests.docs.rooms import HOUSE

# A version, a year or month, a number with its revision as makers give them, or the commit of a library.
EDITION = re.compile(
    r"\bV?\d+\.\d+(?:\.\d+)?\b|\b\d\d/\d{4}\b|\b(?:19|20)\d\d\b"
    r"|\b[A-Z]{4}\d{4}[A-Z]{2}-\d\d\b|\b2CMC\d{6}[A-Z]\d{4}\b|\bTI-en-\d\d\b|\b(?=[0-9a-f]*\d)[0-9a-f]{7,40}\b"
)
NO_EDITION = "no edition"


def sure_of() -> Mapping[str, str]:
    """What the README's table says of each family that it names in its first column."""
    text = (HOUSE / "README.md").read_text(encoding="utf-8")
    heading = "| family | devices | sure | steers |\n|---|---|---|---|\n"
    rows = text.split(heading)[1].split("\n\n")[0].splitlines()
    found: dict[str, str] = {}
    for row in rows:
        families, _, sure, _ = row[1:-1].split("|")
        found |= dict.fromkeys(re.findall(r"`(\w+)`", families), sure.strip())
    return found


def test_the_readme_names_every_family_and_how_sure_it_is() -> None:
    assert sure_of() == {name: family.confidence for name, family in FAMILIES.items()}


def test_the_page_of_steps_has_every_simulated_device_at_every_lag() -> None:
    page = (HOUSE / "docs" / "steps.md").read_text(encoding="utf-8")
    assert page.startswith(HEAD)
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in page.removeprefix(HEAD).splitlines()]
    assert sorted((row[1], float(row[5])) for row in rows) == sorted(
        (profile, lag_s) for profile in PROFILES for lag_s in METER_LAGS_S
    )
    assert {row[0] for row in rows} <= {f"`{name}`" for name, family in FAMILIES.items() if family.steerable}


def names_its_edition(document: str) -> bool:
    return bool(EDITION.search(document)) != (NO_EDITION in document)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_document_names_its_edition_or_says_that_it_has_none(name: str) -> None:
    assert names_its_edition(FAMILIES[name].document), FAMILIES[name].document


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ("Eastron SDM120 Modbus protocol V2.4", True),
        ("Schneider Electric iEM3000 user guide DOCA0005DE-12", True),
        ("Definitions, as in huawei-solar-lib 873c1b3", True),
        ("Janitza Modbus address lists UMG 96RM and UMG 604, no edition", True),
        ("Eastron SDM630 Modbus protocol", False),
        ("Kostal 10 kW, effaced defaced", False),
        ("Eastron SDM120 Modbus protocol V2.4, no edition", False),
    ],
)
def test_what_is_an_edition(document: str, named: bool) -> None:
    assert names_its_edition(document) is named
