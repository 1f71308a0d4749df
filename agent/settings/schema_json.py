"""Writes config/site.schema.json, from which editors know the site file: ``python -m agent.settings.schema_json``."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from agent.settings.load import schema

FILE = Path(__file__).resolve().parents[2] / "config" / "site.schema.json"


def schema_text() -> str:
    """The schema as the file has it."""
    found = {"$schema": "https://json-schema.org/draft/2020-12/schema", **_for_toml(schema()), "title": "Site file"}
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def _for_toml(node: Any) -> Any:
    """TOML has no null: such choices and defaults are left out. So are titles that only repeat the key."""
    if isinstance(node, list):
        return [_for_toml(item) for item in node if item != {"type": "null"}]
    if not isinstance(node, dict):
        return node
    plain = {name: _for_toml(value) for name, value in node.items() if not _is_noise(name, value)}
    if len(plain.get("anyOf", ())) == 1:
        (only,) = plain.pop("anyOf")
        plain = {**only, **plain}
    return plain


def _is_noise(name: str, value: Any) -> bool:
    return (name == "default" and value is None) or (name == "title" and isinstance(value, str))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m agent.settings.schema_json", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--write", action="store_true", help="write the file")
    what.add_argument("--check", action="store_true", help="end with code 1 when the file is not up to date")
    parser.add_argument("--file", type=Path, default=FILE)
    asked = parser.parse_args(arguments)
    if asked.write:
        asked.file.write_text(schema_text(), "utf-8")
        return 0
    if asked.file.is_file() and asked.file.read_text("utf-8") == schema_text():
        return 0
    print(f"{asked.file} is not up to date: run python -m agent.settings.schema_json --write", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
