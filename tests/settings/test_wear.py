"""The wear of the battery in the site file: by power, by depth, and what cannot be meant."""

from pathlib import Path

import pytest

from agent.domain.battery import Battery
from agent.settings.load import load
from tests.site_files import changed, problems, written

DEEP = "deep_wear_per_kwh = 0.05\n"
CHARGED = "[demand_charge]\nper_kw = 9\ninterval_minutes = 60\n"


def with_wear(lines: str, sections: str = "") -> str:
    return changed("reserve_pct = 20\n", f"reserve_pct = 20\n{lines}").replace("[cloud]", f"{sections}[cloud]")


def wear_of(battery: Battery) -> tuple[float, float, float]:
    return battery.wear_above_half_per_kwh, battery.deep_wear_per_kwh, battery.deep_below_pct


def test_every_key_arrives_and_none_is_needed(tmp_path: Path) -> None:
    text = with_wear(f"wear_above_half_per_kwh = 0.03\n{DEEP}deep_below_pct = 30\n")
    assert wear_of(load(written(tmp_path, text)).battery_spec()) == (0.03, 0.05, 30.0)
    assert wear_of(load(written(tmp_path, with_wear(""))).battery_spec()) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("lines", "sections", "key", "reason"),
    [
        (DEEP, "", "deep_wear_per_kwh", "without deep_below_pct"),
        (f"{DEEP}deep_below_pct = 0.3\n", "", "deep_below_pct", "is 0.3"),
        (f"{DEEP}deep_below_pct = 10\n", "", "deep_below_pct", "not between soc_min_pct (10) and soc_max_pct (95)"),
        (f"{DEEP}deep_below_pct = 95\n", "", "deep_below_pct", "not between"),
        (f"{DEEP}deep_below_pct = 130\n", "", "deep_below_pct", "130"),
        ("deep_wear_per_kwh = 5\ndeep_below_pct = 30\n", "", "deep_wear_per_kwh", "more than anybody pays"),
        ("wear_above_half_per_kwh = 5\n", "", "wear_above_half_per_kwh", "more than anybody pays"),
        ("wear_above_half_per_kwh = -1\n", "", "wear_above_half_per_kwh", "-1"),
        (f"{DEEP}deep_below_pct = 30\n", CHARGED, "deep_wear_per_kwh", "does not know what depth costs"),
    ],
)
def test_what_cannot_be_meant_is_said(tmp_path: Path, lines: str, sections: str, key: str, reason: str) -> None:
    found = problems(tmp_path, with_wear(lines, sections))
    assert [problem.key for problem in found] == [f"[battery] {key}"]
    assert reason in found[0].reason
    assert found[0].remedy


def test_power_and_a_demand_charge_go_together(tmp_path: Path) -> None:
    assert problems(tmp_path, with_wear("wear_above_half_per_kwh = 0.03\ndeep_below_pct = 30\n", CHARGED)) == ()
