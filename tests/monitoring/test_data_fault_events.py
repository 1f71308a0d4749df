"""A doubted stretch is told once, however often and however long it comes."""

from dataclasses import replace
from datetime import timedelta

from agent.domain.alarms import EventKind
from agent.domain.plan import Plan
from agent.domain.suspect import DATA_FAULT, UNUSUAL, Suspect
from agent.monitoring.data_fault_events import DataFaultEvents
from tests.cycles.control_stage import plan

PLAN = plan(0.2)
NOW = PLAN.issued_at


def suspect(from_h: float, to_h: float, kind: str = DATA_FAULT, quantity: str = "load_w") -> Suspect:
    start, end = NOW + timedelta(hours=from_h), NOW + timedelta(hours=to_h)
    return Suspect(quantity, start, end, kind, f"{quantity} is strange")


def planned(*suspects: Suspect, days: float = 50.0) -> Plan:
    return replace(PLAN, suspects=suspects, examined_from=NOW - timedelta(days=days))


def test_each_stretch_is_news_once_while_it_lasts() -> None:
    data_faults = DataFaultEvents()
    ((kind, severity, sentence),) = data_faults.news(planned(suspect(-3, -1)))
    assert (kind, severity) == (EventKind.DATA_FAULT, "warning")
    assert sentence.endswith(" UTC: load_w is strange")
    assert data_faults.news(planned(suspect(-3, -1))) == []
    assert data_faults.news(planned(suspect(-3, 0))) == [], "it goes on"
    assert data_faults.news(planned()) == []
    assert data_faults.news(planned(suspect(-3, 0))) == [], "a doubt that comes and goes"
    assert len(data_faults.news(planned(suspect(-3, 0), suspect(-20, -15)))) == 1
    assert len(data_faults.news(planned(suspect(-3, 0, quantity="pv_w")))) == 1
    assert [event[0] for event in data_faults.news(planned(suspect(-3, 0, UNUSUAL)))] == [EventKind.UNUSUAL_LOAD]


def test_what_the_store_has_is_no_news() -> None:
    data_faults = DataFaultEvents()
    data_faults.recall([suspect(-3, -1)])
    assert data_faults.news(planned(suspect(-3, 0))) == []


def test_the_first_look_at_an_old_history_is_counted() -> None:
    old = [suspect(-24 * day - 5, -24 * day) for day in range(10, 30)]
    events = DataFaultEvents().news(planned(*old, suspect(-200, -190, UNUSUAL), suspect(-2, -1)))
    assert [severity for _, severity, _ in events] == ["warning", "info", "info"]
    assert [text for _, _, text in events[1:]] == [
        "older measurements that are not believed: 20",
        "older measurements that are unusual: 1",
    ]


def test_flags_are_handed_over_when_they_change() -> None:
    data_faults = DataFaultEvents()
    first = data_faults.flags(planned())
    assert first is not None, "what is in the store from before may have been wrong"
    assert first.suspects == ()
    assert data_faults.flags(planned()) is None
    second = data_faults.flags(planned(suspect(-3, -1)))
    assert second is not None
    assert second.since == NOW - timedelta(days=50)
    assert data_faults.flags(planned(suspect(-3, -1), days=49)) is None


def test_a_plan_that_examined_nothing_changes_nothing() -> None:
    data_faults = DataFaultEvents()
    silent = replace(PLAN, suspects=(suspect(-3, -1),), examined_from=None)
    assert data_faults.news(silent) == []
    assert data_faults.flags(silent) is None
