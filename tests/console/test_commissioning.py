"""The commissioning report as the API tells it: who let the agent steer, what each order came to, what is missing."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from agent.console.reading.commissioning import commissioning
from agent.domain.commissioning import Commissioning, Finding
from agent.domain.documents import COMMISSIONING
from agent.domain.sentence import named
from agent.domain.wire import to_json
from agent.settings.permit import accepted, permit_file, write_permit
from tests.console import commissioned
from tests.console.site import FIRST, ConsoleSite

REPORT = commissioned.report()
TEST = REPORT.tests[0]


def keep(site: ConsoleSite, report: Commissioning | None) -> None:
    with closing(sqlite3.connect(site.store)) as store:
        store.execute("DELETE FROM kept WHERE name = ?", (COMMISSIONING.name,))
        if report is not None:
            store.execute("INSERT INTO kept VALUES (?, 0, ?)", (COMMISSIONING.name, to_json(report)))
        store.commit()


def test_what_was_measured_is_told_with_the_worst_of_each(own: ConsoleSite) -> None:
    found = commissioning(own.source())
    assert (found["state"], found["locked"], found["permit"]["by"]) == ("passed", None, "A. Fitter")
    report = found["report"]
    assert [report[name] for name in ("dead_time_s", "ramp_w_per_s", "off_w", "meter_lag_s")] == [1.6, 466.0, 12.0, 2.6]
    assert report["at"] == "2025-04-30T10:30:00+01:00"
    steps = report["tests"][0]["steps"]
    assert [(step["order"], step["result"]) for step in steps] == [
        ("charge", "followed"), ("hold", "followed"), ("discharge", "limited"),
    ]  # fmt: skip
    traces = report["tests"][0]["traces"]
    assert traces["asked"] == {"at_s": [9.0, 39.0, 69.0, 99.0], "w": [-750.0, 0.0, 750.0, None]}
    assert len(traces["battery"]["at_s"]) == len(traces["battery"]["w"]) == len(TEST.battery)


def test_the_order_that_ended_the_test_has_failed(own: ConsoleSite) -> None:
    text = "inverter was told to discharge with 700 W and does 3 W: it does not follow"
    unmeasured = replace(TEST.steps[0], settled_w=None, off_w=None)
    test = replace(TEST, steps=(unmeasured, TEST.steps[1]), reversion=None, released="")
    keep(own, replace(REPORT, passed=False, findings=(Finding("does_not_follow", text, "inverter"),), tests=(test,)))
    permit_file(own.config).unlink()
    found = commissioning(own.source())
    assert found["state"] == "failed"
    assert "it has not been commissioned" in found["locked"]
    assert found["locked_by"] == "not_commissioned"
    assert found["permit"] is None
    told = found["report"]["tests"][0]
    assert [step["result"] for step in told["steps"]] == ["not_measured", "failed"]
    assert (told["reversion"], told["released"]) == (None, None)
    assert found["report"]["findings"] == [
        {"code": "does_not_follow", "device": "inverter", "stops": True, **named("text", text)}
    ]  # fmt: skip
    assert found["report"]["findings"][0]["text_code"] is None  # as an older agent has kept it


def test_what_was_found_comes_with_its_code_and_values(own: ConsoleSite) -> None:
    keep(own, REPORT)
    report = commissioning(own.source())["report"]
    (finding,) = report["findings"]
    assert (finding["text_code"], finding["text_values"]) == ("power_cut_untested", {"device": "inverter"})
    assert (report["ended_code"], report["ended_values"]) == ("ended_well", {})
    assert report["tests"][0]["released_values"] == {"device": "inverter", "settings": 3}


def test_the_word_of_a_person_is_no_test(own: ConsoleSite) -> None:
    keep(own, None)
    write_permit(own.config, accepted(own.settings, "installer", "the devices are simulated", FIRST))
    found = commissioning(own.source())
    assert (found["state"], found["report"]) == ("accepted", None)
    assert found["permit"]["reason"] == "the devices are simulated"


def test_before_anything_was_done_it_says_what_to_run(tmp_path: Path) -> None:
    site = ConsoleSite(tmp_path)
    permit_file(site.config).unlink()
    found = commissioning(site.source())
    assert (found["state"], found["report"], found["permit"]) == ("none", None, None)
    assert found["command"] == f"enalysis-edge commission --config {site.config.name}"


def test_what_keeps_the_agent_from_steering_has_a_word(own: ConsoleSite) -> None:
    usual = own.source()
    observing = usual.settings.model_copy(
        update={"control": usual.settings.control.model_copy(update={"mode": "observe"})}
    )
    assert commissioning(replace(usual, settings=observing))["locked_by"] == "observe_mode"
    write_permit(own.config, replace(commissioned.permit(own.settings), devices=("another one",)))
    found = commissioning(usual)
    assert (found["locked_by"], found["locked_code"]) == ("device_changed", "commissioned_other")
    permit_file(own.config).write_text("{")
    found = commissioning(usual)
    assert (found["locked_by"], found["state"]) == ("permit_unusable", "none")
