"""What the platform may lay over the site file: prices and planning, and limits that are narrower than the site's.

Devices, paths, secrets, names and the way to the platform are never laid over.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from agent.domain.desired import Overlay
from agent.domain.sentences import site_file as say
from agent.settings.checks import check
from agent.settings.schema import Settings

MOST_KEYS = 100
_KEY = re.compile(r"[a-z_]{1,40}(\.[a-z_]{1,40}){1,3}")
_FREE = re.compile(
    r"tariff\.(import|export)\.(?!(?:file|topic)$)[a-z_]+"
    r"|planning\.(step_s|horizon_h|valid_h)"
    r"|advice\.(worth_it|critical_load_w|outage_value_per_kwh)"
    r"|objective\.(cost_weight|carbon_weight|carbon_value_per_kg)"
    r"|carbon\.kg_per_kwh"
)
# A limit: whether less of it is narrower. None, where it may be, is no limit at all.
LIMITS: Mapping[str, bool] = {
    "connection.import_limit_w": True,
    "connection.export_limit_w": True,
    "battery.charge_w": True,
    "battery.discharge_w": True,
    "battery.soc_max_pct": True,
    "battery.ramp_w_per_s": True,
    "battery.soc_min_pct": False,
    "battery.reserve_pct": False,
}


class OverlayRefused(ValueError):
    """It may not be laid over the site file. ``str()`` names the key and the reason."""


def read_overlay(config: Mapping[str, Any]) -> Overlay:
    """Keys of the site file, nested as there or joined with dots, in their order. Raises OverlayRefused."""
    found: dict[str, str] = {}
    for key, value in _leaves(config, ""):
        if not _KEY.fullmatch(key):
            raise OverlayRefused(say.key_unknown())
        if key not in LIMITS and not _FREE.fullmatch(key):
            raise OverlayRefused(say.key_not_for_platform(key=key))
        if key in found:
            raise OverlayRefused(say.key_twice(key=key))
        found[key] = json.dumps(value, allow_nan=False)
        if len(found) > MOST_KEYS:
            raise OverlayRefused(say.keys_too_many(most=MOST_KEYS))
    return tuple(sorted(found.items()))


def overlaid(site: Settings, overlay: Overlay) -> Settings:
    """``site`` with ``overlay`` on it, checked as a site file is. Raises OverlayRefused, as where a limit is wider."""
    if not overlay:
        return site
    tree = json.loads(site.model_dump_json(by_alias=True, exclude_unset=True))  # the checks ask which keys are there
    before = {key: _value(tree, key) for key in LIMITS}
    for section in sorted({key.rsplit(".", 1)[0] for key, _ in overlay}):
        _lay(tree, section, {key.rsplit(".", 1)[1]: json.loads(text) for key, text in overlay if _in(key, section)})
    try:
        found = Settings.model_validate_json(json.dumps(tree))
    except (ValidationError, RecursionError) as error:
        raise OverlayRefused(_first(error)) from None
    wider = [key for key, less in LIMITS.items() if _is_wider(before[key], _value(tree, key), less)]
    if wider:
        raise OverlayRefused(say.key_wider(key=wider[0]))
    if wrong := check(found):
        key = ".".join(str(part) for part in wrong[0].key)
        raise OverlayRefused(f"{key} {wrong[0].reason}")
    return found


def _leaves(tree: Mapping[str, Any], place: str) -> Iterator[tuple[str, Any]]:
    for name, value in tree.items():
        key = f"{place}.{name}" if place else str(name)
        if isinstance(value, Mapping) and value and key.count(".") < 3:
            yield from _leaves(value, key)
        else:
            yield key, value


def _lay(tree: dict[str, Any], section: str, values: dict[str, Any]) -> None:
    """A tariff of another kind replaces the whole of the one before."""
    *above, name = section.split(".")
    for part in above:
        tree = tree[part]
    before = tree.get(name) or {}
    is_other_kind = values.get("kind", before.get("kind")) != before.get("kind")
    tree[name] = values if is_other_kind else before | values


def _in(key: str, section: str) -> bool:
    return key.rsplit(".", 1)[0] == section


def _value(tree: Any, key: str) -> Any:
    for part in key.split("."):
        tree = tree.get(part) if isinstance(tree, dict) else None
    return tree


def _is_wider(site: float | None, wanted: Any, less_is_narrower: bool) -> bool:
    if wanted is None or wanted == "none":
        return site is not None
    if site is None:
        return False
    return bool(wanted > site if less_is_narrower else wanted < site)


def _first(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return "it is nested too deeply"
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
