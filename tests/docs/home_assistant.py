"""The table of entities in docs/home_assistant.md: ``python -m tests.docs.home_assistant --write`` makes it anew."""

import sys

from agent.home_assistant.entities import CURRENCY, ENTITIES, Entity, Needs
from tests.docs.rooms import HOUSE

PAGE = HOUSE / "docs" / "home_assistant.md"
HEAD = "| key | name | kind | unit | what it is |\n| --- | --- | --- | --- | --- |\n"


def table() -> str:
    """One row an entity, in the order of the code."""
    return HEAD + "".join(f"| {' | '.join(_cells(entity))} |\n" for entity in ENTITIES)


def above(page: str) -> str:
    """``page`` without its table."""
    return page.partition(HEAD)[0]


def _cells(entity: Entity) -> tuple[str, ...]:
    kind = entity.options.get("device_class", "text" if entity.key in ("reason", "order_result") else "")
    unit = str(entity.options.get("unit_of_measurement", "")).replace(CURRENCY, "currency")
    platform = entity.platform.value.replace("_", " ")
    where = "" if entity.needs is Needs.NOTHING else f"; {entity.needs.value}"
    return f"`{entity.key}`", entity.name, f"{platform} {kind}".strip(), unit, f"{entity.about}{where}"


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(above(PAGE.read_text("utf-8")) + table(), "utf-8")
    else:
        print(table(), end="")
