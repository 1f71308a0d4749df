"""Pydantic's errors become findings: what is wrong in the installer's words, and what would be right."""

import json
import math
from collections.abc import Mapping
from datetime import date
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from agent.settings.problems import Finding, Key
from agent.settings.schema_lookup import Catalogue, Node, value_at
from agent.settings.words import SECRETS, key_in_another_unit, nearest, number, number_in_another_unit

MISSING = "is missing"
EXAMPLE = "config/site.example.toml shows every key"
_EXPECTED = {
    "float_type": "a number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "string_type": "text in quotation marks",
    "bool_type": "true or false",
    "list_type": "a list in square brackets",
    "date_type": "a date",
    "date_from_datetime_inexact": "a date without a time",
    "model_type": "a section",
    "model_attributes_type": "a section",
    "dict_type": "a table",
}


def findings(error: ValidationError, tables: Mapping[str, Any], catalogue: Catalogue) -> list[Finding]:
    """One finding for each mistake. A key that is there, but misspelt, is not said to be missing as well."""
    found = [_finding(detail, tables, catalogue) for detail in error.errors(include_url=False)]
    meant = {finding.meant for finding in found}
    return [finding for finding in found if finding.key not in meant or finding.reason != MISSING]


def shown(value: Any) -> str:
    """A value as it is written in a site file, cut to a readable length."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        text = json.dumps(value, ensure_ascii=False)
    elif isinstance(value, list):
        text = f"[{', '.join(shown(item) for item in value[:5])}]"
    else:
        text = "a table" if isinstance(value, dict) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _finding(detail: ErrorDetails, tables: Mapping[str, Any], catalogue: Catalogue) -> Finding:
    kind, context = detail["type"], detail.get("ctx", {})
    key = _key(detail["loc"], tables, kind)
    if kind == "missing":
        key = _innermost(key, catalogue)
    node = catalogue.node(key)
    if key and isinstance(key[-1], int):  # an item of a list is described where the list is
        node = {"description": catalogue.node(key[:-1]).get("description", ""), **node}
    value = value_at(tables, key)
    match kind:
        case "missing":
            return Finding(key, MISSING, _addition(key, node, catalogue))
        case "extra_forbidden":
            return _unknown(key, value, catalogue)
        case "union_tag_not_found" | "union_tag_invalid":
            if not isinstance(value, dict):
                return Finding(key, "must be a section", EXAMPLE)
            words = ", ".join(shown(word) for word in node.get("kinds", ()))
            reason = f"is {shown(value['kind'])}, which is no kind of tariff" if "kind" in value else MISSING
            return Finding((*key, "kind"), reason, f"it is one of {words}")
        case "literal_error":
            return Finding(key, *_word(value, node))
        case "string_pattern_mismatch":
            return Finding(key, f"is {shown(value)}, which cannot be", _description(node))
        case "too_short":
            return Finding(key, "is an empty list", _description(node))
        case "too_long":
            return Finding(key, f"has more than {context.get('max_length')} entries", "leave some out")
        case "finite_number":
            return Finding(key, f"is {value}, which is not a finite number", _description(node))
    if kind in _EXPECTED:
        return Finding(key, f"is {shown(value)}: it must be {_EXPECTED[kind]}", _as_type(key, kind, value, node))
    if kind.startswith(("greater_than", "less_than")) and type(value) in (int, float):
        return Finding(key, *_range(key, value, node))
    return Finding(key, f"is {shown(value)}, which cannot be", _description(node))


def _key(loc: tuple[int | str, ...], tables: Any, kind: str) -> Key:
    """The location without pydantic's own words (the kind of a tariff, the arm of a union)."""
    key: Key = ()
    for index, part in enumerate(loc):
        is_last = index == len(loc) - 1
        if value_at(tables, (*key, part)) is not None or (is_last and kind == "missing"):
            key = (*key, part)
    return key


def _innermost(key: Key, catalogue: Catalogue) -> Key:
    """The section that must be written where ``key`` is missing: [tariff.import] for tariff."""
    required = catalogue.node(key).get("required", ())
    inner = (*key, required[0]) if len(required) == 1 else ()
    return inner if inner and catalogue.header(key) and catalogue.header(inner) else key


def _description(node: Node) -> str:
    if not node.get("description"):
        return EXAMPLE
    example = f", such as {shown(node['examples'][0])}" if node.get("examples") else ""
    return f"expected: {node['description']}{example}"


