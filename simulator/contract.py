"""The contract between site and platform, as the JSON Schemas in docs/mqtt say it, for a platform that holds to it."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "mqtt"
ENDING = ".schema.json"
ROWS_LOOKED_AT = 20  # of a batch: all are made alike


def fault(topic: str, body: Mapping[str, Any], folder: Path = FOLDER) -> str | None:
    """What is wrong with ``body`` on ``topic`` (below the site's root), in one sentence; None for what is right.

    None as well where the schemas or ``jsonschema`` are not installed: the simulator runs without them.
    """
    if not can_check(folder):
        return None
    name = topic.replace("/", ".")
    validator = _validator(folder, name) or _validator(folder, name.rpartition(".")[0])  # without its parameter
    if validator is None:
        return f"{topic}: there is no schema for it"
    if isinstance(body.get("rows"), list):
        body = {**body, "rows": body["rows"][:ROWS_LOOKED_AT]}
    wrong = next(validator.iter_errors(body), None)
    if wrong is None:
        return None
    place = ".".join(map(str, wrong.absolute_path)) or "message"
    return f"{topic}: {place}: {wrong.message[:200]}"


@cache
def can_check(folder: Path = FOLDER) -> bool:
    try:
        import jsonschema  # noqa: F401 - asked for here, and only here, whether it is there
    except ImportError:
        return False
    return folder.is_dir()


@cache
def _validator(folder: Path, name: str) -> Any:
    from jsonschema.validators import validator_for

    path = folder / f"{name}{ENDING}"
    if not path.is_file():
        return None
    schema = json.loads(path.read_text("utf-8"))
    return validator_for(schema)(schema)
