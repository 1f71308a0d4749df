"""What a power at the connection point costs, curtailment chosen best: for value table and forward pass."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from agent.domain.plan import RAISING_SHARE
from agent.planning.planning_terms import LIMIT_MULTIPLE, Floats, PlanningTerms


def negative_prices(terms: PlanningTerms) -> bool:
    return bool((terms.import_price < 0).any() or (terms.export_price < 0).any())


@dataclass(frozen=True, slots=True)
class Rates:
    """Prices and limits of some steps, to broadcast with flows; import above each threshold, kW, of ``peaks`` costs so
    many money per kWh more.
    """

    import_price: Floats
    export_price: Floats
    import_limit_kw: Floats
    export_limit_kw: Floats
    peaks: tuple[tuple[Floats, Floats], ...] = ()

    @classmethod
    def of(cls, terms: PlanningTerms, place: Any) -> "Rates":
        """``place`` indexes the steps: a step, or ``(slice(None), None)`` to broadcast over more."""
        prices = terms.import_price[place], terms.export_price[place]
        limits = terms.import_limit_kw[place], terms.export_limit_kw[place]
        peaks = ((one.threshold_kw[place], RAISING_SHARE * one.per_kw[place] / one.interval_h) for one in terms.peaks)
        return cls(*prices, *limits, tuple(peaks))


def flow_cost(terms: PlanningTerms, flow_kw: Floats, rates: Rates) -> Floats:
    """Money per hour of a flow at the connection (positive imports), limits priced softly."""
    cost = np.where(flow_kw > 0.0, rates.import_price, rates.export_price) * flow_kw
    penalty = LIMIT_MULTIPLE * terms.top_price
    if terms.limits_import:
        cost += penalty * np.maximum(flow_kw - rates.import_limit_kw, 0.0)
    if terms.limits_export:
        cost += penalty * np.maximum(-flow_kw - rates.export_limit_kw, 0.0)
    for threshold_kw, over_per_kwh in rates.peaks:
        cost += over_per_kwh * np.maximum(flow_kw - threshold_kw, 0.0)
    return cost


def best_curtailment(
    terms: PlanningTerms, uncurtailed_kw: Floats, pv_kw: Floats, rates: Rates
) -> tuple[Floats, Floats]:
    """(money per hour, curtailed kW) for a flow before curtailment; all arguments broadcast together.

    The cost is piecewise linear in the curtailed power, so one of its corners is best: nothing, all, down to a flow of
    zero, down to the export limit.
    """
    uncurtailed_kw, pv_kw = np.broadcast_arrays(uncurtailed_kw, pv_kw)
    best_cost = flow_cost(terms, uncurtailed_kw, rates)
    best = np.zeros_like(best_cost)
    corners = []
    if terms.curtailable and negative_prices(terms):
        corners += [pv_kw, np.clip(-uncurtailed_kw, 0.0, pv_kw)]
    if terms.curtailable and terms.limits_export:
        corners.append(np.clip(-uncurtailed_kw - rates.export_limit_kw, 0.0, pv_kw))
    for corner in corners:
        cost = flow_cost(terms, uncurtailed_kw + corner, rates)
        better = cost < best_cost
        best_cost = np.where(better, cost, best_cost)
        best = np.where(better, corner, best)
    return best_cost, best
