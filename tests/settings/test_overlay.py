"""What the platform may lay over a site file: no limit is ever wider, and nothing else is touched."""

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.settings.load import load
from agent.settings.overlay import LIMITS, OverlayRefused, overlaid, read_overlay
from agent.settings.schema import Settings
from tests.security.items import security
from tests.site_files import TEXT, written


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return load(written(tmp_path_factory.mktemp("site"), TEXT))


def laid(site: Settings, config: dict[str, Any]) -> Settings:
    return overlaid(site, read_overlay(config))


@pytest.mark.parametrize(
    ("config", "key", "value"),
    [
        ({"connection": {"import_limit_w": 9000}}, "connection.import_limit_w", 9000.0),
        ({"connection.export_limit_w": 0}, "connection.export_limit_w", 0.0),
        ({"battery": {"soc_min_pct": 12.5}}, "battery.soc_min_pct", 12.5),
        ({"battery.ramp_w_per_s": 500}, "battery.ramp_w_per_s", 500.0),
        ({"battery.reserve_pct": 20}, "battery.reserve_pct", 20.0),
        ({"planning.horizon_h": 24}, "planning.horizon_h", 24),
        ({"tariff": {"import": {"default_per_kwh": 0.31}}}, "tariff.bought.default_per_kwh", 0.31),
        ({"tariff.export": {"kind": "flat", "price_per_kwh": 0.1}}, "tariff.sold.price_per_kwh", 0.1),
        ({"tariff.import": {"kind": "list"}}, "tariff.bought.kind", "list"),
        ({"objective": {"carbon_weight": 0.0}}, "objective.carbon_weight", 0.0),
    ],
)
def test_what_may_be_changed_is(site: Settings, config: dict[str, Any], key: str, value: object) -> None:
    found: Any = laid(site, config)
    for part in key.split("."):
        found = getattr(found, part)
    assert found == value


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ({"connection.import_limit_w": 17001}, "connection.import_limit_w would be wider than the site file's"),
        ({"connection.import_limit_w": "none"}, "connection.import_limit_w would be wider than the site file's"),
        ({"battery": {"charge_w": 5001}}, "battery.charge_w would be wider than the site file's"),
        ({"battery.soc_min_pct": 9.9}, "battery.soc_min_pct would be wider than the site file's"),
        ({"battery.reserve_pct": 0}, "battery.reserve_pct would be wider than the site file's"),
        ({"battery.soc_min_pct": 96}, "soc_min_pct"),
        ({"battery.usable_wh": 9000}, "battery.usable_wh is not for the platform to change"),
        ({"cloud": {"host": "elsewhere"}}, "cloud.host is not for the platform to change"),
        ({"tariff.import": {"kind": "list", "file": "/etc/passwd"}}, "tariff.import.file is not for the platform"),
        ({"device": [{"host": "10.0.0.1"}]}, "a key is none of the site file"),
        ({"tariff.import": {"default_per_kwh": 28}}, "tariff.import.default_per_kwh"),
        ({"planning": {"horizon_h": 1.5}}, "planning.horizon_h"),
        ({"tariff.import.default_per_kwh": 0.3, "tariff": {"import": {"default_per_kwh": 0.4}}}, "there twice"),
    ],
)
def test_what_may_not_be_changed_is_refused_with_its_key(site: Settings, config: dict[str, Any], why: str) -> None:
    with pytest.raises(OverlayRefused, match=re.escape(why)):
        laid(site, config)


NUMBERS = st.one_of(st.integers(-10, 40_000), st.floats(-10.0, 40_000.0), st.sampled_from([0, 1e300, 2**70]))
VALUES = st.one_of(NUMBERS, st.none(), st.booleans(), st.sampled_from(["none", "flat", "list", "/x"]), st.just([]))
KEYS = st.one_of(
    st.sampled_from(sorted(LIMITS)),
    st.sampled_from(["tariff.import.kind", "tariff.import.price_per_kwh", "tariff.export.price_per_kwh"]),
    st.sampled_from(["planning.horizon_h", "carbon.kg_per_kwh", "advice.worth_it"]),
    st.sampled_from(["connection.failsafe_after_s", "battery.usable_wh", "site.id", "cloud.host", "store.path"]),
)
MAY_CHANGE = re.compile(r"tariff|planning\.(step_s|horizon_h|valid_h)|advice|objective|carbon|" + "|".join(LIMITS))


def leaves(tree: Any, place: str = "") -> dict[str, Any]:
    if not isinstance(tree, dict):
        return {place: tree}
    found: dict[str, Any] = {}
    for name, value in tree.items():
        found |= leaves(value, f"{place}.{name}" if place else name)
    return found


@security(5, shows="property: no desired configuration widens a limit or touches what is not its own")
@settings(max_examples=400, deadline=None)
@given(config=st.dictionaries(KEYS, VALUES, min_size=1, max_size=4))
def test_no_limit_is_ever_wider_and_nothing_else_is_touched(site: Settings, config: dict[str, Any]) -> None:
    try:
        found = laid(site, config)
    except OverlayRefused:
        return
    before, after = (leaves(json.loads(one.model_dump_json(by_alias=True))) for one in (site, found))
    for key, less_is_narrower in LIMITS.items():
        old, new = before[key], after[key]
        if old is not None:
            assert new is not None
            assert new <= old if less_is_narrower else new >= old
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    assert {key for key in changed if not MAY_CHANGE.match(key)} == set()
    assert found.devices == site.devices