def _addition(key: Key, node: Node, catalogue: Catalogue) -> str:
    if catalogue.header(key):
        return f"add this section: {node.get('description', '')}; {EXAMPLE}".replace(": ;", ";")
    if node.get("examples"):
        return f"add for example {key[-1]} = {shown(node['examples'][0])} ({node['description']})"
    return f"add it; {_description(node)}"


def _unknown(key: Key, value: Any, catalogue: Catalogue) -> Finding:
    """The value is never shown: it may be a secret."""
    written, section = str(key[-1]), key[:-1]
    if written.lower() in SECRETS:
        remedy = "put it alone in a file that only the service can read, and name that file in [cloud] password_file"
        return Finding(key, "is a secret, which does not belong in this file", remedy)
    known = list(catalogue.keys(section))
    reason = "is not a key of this section" if section else "is not a section of a site file"
    in_unit = key_in_another_unit(written, value, known)
    if in_unit:
        return Finding(key, reason, in_unit[1], (*section, in_unit[0]))
    elsewhere = [header for header in catalogue.sections_with(written) if header != catalogue.header(section)]
    if elsewhere:
        return Finding(key, reason, f"it belongs in {' or '.join(elsewhere)}")
    near = nearest(written, known)
    if near:
        return Finding(key, reason, f"did you mean {near}?", (*section, near))
    return Finding(key, reason, f"known here: {', '.join(known)}")


def _word(value: Any, node: Node) -> tuple[str, str]:
    words = _choices(node)
    near = nearest(value, [word for word in words if isinstance(word, str)]) if isinstance(value, str) else None
    hint = f"did you mean {shown(near)}? " if near else ""
    return f"is {shown(value)}", f"{hint}it is one of {', '.join(shown(word) for word in words)}"


def _choices(node: Node) -> list[Any]:
    words = [*node.get("enum", ()), *([node["const"]] if "const" in node else ())]
    for arm in node.get("anyOf", ()):
        words += _choices(arm)
    return words


def _as_type(key: Key, kind: str, value: Any, node: Node) -> str:
    if kind in ("float_type", "int_type", "int_from_float"):
        if isinstance(value, str):
            return _number_in_text(value) or _description(node)
        if isinstance(value, float) and value.is_integer() and math.isfinite(value):
            return f"write {number(value)}"
    if kind == "string_type" and type(value) in (int, float):
        return f'write "{value}"'
    if kind == "model_type" and isinstance(value, list):
        return f"write [{'.'.join(str(part) for part in key)}] in single brackets, once"
    if kind == "list_type" and isinstance(value, dict):
        return f"write [[{'.'.join(str(part) for part in key)}]] in double brackets"
    if kind == "list_type" and type(value) in (int, float, str, date):
        return f"write {key[-1]} = [{shown(value)}]"
    if kind == "date_type" and isinstance(value, str):
        return f"write it without quotation marks: {value[:10]}"
    return _description(node)


def _number_in_text(text: str) -> str | None:
    """What ``"5000"``, ``"5 kW"`` and ``"0,28"`` should have been."""
    digits = text.strip().replace(",", ".")
    for unit, factor in (("MWh", 1e6), ("kWh", 1e3), ("Wh", 1), ("MW", 1e6), ("kW", 1e3), ("W", 1), ("%", 1), ("", 1)):
        if digits.lower().endswith(unit.lower()):
            try:
                found = float(digits[: len(digits) - len(unit)].strip()) * factor
            except ValueError:
                continue
            return f"write {number(found)}, without quotation marks" if math.isfinite(found) else None
    return None


def _range(key: Key, value: float, node: Node) -> tuple[str, str]:
    arms = [node, *node.get("anyOf", ())]
    low = next((arm[word] for arm in arms for word in ("minimum", "exclusiveMinimum") if word in arm), -math.inf)
    high = next((arm[word] for arm in arms for word in ("maximum", "exclusiveMaximum") if word in arm), math.inf)
    name = next(str(part) for part in reversed(key) if isinstance(part, str))
    above = any("exclusiveMinimum" in arm for arm in arms)
    least = f"more than {number(low)}" if above else f"at least {number(low)}"
    bounds = least if value < low or (above and value == low) else f"at most {number(high)}"
    guess = number_in_another_unit(name, value, low, high)
    return f"is {shown(value)}: it must be {bounds}", guess or _description(node)
