"""The newest of everything, one writer each. Reading needs no lock: one event loop, frozen values."""

from dataclasses import dataclass

from agent.domain.advisory import Advisory
from agent.domain.battery import Battery
from agent.domain.paired_trial import Schedule
from agent.domain.plan import Plan
from agent.domain.setpoint import Outcome, Setpoint
from agent.domain.site import SiteState


@dataclass(slots=True)
class Latest:
    """``state``, ``setpoint``, ``battery`` and ``outcome`` are written by control.

    ``plan`` is written by planning, the link by sync. ``advice`` are the recommendations that are open, the largest
    saving first; None before the book was opened.
    """

    state: SiteState | None = None
    plan: Plan | None = None
    plan_failure: str | None = None
    setpoint: Setpoint | None = None
    battery: Battery | None = None  # what of it can be steered now
    outcome: Outcome | None = None
    connected: bool = False
    link_trouble: str | None = None
    clock_doubt: str | None = None  # why the time is not trusted, written by the cycle that keeps it
    comparison: Schedule | None = None  # of optimiser and rule, written by the cycle of that name
    advice: tuple[Advisory, ...] | None = None
