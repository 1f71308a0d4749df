"""One site as Home Assistant is shown it, and what is known of it."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from agent.domain.setpoint import Rung, Setpoint
from agent.domain.site import Measured, SiteState
from agent.home_assistant.discovery import Household
from agent.home_assistant.states import Known
from agent.site_view import SiteView

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")
HOME = Household("home-1", "Home 1", "GBP", "0.1.0", "homeassistant", has_solar=True, commands=False, most_w=8000.0)
ORDERED = replace(HOME, commands=True)
STATE = SiteState(NOON, Measured(1234.4), Measured(2500.0), Measured(-0.4), Measured(3734.0), Measured(61.25))
SETPOINT = Setpoint(NOON, -500.0, 60.0, Rung.PLAN, "charging: stored energy is worth 0.310/kWh")


def known(view: SiteView | None = None, **changes: Any) -> Known:
    """With state and setpoint of noon unless ``view`` says otherwise."""
    found = Known(view or SiteView(state=STATE, setpoint=SETPOINT), NOON, LONDON)
    return replace(found, **changes)
