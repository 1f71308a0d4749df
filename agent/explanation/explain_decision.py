"""Why a setpoint was given, in one sentence. Without numpy: the controller may load it."""

from agent.domain.battery import Battery
from agent.domain.records import DecisionRow
from agent.domain.setpoint import Rung
from agent.domain.site import Connection
from agent.explanation.limits import reached_now


def explain_decision(
    decision: DecisionRow, grid_w: float | None, soc_pct: float | None, battery: Battery, connection: Connection
) -> str:
    """Why a setpoint was given: the fast loop's reason, the limit it stands at, and what the device made of it.

    ``grid_w`` (> 0 imports) and ``soc_pct`` are what was measured then, None where nothing was.
    """
    parts = [decision.reason]
    if decision.battery_w is not None and decision.rung is not Rung.RELEASE:
        limit = reached_now(decision.battery_w, soc_pct, grid_w, battery, connection)
        parts.append("no limit binds" if limit is None else f"{limit.value} binds")
    if decision.outcome not in ("applied", "held"):
        parts.append(f"the device: {decision.outcome}{f', {decision.detail}' if decision.detail else ''}")
    return "; ".join(parts)
