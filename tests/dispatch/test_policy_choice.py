"""Plan or rule for tomorrow: by what each would have earned, with a margin, and never for a single lucky day."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.dispatch.policy_choice import after_day
from agent.domain.policies import Policy, PolicyRecord
from agent.domain.wire import from_json, to_json

START = datetime(2026, 3, 1, tzinfo=UTC)
TABLE, RULE, BY_TIME = Policy.TABLE, Policy.SELF_CONSUMPTION, Policy.TIME_OF_USE


def after(
    days: list[tuple[float, float, float]], drawn: float = 0.0, begin: PolicyRecord | None = None
) -> list[Policy]:
    """Who steers on the day after each, by what (table, self-consumption, time of use) paid."""
    record, acting = begin or PolicyRecord(), []
    for number, (table, rule, by_time) in enumerate(days):
        costs = {TABLE: table, RULE: rule, BY_TIME: by_time}
        record = after_day(record, costs, START + timedelta(days=number + 1), drawn)
        acting.append(record.acting)
    return acting


def test_the_plan_steers_until_a_rule_has_earned_more_than_a_margin() -> None:
    assert PolicyRecord().acting is TABLE
    assert after([(1.0, 1.2, 3.0)] * 5) == [TABLE] * 5
    assert after([(1.0, 0.9, 3.0)] * 3)[-1] is RULE
    assert after([(1.0, 1.4, 0.8)] * 3)[-1] is BY_TIME


def test_of_two_rules_that_lead_the_one_that_leads_by_more_steers() -> None:
    assert after([(1.0, 0.9, 0.7)] * 6)[-1] is BY_TIME


def test_days_that_go_to_and_fro_change_nothing() -> None:
    assert set(after([(1.0, 0.5, 3.0), (1.0, 1.6, 3.0)] * 10)[1:]) == {TABLE}


def test_the_plan_comes_back_when_it_earns_more_again_and_not_at_once() -> None:
    acting = after([(1.0, 0.9, 3.0)] * 10 + [(1.0, 1.1, 3.0)] * 20)
    assert acting[9] is RULE
    assert acting[10] is RULE
    assert acting[-1] is TABLE


@given(st.lists(st.floats(-5.0, 5.0), min_size=1, max_size=60), st.floats(0.0, 0.999))
def test_whoever_steers_is_not_far_behind_the_plan(differences: list[float], drawn: float) -> None:
    """The order of the root of the number of days, whatever days come: here three times it."""
    acting, paid, size = TABLE, 0.0, max(abs(one) for one in differences)
    record = PolicyRecord()
    for one in differences:
        paid += one if acting is RULE else 0.0
        record = after_day(record, {TABLE: 0.0, RULE: one, BY_TIME: size}, START, drawn)
        acting = record.acting
    assert paid <= 3.0 * size * len(differences) ** 0.5 + 1e-9


def test_what_is_kept_comes_back_over_a_start() -> None:
    record = after_day(PolicyRecord(), {TABLE: 1.0, RULE: 0.5, BY_TIME: 2.0}, START, 0.3)
    assert from_json(PolicyRecord, to_json(record)) == record
    assert record.days == 1


@pytest.mark.parametrize("drawn", [0.0, 0.5, 0.999])
def test_the_draw_moves_the_margin_and_not_the_end(drawn: float) -> None:
    assert after([(1.0, 0.9, 3.0)] * 8, drawn)[-1] is RULE
