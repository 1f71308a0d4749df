"""The table is the only source of words: each is stable, and nobody else makes or writes one."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import agent
from agent.domain.alarms import AlarmKind, EventKind, Subject, full_word

HOUSE = Path(agent.__file__).parent
TABLE = HOUSE / "domain" / "alarms.py"
KNOWN_TO_PLATFORMS = {
    "advice", "advice_answered", "advice_lost", "advice_outcome", "advice_refused", "battery_limited",
    "battery_power_missing", "battery_swings", "grid_power_missing",
    "certificate_ends", "clock_stepped", "clock_untrusted", "comparison", "counter_reset", "data_fault", "device_lost",
    "disk_full", "document_refused", "foreign_master", "frozen", "grid_limit_lost", "ledger_failed", "link_down",
    "message_refused", "meter_contradicts", "meter_lag", "meter_late", "model_trial", "no_control", "no_plan",
    "no_reversion_timer", "peak_unknown", "persistent_writes", "records_lost", "row_skipped", "rows_lost",
    "same_site_id", "self_test_failed", "setpoint_failed", "settings_changed", "soc_jump", "soc_missing", "started",
    "steering_not_kept", "stopped", "store_failed", "store_replaced", "trial_failed", "unusual_load", "upload_refused",
    "write_budget",
}  # fmt: skip


def calls() -> Iterator[tuple[str, str, ast.Call]]:
    """File, name of the method and call, of every call of a method in the production code."""
    for path in sorted(HOUSE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                yield str(path.relative_to(HOUSE)), node.func.attr, node


def test_no_word_that_platforms_know_is_gone_or_stands_twice() -> None:
    words = [kind.value for kind in (*AlarmKind, *EventKind)]
    assert set(words) >= KNOWN_TO_PLATFORMS
    assert len(words) == len(set(words))


@pytest.mark.parametrize("kind", AlarmKind)
def test_every_alarm_says_in_one_sentence_what_to_check(kind: AlarmKind) -> None:
    assert kind.check.endswith(".")
    assert 20 <= len(kind.check) <= 120
    assert kind.check.count(". ") == 0


def test_every_kind_of_the_table_is_raised_somewhere() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in HOUSE.rglob("*.py") if path != TABLE)
    for kind in (*AlarmKind, *EventKind):
        assert f"{type(kind).__name__}.{kind.name}" in code, f"{kind.name} is in the table and nobody raises it"


def test_no_caller_writes_a_word_by_itself() -> None:
    raised = [(place, name, call) for place, name, call in calls() if name in ("alarm", "note") and len(call.args) >= 2]
    found = [(place, call) for place, _, call in raised if any(_is_a_text(one) for one in call.args[:1])]
    assert [place for place, _ in found] == []
    assert len(raised) >= 40, "the walk sees the call sites"
    makers = {place for place, name, _ in calls() if name in ("event", "judge")}
    assert makers == {"cycles/alarms.py", "recording/pending_writes.py"}, "one door"


def _is_a_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


@pytest.mark.parametrize(
    ("subject", "named", "unnamed"),
    [(Subject.SITE, False, True), (Subject.DEVICE, True, False), (Subject.BATTERY, True, True),
     (Subject.PART, True, False)],
)  # fmt: skip
def test_what_may_follow_a_word(subject: Subject, named: bool, unnamed: bool) -> None:
    assert (subject.fits("meter"), subject.fits("")) == (named, unnamed)


def test_a_word_and_its_subject() -> None:
    assert full_word(AlarmKind.DEVICE_LOST, "meter") == "device_lost/meter"
    assert full_word(EventKind.STARTED, "") == "started"
    with pytest.raises(ValueError, match="device_lost of ''"):
        full_word(AlarmKind.DEVICE_LOST, "")
    with pytest.raises(ValueError, match="no_plan of 'meter'"):
        full_word(AlarmKind.NO_PLAN, "meter")
    with pytest.raises(ValueError, match="made_up"):
        AlarmKind("made_up")
