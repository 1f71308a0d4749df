"""Plan or rule: which of them steers tomorrow, by what each would have earned on the days that have passed. Pure.

Each rule is weighed against the table alone: by what it would have earned more, on batteries of their own, in the last
weeks. It is followed where that is more than a margin, and the one that leads by most is taken: the perturbed leader
with prior weights, whose perturbation is drawn once (M. Hutter and J. Poland, "Adaptive online prediction by following
the perturbed leader", Journal of Machine Learning Research 6, 2005; A. Kalai and S. Vempala, "Efficient algorithms for
online decision problems", Journal of Computer and System Sciences 71, 2005, for why the leader changes seldom).

What is lost to the better of a pair over n days is in expectation at most of the order of the root of n times the
typical difference of a day, whatever days come; where one of the two is better day after day it is a few days' worth.
The expectation is over the perturbation, and weather must not depend on what is chosen.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from agent.domain.policies import Policy, PolicyRecord, RuleRecord

MEMORY_DAYS = 28.0  # a day that long ago counts a third
# In roots of the summed squares of the daily differences (one day alone makes 1, n equal days make the root of n):
# how far a rule must lead to be followed, how wide the draw below that is, and how much less it may lead afterwards.
MARGIN, DRAWN_WIDTH, RETURNS = 1.2, 0.04, 0.4


def after_day(record: PolicyRecord, costs: Mapping[Policy, float], ended: datetime, drawn: float) -> PolicyRecord:
    """The record with one more day, of which ``costs`` says what each policy would have paid, stored energy counted.

    ``drawn`` is a number in 0..1 (1 excluded) that belongs to the site and stays.
    """
    keep = 1.0 - 1.0 / MEMORY_DAYS
    rules = tuple(_with(rule, costs[Policy.TABLE] - costs[rule.rule], keep) for rule in record.rules)
    acting = _leader(record.acting, rules, drawn)
    changed = acting is not record.acting
    return replace(record, acting=acting, since=ended if changed else record.since, days=record.days + 1, rules=rules)


def _with(record: RuleRecord, earned: float, keep: float) -> RuleRecord:
    return replace(record, earned=keep * record.earned + earned, squares=keep * keep * record.squares + earned * earned)


def _leader(acting: Policy, rules: tuple[RuleRecord, ...], drawn: float) -> Policy:
    """The rule that leads by most beyond its margin, the table where none does."""
    best, ahead = Policy.TABLE, 0.0
    for one in rules:
        margin = MARGIN + DRAWN_WIDTH * math.log1p(-drawn) - (RETURNS if one.rule is acting else 0.0)
        lead = one.earned - margin * math.sqrt(one.squares)
        if lead > ahead:
            best, ahead = one.rule, lead
    return best
